"""A claim that somebody may fetch something: how the backend is asked about it, and which row of its answer bears it out."""

from collections.abc import Iterable, Mapping
from functools import reduce
from itertools import product

from sidecar.dialects.call import Call, FetchFile, FetchImage, FetchSubject, FetchSubjectFile
from sidecar.filters.predicate import EVERYTHING, NOTHING, Predicate, conjoin, union
from sidecar.policy.bind import equal
from sidecar.policy.decision import Claim
from sidecar.policy.ids import canonical_id, is_guid, spellings_of_id
from sidecar.policy.narrow import MOST_GROUPS, narrow
from sidecar.policy.where import why_not_literal

Ids = tuple[str, ...]
"""The ids of a claim in its order."""


def key_of(claim: Claim) -> Ids:
    """What tells this claim from others with the same rule. GUIDs are the same in any spelling; of other ids only the backend knows."""
    return tuple([canonical_id(text) if is_guid(text) else text for _, text in claim.ids])


def spellings_of(claim: Claim) -> tuple[Ids, ...]:
    """The ids in all spellings by which the backend may know them."""
    return tuple(product(*[spellings_of_id(text) for _, text in claim.ids]))


def rows_that_confirm(claim: Claim, spelled: Iterable[Ids]) -> Predicate:
    """The user's rows with the ids of the claim, spelled in one of these ways; nothing where he has no rows, or an id can't be asked for.

    :raises Refusal: FILTER_TOO_LARGE.
    """
    fields = [field for field, _ in claim.ids]
    with_ids = union(_all_of([_is(field, text) for field, text in zip(fields, texts, strict=True)]) for texts in spelled)
    return narrow(with_ids, claim.rows.predicate)


def _is(field: str, text: str) -> Predicate:
    # An id such as `null` would be taken for the marker of an empty field.
    return equal(field, text) if why_not_literal(text) is None else NOTHING


def _all_of(predicates: list[Predicate]) -> Predicate:
    return reduce(lambda left, right: conjoin(left, right, MOST_GROUPS), predicates, EVERYTHING)


def ids_in(row: Mapping[str, object], claim: Claim) -> Ids | None:
    """The ids as this row spells them, if it has exactly those that were claimed, each in its field; otherwise None.

    :param row: field to value; numbers as the bytes of the answer.
    """
    found: list[str] = []
    for field, text in claim.ids:
        held = [value for name, value in row.items() if name.casefold() == field.casefold()]
        value = held[0] if len(held) == 1 else None  # a field that stands there twice has no one value
        spelled = value.decode("ascii") if isinstance(value, bytes) and value.isdigit() else value
        if not isinstance(spelled, str) or canonical_id(spelled) != canonical_id(text):
            return None
        found.append(canonical_id(spelled) if is_guid(spelled) else spelled)
    return tuple(found)


def with_ids(call: Call, ids: Ids) -> Call:
    """The call for what was confirmed, whichever way the client spelled it."""
    match call:
        case FetchFile(_, name, as_query):
            return FetchFile(ids[0], name, as_query)
        case FetchImage(_, image_format):
            return FetchImage(ids[0], image_format)
        case FetchSubjectFile(_, file, as_query):
            return FetchSubjectFile(ids[0], ids[1] if len(ids) > 1 else file, as_query)
        case FetchSubject(_, with_data):
            return FetchSubject(ids[0], with_data)
        case _:
            raise TypeError("a call that nothing is claimed for")
