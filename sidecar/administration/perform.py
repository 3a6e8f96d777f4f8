"""How every operation is done: one transaction, in turn with others, checked at the end and told in the audit; or it has not happened."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import BaseModel

from sidecar.administration.not_done import RefusedError
from sidecar.administration.operation import Changed, Kind, Operation, Request, Work
from sidecar.administration.rights import CompiledRights, rights_now, told
from sidecar.database.database import Database
from sidecar.policy_database.audit import Change, record
from sidecar.policy_database.revision import current_revision, take_turn
from sidecar.settings.model import Settings


@dataclass(frozen=True, slots=True)
class Administration:
    """A database of policy, and the settings that stand in files beside it: the environments."""

    database: Database
    files: Settings


async def perform(administration: Administration, operation: Operation, request: Request, who: str, now: datetime) -> BaseModel:
    """Do it, and give its result.

    :param who: for the audit, such as `cli:root`.
    :raises NotDoneError: nothing was changed.
    :raises Unavailable: the database gives no answer; nothing was changed, as far as can be known.
    """
    if operation.kind is Kind.READ:
        async with administration.database.snapshot() as connection:
            return await operation.function(Work(connection, administration.files, now), request)
    async with administration.database.writing() as connection:
        await take_turn(connection)
        work = Work(connection, administration.files, now)
        number = (await current_revision(connection)).rights
        before = await rights_now(work) if operation.of_rights else None
        result: Any = await operation.function(work, request)
        if (await current_revision(connection)).rights != number:
            assert before is not None, operation.name  # noqa: S101  a fault of ours, and then nothing has happened
            result = _checked(result, before, await rights_now(work))
        change = Change(now, who, operation.name, result.subject)
        await record(connection, change, *result.audited())
    return result  # type: ignore[no-any-return]


def _checked(result: Changed[Any], before: CompiledRights, after: CompiledRights) -> Changed[Any]:
    """The result with what is to be said of the rights as a whole.

    What was wrong before may stay so, since several errors are mended one by one; a new one may not come.

    :raises RefusedError: the rights would make no policy any more, and did before.
    """
    known = {(problem.path, problem.message) for problem in before.fatal}
    new = [problem for problem in after.fatal if (problem.path, problem.message) not in known]
    if new:
        raise RefusedError("; ".join(told(problem) for problem in new[:3]), "nothing was changed")
    warnings = [*result.warnings, *(f"still wrong, so that no change takes effect: {told(problem)}" for problem in after.fatal)]
    opened = sorted(_wide_open(after) - _wide_open(before))
    warnings += [f"every member of group `{group}` sees every row of `{name}` through `{app}`" for app, group, name in opened]
    return result.model_copy(update={"warnings": warnings})


def _wide_open(rights: CompiledRights) -> set[tuple[str, str, str]]:
    """The GetConnectors of which every member of a group sees every row."""
    apps = rights.policy.app_connectors.values() if rights.policy is not None else ()
    return {(app.name, app.group, each.name) for app in apps for each in app.get_connectors.values() if each.unfiltered}
