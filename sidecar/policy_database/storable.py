"""Which texts a database keeps."""

import re
from typing import Any

_NOT_KEPT = re.compile("[\0\ud800-\udfff]")


def is_storable(value: Any) -> bool:
    """Whether all texts in a value are kept as they are: PostgreSQL has no NUL, and halves of surrogate pairs are no characters."""
    match value:
        case str():
            return _NOT_KEPT.search(value) is None
        case list():
            return all(is_storable(item) for item in value)
        case dict():
            return all(is_storable(item) for pair in value.items() for item in pair)
        case _:
            return True
