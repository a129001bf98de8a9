"""Selection: how the ministry finds the best cases of a call."""
