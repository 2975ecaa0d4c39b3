"""What `after` may be: the `next` of an earlier page, and nothing else."""


class UnknownPage(ValueError):  # noqa: N818 - a word for the caller, not a suffix
    """This text was never the `next` of such a page."""
