"""Values as patterns: what a wildcard in one may stand for (wire reference 2.4: which characters are wildcards is unknown)."""

import re
from functools import lru_cache
from typing import NamedTuple

_TOKEN = re.compile(r"\[\^?[^\[\]^]+\]|.", re.DOTALL)
_WILDCARD = re.compile(r"[%_*?\[]")
_ONLY_PERCENT = frozenset({"%"})
_ANY_NUMBER = frozenset({"%", "*"})
_ANY_ONE = frozenset({"_", "?"})


class _Segment(NamedTuple):
    """What stands between two wildcards for any number of characters; it covers `length` characters."""

    expression: re.Pattern[str]
    length: int


def has_wildcard(value: str) -> bool:
    """Whether under some reading the value is a pattern."""
    return _WILDCARD.search(value) is not None


def matches(text: str, pattern: str, *, every_wildcard: bool) -> bool:
    """Whether the pattern covers all of the text.

    :param every_wildcard: whether `_ * ? [a-z]` are wildcards too, or only `%`.
    """
    first, *others = _segments(pattern, every_wildcard)
    if first.expression.match(text) is None:
        return False
    if not others:
        return len(text) == first.length
    # Each in its leftmost place, which is as good as any since a segment has one length: no value can make this slow.
    position = first.length
    for segment in others[:-1]:
        found = segment.expression.search(text, position)
        if found is None:
            return False
        position = found.end()
    last = others[-1]
    return position + last.length <= len(text) and last.expression.match(text, len(text) - last.length) is not None


@lru_cache(maxsize=1_000)
def _segments(pattern: str, every_wildcard: bool) -> tuple[_Segment, ...]:
    any_number = _ANY_NUMBER if every_wildcard else _ONLY_PERCENT
    segments: list[list[str]] = [[]]
    for token in _TOKEN.findall(pattern) if every_wildcard else pattern:
        if token in any_number:
            segments.append([])
        else:
            segments[-1].append(_expression(token) if every_wildcard else re.escape(token))
    return tuple(_Segment(_compile("".join(tokens)), len(tokens)) for tokens in segments)


def _expression(token: str) -> str:
    if token in _ANY_ONE:
        return "."
    if len(token) == 1:
        return re.escape(token)
    negation = "^" if token[1] == "^" else ""
    return f"[{negation}{re.escape(token[1 + len(negation) : -1]).replace(chr(92) + '-', '-')}]"


def _compile(expression: str) -> re.Pattern[str]:
    try:
        return re.compile(expression, re.DOTALL)
    except re.error:  # a range that runs backwards covers nothing
        return re.compile("(?!)")
