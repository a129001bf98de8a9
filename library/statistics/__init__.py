"""Statistics: national series and targets, each with its source and date."""
