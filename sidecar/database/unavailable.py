"""Raised where the database gives no answer."""


class Unavailable(Exception):  # noqa: N818  an outcome: the caller gets no answer, and the edge says "not now"
    """The database gives no answer. Without one nobody gets a code, a token or, after a while, in. It never quotes the database."""
