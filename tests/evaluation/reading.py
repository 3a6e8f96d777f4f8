"""How a backend may read what the wire reference calls unknown or contested, and what two values are to each other under such a reading.

Nothing here, nor in the rest of this folder's evaluators, imports the program: it is a second opinion.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal
from urllib.parse import unquote

Row = Mapping[str, str | None]

_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
_BOOLEANS = {"true": "1", "ja": "1", "yes": "1", "j": "1", "false": "0", "nee": "0", "no": "0", "n": "0"}
# What the best-fit table of Windows-1252 does beyond compatibility normalisation.
_BEST_FIT = {"٪": "%", "∗": "*", "〚": "[", "〛": "]", "ʺ": '"', "ˍ": "_", "\u0332": "_", "\u037e": ";", "∖": "\\"}


@dataclass(frozen=True, slots=True)
class Reading:
    """One backend. The defaults are the plainest; each field is a question of the wire reference's sections 2.3 to 2.6."""

    mixed: Literal["or_of_ands", "and_of_ors"] = "or_of_ands"
    letters: Literal["exact", "any_case", "any_case_or_accent"] = "exact"
    pads: bool = False  # trailing spaces do not count
    numbers: bool = False  # what looks like a number is compared as one
    booleans: bool = False  # 1, true and ja are the same
    like: Literal["pattern", "literal", "surrounded"] = "pattern"  # operators 6, 10–14: the value is the pattern, is text, gets its % added
    wildcards: Literal["percent", "all"] = "percent"  # in patterns: % alone, or also _ [a-z] * ?
    wildcards_in_equal: bool = False  # operators 1 and 7 take patterns as well
    nulls: Literal["sql", "smallest", "different"] = "sql"  # an empty field is: in no comparison, below all values, unequal to all values
    empty_is_null: bool = True  # a field that holds "" is empty
    code_page: bool = False  # everything is first converted to Windows-1252, look-alikes included
    decodes_twice: bool = False  # percent-escapes in a decoded parameter are decoded again

    @property
    def faithful(self) -> bool:
        """Whether what is sent is what is read. Under any other reading a client's own filter may mean anything; the policy may not."""
        return not (self.code_page or self.decodes_twice)

    def received(self, text: str) -> str:
        """A parameter as the backend starts to read it."""
        return self.stored(unquote(text) if self.decodes_twice else text)

    def stored(self, text: str) -> str:
        """A text as the backend's database holds it."""
        return "".join(map(_fit, text)) if self.code_page else text

    def field(self, row: Row, name: str) -> str | None:
        """What the row holds, None for an empty field."""
        held = row[name]
        return None if held is None or (self.empty_is_null and not held) else self.stored(held)

    def equal(self, one: str, other: str) -> bool:
        """Whether two values, neither of them empty, are the same."""
        numbers = self._numbers(one, other)
        return numbers[0] == numbers[1] if numbers else self._key(one) == self._key(other)

    def less(self, one: str, other: str) -> bool:
        """Whether the one comes before the other."""
        numbers = self._numbers(one, other)
        return numbers[0] < numbers[1] if numbers else self._key(one) < self._key(other)

    def folded(self, value: str) -> str:
        """The value without the differences that this reading overlooks."""
        if self.pads:
            value = value.rstrip(" ")
        if self.letters == "any_case_or_accent":
            value = "".join(letter for letter in unicodedata.normalize("NFD", value) if not unicodedata.combining(letter))
        return value if self.letters == "exact" else value.lower()

    def _key(self, value: str) -> str:
        return self.folded(_BOOLEANS.get(value.lower(), value) if self.booleans else value)

    def _numbers(self, one: str, other: str) -> tuple[Decimal, Decimal] | None:
        both = self.numbers and _NUMBER.fullmatch(one.strip()) and _NUMBER.fullmatch(other.strip())
        return (Decimal(one.strip()), Decimal(other.strip())) if both else None


def _fit(character: str) -> str:
    if character.isascii():
        return character
    try:
        character.encode("cp1252")
    except UnicodeEncodeError:
        plain = unicodedata.normalize("NFKC", character)
        return _BEST_FIT.get(character, plain if len(plain) == 1 and plain.isascii() else character)
    return character
