"""What can be wrong with an index. Nothing that a reader types into a search box is an error."""


class IndexMissing(Exception):
    """No index has been built here yet."""


class IndexBroken(Exception):
    """The index cannot be trusted: damaged, incomplete or written in another form. Rebuild it."""
