"""What the wire reference leaves open, as a set of readings: every combination of the answers to its open questions (2.3 to 2.5).

Each question below is an axis, each constant the set of all readings that give one answer to it. A condition holds under a set of
readings; AND and OR of conditions are `&` and `|` of such sets. So a row is in order when one and the same reading explains all of it,
and is a violation only when none does.
"""

from math import prod

Readings = int
"""A set of readings, one bit for each."""


def _axes(*sizes: int) -> tuple[Readings, list[tuple[Readings, ...]]]:
    """All readings, and for each axis of so many answers the sets of readings that give each answer."""
    total = prod(sizes)
    everything = (1 << total) - 1
    axes = []
    stride = 1
    for size in sizes:
        repeated = everything // ((1 << stride * size) - 1)
        axes.append(tuple((((1 << stride) - 1) << stride * answer) * repeated for answer in range(size)))
        stride *= size
    return everything, axes


(
    ALL,
    (
        (EXACT_LETTERS, ANY_CASE, ANY_ACCENT),
        (BLANKS_COUNT, TRAILING_BLANKS_IGNORED),
        (BOOLEANS_ARE_TEXT, BOOLEANS_ARE_ALIKE),
        (NUMBERS_ARE_TEXT, NUMBERS_ARE_NUMBERS),
        (DATES_ARE_TEXT, DATES_ARE_DATES),
        (BY_CODE_POINT, SYMBOLS_FIRST, SYMBOLS_LAST, SYMBOLS_IGNORED),
        (VALUE_IS_TEXT, VALUE_IS_PATTERN, VALUE_IS_SURROUNDED),
        (PERCENT_ONLY, EVERY_WILDCARD),
        (EQUAL_IS_PLAIN, EQUAL_TAKES_PATTERNS),
        (NULL_COMPARES_WITH_NOTHING, NULL_IS_SMALLEST, NULL_IS_DIFFERENT),
        (NULL_IS_EMPTY, NO_TEXT_IS_EMPTY, BLANKS_ARE_EMPTY),
    ),
) = _axes(3, 2, 2, 2, 2, 4, 3, 2, 2, 3, 3)
"""In order:

- letters: compared as they are; without case and width; without accents as well
- trailing spaces: count, or not
- `true`, `ja`, `1` and the like: texts, or the same
- what looks like a number: text, or compared as a number
- what looks like a date: text, or compared as a date
- order of texts: by code point; or as in a dictionary, where other characters than letters and digits come first, last, or count for
  nothing unless all else is equal
- the value of operators 6 and 10 to 14: text, a pattern, or something that gets its `%` put around it
- wildcards in patterns: `%`, or also `_ * ? [a-z]`
- operators 1 and 7: plain, or they take patterns too
- an empty field in a comparison: fits none; is below every value; is different from every value
- empty is: null; or also a text of no characters; or also one of nothing but spaces
"""
