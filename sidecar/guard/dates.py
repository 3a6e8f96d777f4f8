"""Dates and times as backends and policies write them, and whether one may come before another (wire reference 2.5)."""

import re
from datetime import date, time
from typing import NamedTuple

_TIME = r"(?:[T ](?P<hour>\d\d):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,](?P<fraction>\d{1,9}))?)?)?(?P<zone>Z|[+-]\d\d:?\d\d)?"
_FORMS = tuple(
    re.compile(day + _TIME, re.ASCII)
    for day in (
        r"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)",
        r"(?P<year>\d{4})(?P<month>\d\d)(?P<day>\d\d)",
        r"(?P<day>\d\d?)[-/.](?P<month>\d\d?)[-/.](?P<year>\d{4})",
        r"(?P<month>\d\d?)[-/](?P<day>\d\d?)[-/](?P<year>\d{4})",
    )
)
_SHORTEST, _LONGEST = 8, 40
_SECOND = 1_000_000
_DAY = 86_400 * _SECOND


class Moment(NamedTuple):
    """A date, or a date with a time: the moments between which it lies, in microseconds, both possible.

    What is shown with a time is rounded to seconds. A `Z` at its end is false and ignored; what another offset means is unknown.
    """

    earliest: int
    latest: int
    is_day: bool


def moments_in(text: str) -> tuple[Moment, ...]:
    """The moments that a text may be taken for: none, one, or two where day and month may be either way round."""
    text = text.strip()
    if not _SHORTEST <= len(text) <= _LONGEST or not text[0].isdigit():
        return ()
    read = (_moment(found) for form in _FORMS if (found := form.fullmatch(text)))
    return tuple(dict.fromkeys(moment for moment in read if moment is not None))


def may_be_equal(one: Moment, other: Moment) -> bool:
    """Whether they may be the same moment, or the same day where one of them is a day."""
    return may_not_be_after(one, other) and may_not_be_after(other, one)


def may_differ(one: Moment, other: Moment) -> bool:
    """Whether they may be different. With a time shown they always may, for it was rounded."""
    return not one.earliest == one.latest == other.earliest == other.latest


def may_be_before(one: Moment, other: Moment) -> bool:
    """Whether the one may come first."""
    return one.earliest < other.latest


def may_not_be_after(one: Moment, other: Moment) -> bool:
    """Whether the one may come first or be the same. A day is its midnight, or all of it."""
    if one.is_day or other.is_day:
        return one.earliest // _DAY <= other.latest // _DAY
    return one.earliest <= other.latest


def _moment(found: re.Match[str]) -> Moment | None:
    parts = found.groupdict()
    year, month, day, hour, minute, second = (int(parts[name] or 0) for name in ("year", "month", "day", "hour", "minute", "second"))
    try:
        midnight = date(year, month, day).toordinal() * _DAY
        time(hour, minute, second)
    except ValueError:
        return None
    is_day = parts["hour"] is None
    at = midnight + ((hour * 60 + minute) * 60 + second) * _SECOND + int((parts["fraction"] or "0").ljust(6, "0")[:6])
    slack = _DAY if parts["zone"] not in (None, "Z") else 0 if is_day else _SECOND - 1
    return Moment(at - slack, at + slack, is_day)
