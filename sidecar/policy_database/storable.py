"""Which texts a database keeps."""

from typing import Any


def is_storable(value: Any) -> bool:
    """Whether all texts in a value are kept as they are: PostgreSQL has no NUL, and halves of surrogate pairs are no characters."""
    match value:
        case str():
            return "\0" not in value and not any("\ud800" <= character <= "\udfff" for character in value)
        case list():
            return all(is_storable(item) for item in value)
        case dict():
            return all(is_storable(item) for pair in value.items() for item in pair)
        case _:
            return True
