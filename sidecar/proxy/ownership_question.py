"""The question whose file it is, as targets for the backend, and what its answer says. Pure; `explain` shows the same question."""

from collections.abc import Iterator, Sequence

from sidecar.dialects.call import GetRows, Page
from sidecar.dialects.rest.write import write_rows
from sidecar.errors import Reason, Refusal
from sidecar.filters.compact import MixedSeparators
from sidecar.guard.json_rows import JsonRows
from sidecar.guard.judge import Judge
from sidecar.policy.decision import Claim
from sidecar.policy.ownership import Ids, ids_in, rows_that_confirm, spellings_of

_ONE_ROW = Page(0, 1)


def targets_of(claim: Claim, mixed: MixedSeparators) -> tuple[str, ...]:
    """What the backend is asked, below the environment's base, one after another until a row comes back. None where no row can.

    Mostly a single question, in all spellings of the ids; several where that is longer than the backend reads.

    :raises Refusal: QUERY_TOO_LONG or FILTER_TOO_LARGE where not even one spelling can be asked for.
    """
    return tuple(_targets(claim, spellings_of(claim), mixed))


def _targets(claim: Claim, spelled: Sequence[Ids], mixed: MixedSeparators) -> Iterator[str]:
    try:
        rows = rows_that_confirm(claim, spelled)
        if not rows.is_nothing:
            yield write_rows(GetRows(claim.get_connector, page=_ONE_ROW), claim.get_connector, rows, mixed)
    except Refusal:
        if len(spelled) == 1:
            raise
        half = len(spelled) // 2
        yield from _targets(claim, spelled[:half], mixed)
        yield from _targets(claim, spelled[half:], mixed)


def ids_told(body: bytes, claim: Claim) -> Ids | None:
    """The ids as the backend spells them, or None where it tells of no row.

    :raises Refusal: BACKEND_ANSWER_UNREADABLE where the answer is not rows, or has one that was not asked for: with other ids, or not
        among those that the user may see. A backend that ignores a filter proves nothing.
    """
    reader = JsonRows()
    part = reader.feed(body)
    problem = part.problem or reader.end().problem
    if problem or part.spoilt:
        raise Refusal(Reason.BACKEND_ANSWER_UNREADABLE, f"asked whose file it is: {problem or 'a row that has no single reading'}")
    told = [ids_in(row, claim) for row in part.rows]
    judged = Judge(claim.rows.predicate).count(part.rows)
    if None in told or judged.violating or judged.unjudgeable:
        raise Refusal(Reason.BACKEND_ANSWER_UNREADABLE, "asked whose file it is, the backend gave a row that was not asked for")
    return told[0] if told else None
