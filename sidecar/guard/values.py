"""What a field of a row holds, as an answer spells it, and when two such values can be compared at all."""

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal

Scalar = str | bytes | bool | None
"""A value in an answer: a text; a number, as bytes of the text in which it came, so that none is rounded or taken for a text; or a
boolean; None for an empty field."""

LONGEST_TEXT = 32_768
"""Characters of a value that the policy asks about; a longer one is not judged. A query has room for 2,049."""

_NUMBER = re.compile(r"[+-]?[0-9]{1,60}(?:[.,][0-9]{1,60})?(?:[eE][+-]?[0-9]{1,4})?")
_UNCOMPARABLE = frozenset({"Cc", "Cs"})
_COMMON_CONTROLS = {ord(character): " " for character in "\t\r\n"}


@dataclass(frozen=True, slots=True)
class Held:
    """A field that is not null: its text, what number that is, and whether the answer says that it is a number."""

    text: str
    number: Decimal | None
    is_number: bool = False


def hold(value: str | bytes | bool) -> Held | None:
    """The value in a form to compare, or None where it has none: a number beyond all reason, a text too long or with control characters."""
    if isinstance(value, bool):
        return Held("true" if value else "false", None)
    if isinstance(value, bytes):
        text = value.decode("ascii")
        number = number_in(text)
        return None if number is None else Held(text, number, is_number=True)
    if len(value) > LONGEST_TEXT or not _can_be_compared(value):
        return None
    return Held(value, number_in(value))


def number_in(text: str) -> Decimal | None:
    """The number that a text may be taken for, exactly. A decimal comma counts as well: locales are unknown (wire reference 2.5)."""
    text = text.strip()
    return Decimal(text.replace(",", ".")) if _NUMBER.fullmatch(text) else None


def _can_be_compared(text: str) -> bool:
    # Line ends and tabs stand in notes. Any other control character, or half a surrogate pair, means something else to each reader.
    return text.isprintable() or not any(unicodedata.category(character) in _UNCOMPARABLE for character in text.translate(_COMMON_CONTROLS))
