"""Raised where rows make no sense."""


class UnsoundRowError(Exception):
    """Somebody wrote past the sidecar what can't be read: whom it is about gets nowhere. The message repeats nothing but names."""


UNREADABLE = (ValueError, TypeError, AttributeError, ArithmeticError, RecursionError)
"""What comes of reading such a row: SQLite takes anything for JSON, a moment, a flag or a text."""
