"""Texts under each reading: what is left of one where letter case, accents, spaces or the word for "true" don't count, and which of two
comes first (wire reference 2.4: collation is unknown)."""

import unicodedata
from collections.abc import Iterable, Mapping

from sidecar.guard.readings import (
    ALL,
    ANY_ACCENT,
    ANY_CASE,
    BLANKS_COUNT,
    BOOLEANS_ARE_ALIKE,
    BOOLEANS_ARE_TEXT,
    BY_CODE_POINT,
    EXACT_LETTERS,
    SYMBOLS_FIRST,
    SYMBOLS_IGNORED,
    SYMBOLS_LAST,
    TRAILING_BLANKS_IGNORED,
    Readings,
)

Folded = Mapping[str, Readings]
"""The forms of one text: each with the readings under which the text is compared as that. Together they are all readings, none twice."""

_TRUE = ("1", "true", "yes", "ja", "waar", "on", "j", "y", "t")
_FALSE = ("0", "false", "no", "nee", "onwaar", "off", "n", "f")
_BOOLEANS = dict.fromkeys(_TRUE, "1") | dict.fromkeys(_FALSE, "0")
_LETTERS_THAT_DO_NOT_DECOMPOSE = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th"})
_WEIGHTLESS = frozenset({"Mn", "Cf"})


def fold(text: str) -> Folded:
    """The forms in which a text is looked for, in patterns and as part of another."""
    return _by_form((form, letters & blanks) for form, letters in _letters(text) for form, blanks in _blanks(form))


def fold_value(text: str) -> Folded:
    """The forms in which a value is compared as a whole: as `fold`, with booleans alike under some readings."""
    boolean = _BOOLEANS.get(text.lower())
    if boolean is None:
        return fold(text)
    as_text = [(form, readings & BOOLEANS_ARE_TEXT) for form, readings in fold(text).items()]
    return _by_form([*as_text, (boolean, BOOLEANS_ARE_ALIKE)])


def equal(one: Folded, other: Folded) -> Readings:
    """The readings under which the texts are the same."""
    found = 0
    for form, readings in one.items():
        found |= readings & other.get(form, 0)
    return found


def before(one: Folded, other: Folded) -> Readings:
    """The readings under which the one comes before the other, and is not the same."""
    found = 0
    for mine, my_readings in one.items():
        for theirs, their_readings in other.items():
            shared = my_readings & their_readings
            if shared and mine != theirs:
                found |= shared & _orders(mine, theirs)
    return found


def _letters(text: str) -> list[tuple[str, Readings]]:
    if text.isascii():
        return [(text, EXACT_LETTERS), (text.lower(), ANY_CASE | ANY_ACCENT)]
    # Databases that overlook case overlook width as a rule: `Ａ` is `a`.
    caseless = unicodedata.normalize("NFC", unicodedata.normalize("NFKC", text).casefold())
    bare = unicodedata.normalize("NFKD", caseless).translate(_LETTERS_THAT_DO_NOT_DECOMPOSE)
    bare = "".join(character for character in bare if unicodedata.category(character) not in _WEIGHTLESS)
    return [(text, EXACT_LETTERS), (caseless, ANY_CASE), (bare, ANY_ACCENT)]


def _blanks(text: str) -> list[tuple[str, Readings]]:
    stripped = text.rstrip(" ")
    return [(text, ALL)] if stripped == text else [(text, BLANKS_COUNT), (stripped, TRAILING_BLANKS_IGNORED)]


def _by_form(forms: Iterable[tuple[str, Readings]]) -> Folded:
    together: dict[str, Readings] = {}
    for form, readings in forms:
        together[form] = together.get(form, 0) | readings
    return together


def _orders(one: str, other: str) -> Readings:
    """The orders of texts by which the one comes first. Those of a dictionary look at case and accents only where all else is equal."""
    found = BY_CODE_POINT if one < other else 0
    mine, theirs = _bare(one), _bare(other)
    tie = one.swapcase() < other.swapcase()  # `a` before `A`: the other way round than by code point
    for readings, weigh in _DICTIONARIES:
        my_weight, their_weight = weigh(mine), weigh(theirs)
        if my_weight < their_weight or (my_weight == their_weight and tie):
            found |= readings
    return found


def _bare(text: str) -> str:
    return text.lower() if text.isascii() else _letters(text)[-1][0]


def _symbols_first(text: str) -> list[tuple[bool, int]]:
    return [(character.isalnum(), ord(character)) for character in text]


def _symbols_last(text: str) -> list[tuple[bool, int]]:
    # Backwards among themselves, so that with the order above each of two symbols comes first once.
    return [(False, ord(character)) if character.isalnum() else (True, -ord(character)) for character in text]


def _symbols_ignored(text: str) -> list[tuple[bool, int]]:
    return [(True, ord(character)) for character in text if character.isalnum()]


_DICTIONARIES = ((SYMBOLS_FIRST, _symbols_first), (SYMBOLS_LAST, _symbols_last), (SYMBOLS_IGNORED, _symbols_ignored))
