"""The heart: what a client asks for, narrowed to what it may see."""

from sidecar.errors import Reason, Refusal
from sidecar.filters.predicate import Predicate, TooManyGroups, conjoin
from sidecar.filters.simplify import simplify

MOST_GROUPS = 400
"""Bound on the OR groups of a narrowed filter: more than the 340 single conditions that fit into a query at the very most."""


def narrow(asked: Predicate, allowed: Predicate) -> Predicate:
    """The rows that both admit. Not the allowed ones appended to the question, but each OR group of it narrowed by itself.

    :raises Refusal: FILTER_TOO_LARGE when that multiplies out to more than `MOST_GROUPS` groups.
    """
    try:
        return simplify(conjoin(asked, allowed, MOST_GROUPS))
    except TooManyGroups as problem:
        raise Refusal(Reason.FILTER_TOO_LARGE, f"narrowed to the rows that you may see, the filter has {problem}; ask for less") from None
