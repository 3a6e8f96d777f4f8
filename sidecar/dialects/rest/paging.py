"""The same question, another page: tells targets that differ in nothing but `skip`, without reading all of them again."""

from typing import NamedTuple

from sidecar.dialects.rest.target import LONGEST_QUERY

_NAME = "skip="
_MOST_DIGITS = 9


class Paged(NamedTuple):
    """A target, cut around the digits of its `skip`."""

    before: str
    skip: int
    after: str


def cut_skip(target: str) -> Paged | None:
    """The target, cut around its `skip`; None where it has none that is beyond doubt: plainly spelled, with at most nine digits.

    This judges nothing. It serves to recognise a target like one that `read` took for a call. If the texts before and after are the same,
    `read` takes this one for the same call but for its skip:

    - What is cut out is a whole parameter: it begins behind the first `?`, or an `&` after that, and ends before an `&` or with the target.
    - It is the only `skip`: any other, in whatever spelling, stands before or after, and `read` would have refused it there.
    - `read` takes any nine digits, and no such target is too long for it.
    """
    question, name = target.find("?"), target.rfind(_NAME)
    if not 0 <= question < name or (question != name - 1 and target[name - 1] != "&") or len(target) > LONGEST_QUERY:
        return None
    start = name + len(_NAME)
    end = target.find("&", start)
    digits = target[start:end] if end >= 0 else target[start:]
    if not digits.isdigit() or not digits.isascii() or len(digits) > _MOST_DIGITS:
        return None
    return Paged(target[:name], int(digits), target[end:] if end >= 0 else "")
