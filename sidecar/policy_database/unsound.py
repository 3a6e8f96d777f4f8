"""Raised where rows make no sense."""


class UnsoundRowError(Exception):
    """Somebody wrote past the sidecar what can't be read: whom it is about gets nowhere. The message repeats nothing but names."""
