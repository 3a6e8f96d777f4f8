"""What a filter value may turn into in the backend's hands: a tag, a wildcard, a marker for "empty" (wire reference 2.4).

Shared by the readers of client filters, which refuse what has no single meaning, and by the `where` compiler, whose values must stay
literals.
"""

import re
import unicodedata
from functools import lru_cache

MARKERS_OF_EMPTY = frozenset({"", '""', "null", "[is leeg]", "[is empty]"})
"""What real clients send as the value of operators 8 and 9, where it means nothing; lower case."""

_WILDCARDS = re.compile(r"[%_*?\[\]^]")
_LOOK_ALIKES = str.maketrans("٪ˍ\u0331\u0332▄∗〚〛", "%____*[]")
_FIELD_ID = re.compile(r"\w(?:[\w .\-/()&+:%€$#!?]{0,98}[\w.)%€$#!?])?")


def is_bracket_tag(value: str) -> bool:
    """Whether Profit may take the value for a tag such as `[Vandaag]` or `[Medewerker]` and put something else in its place."""
    text = value
    if value.isascii():  # which has no format characters, and no look-alikes of its own
        if "[" not in value:
            return False
    else:
        text = "".join(character for character in _in_ascii(value) if unicodedata.category(character) != "Cf")
    stripped = text.strip()
    return stripped.startswith("[") and stripped.endswith("]")


def may_be_wildcard(value: str) -> bool:
    """Whether some reading of the value takes a character in it for a pattern. Which ones do is unknown, so all that could, count."""
    return _WILDCARDS.search(_in_ascii(value)) is not None


def _in_ascii(value: str) -> str:
    """The value with look-alikes of ASCII characters replaced, as happens when a backend puts it into a Windows code page ("best fit")."""
    return value if value.isascii() else unicodedata.normalize("NFKC", value.translate(_LOOK_ALIKES))


def has_control_characters(value: str) -> bool:
    """Control characters, lone surrogates and unassigned code points: nothing that a person or an app means to compare with."""
    return not value.isprintable() and any(unicodedata.category(character) in ("Cc", "Cs", "Cn") for character in value)


@lru_cache(maxsize=1024)
def is_field_id(text: str) -> bool:
    """Whether this can be the `id` of a GetConnector field; separators, quotes and brackets can't be part of one."""
    return _FIELD_ID.fullmatch(text) is not None
