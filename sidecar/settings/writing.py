"""Plain data to YAML that the reader of the configuration takes back exactly: one way to write each thing, whatever stands in it."""

import json
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from sidecar.settings.document import reads_as_text

_BARE = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9 ._-]*[A-Za-z0-9])?")
_LONGEST_KEY = 500  # YAML looks no further than 1,024 characters for the colon
_UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_WIDTH = 110


def spelled(text: str) -> str:
    """A text, bare where that is safe. Line separators would be folded even within quotes."""
    if _BARE.fullmatch(text) and reads_as_text(text):
        return text
    quoted = json.dumps(text, ensure_ascii=False)
    return _UNPRINTABLE.sub(lambda match: f"\\u{ord(match[0]):04x}", quoted)


def on_one_line(value: Any) -> str:
    """A text, truth, nothing, list or mapping on one line."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return spelled(value)
        case list():
            return f"[{', '.join(map(on_one_line, value))}]"
        case Mapping():
            return f"{{{', '.join(f'{_in_braces(key)}: {on_one_line(item)}' for key, item in value.items())}}}"
    raise TypeError(type(value).__name__)


def lines_of(key: str, value: Any, indent: int = 0) -> Iterator[str]:
    """A key with its value, on one line where it fits; else what is in a mapping or list stands below it, indented."""
    margin, name, text = " " * indent, spelled(key), on_one_line(value)
    if len(name) > _LONGEST_KEY:
        yield f"{margin}? {name}"
        yield f"{margin}: {text}"
    elif isinstance(value, str | bool) or not value or len(margin) + len(name) + len(text) < _WIDTH:
        yield f"{margin}{name}: {text}"
    else:
        yield f"{margin}{name}:"
        if isinstance(value, Mapping):
            for below, item in value.items():
                yield from lines_of(below, item, indent + 2)
        else:
            yield from (item_line(item, indent + 2) for item in value)


def item_line(item: Any, indent: int = 2) -> str:
    """An item of a list."""
    return f"{' ' * indent}- {on_one_line(item)}"


@lru_cache(maxsize=4096)
def _in_braces(key: str) -> str:
    name = spelled(key)
    return name if len(name) <= _LONGEST_KEY else f"? {name} "
