"""The rights that stand in the database, together with what stands in files: whether that makes a policy, and what it is like."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from sidecar.administration.not_done import RefusedError
from sidecar.administration.operation import Work
from sidecar.policy.model import Policy
from sidecar.policy_database.contents import export_rights
from sidecar.policy_database.nested import Nested
from sidecar.policy_database.unsound import UnsoundRowError
from sidecar.settings.complaints import report_complaints
from sidecar.settings.model import Settings
from sidecar.settings.problem import Problem
from sidecar.settings.report import Report
from sidecar.settings.tree import Mapping as Tree
from sidecar.settings.tree import Place, tree_of
from sidecar.settings.whole import compile_settings

Narrowed = Callable[[Nested], Nested]
"""What is to stand in a section, from what stands there."""

_PLACE = Place("policy database", 0)


@dataclass(frozen=True, slots=True)
class CompiledRights:
    """App connectors, groups and filter types, with the users that were asked for. Without `policy` they make none."""

    settings: Settings
    policy: Policy | None
    report: Report

    @property
    def fatal(self) -> tuple[Problem, ...]:
        """What keeps them from being used."""
        return tuple(problem for problem in self.report.problems if problem.prevents_loading)


async def rights_now(work: Work) -> CompiledRights:
    """The rights as they are now in this transaction."""
    try:
        return compile_rights(work.files, await export_rights(work.connection))
    except UnsoundRowError as error:
        report = Report(Tree(_PLACE, {}))
        report.error((), str(error))
        return CompiledRights(work.files, None, report)


async def sound_rights(work: Work, **narrowed: Narrowed) -> CompiledRights:
    """The same, for operations that can't do without.

    :param narrowed: for some sections, what is to stand there in place of all that there is.
    :raises RefusedError: they can't be read.
    """
    try:
        nested = await export_rights(work.connection)
    except UnsoundRowError as error:
        raise RefusedError(str(error), "mend it in the database") from None
    changed = {section: change(nested.get(section, {})) for section, change in narrowed.items()}
    rights = compile_rights(work.files, {**nested, **changed})
    if rights.policy is None:
        raise RefusedError(told(rights.fatal[0]), "mend it in the database")
    return rights


def compile_rights(files: Settings, nested: Mapping[str, Any]) -> CompiledRights:
    """Settings and policy of rights with the environments that stand in files.

    :param nested: the sections of policy, as the configuration has them.
    """
    root = tree_of({**nested, "environments": dict.fromkeys(files.environments, "")}, _PLACE)
    report = Report(root)
    try:
        part = Settings.model_validate(nested)
    except ValidationError as error:
        report_complaints(error, root, report)
        return CompiledRights(files, None, report)
    changed = {name: getattr(part, name) for name in ("groups", "users", "app_connectors", "filter_types", "tokens")}
    settings = files.model_copy(update={**changed, "policy": None})  # these are of the database that it names
    policy, _ = compile_settings(settings, report)
    return CompiledRights(settings, policy, report)


def policy_of(rights: CompiledRights) -> Policy:
    """The policy of sound rights."""
    assert rights.policy is not None  # noqa: S101  see above
    return rights.policy


def told(problem: Problem) -> str:
    """A problem without its file, since there is none."""
    return f"{problem.statement} ({problem.remedy})" if problem.remedy else problem.statement


def said_about(rights: CompiledRights, *prefix: str) -> list[str]:
    """What the report has to say below a path."""
    start = ".".join(prefix)
    about = [each for each in rights.report.problems if each.path == start or each.path.startswith((f"{start}.", f"{start}["))]
    return [told(each) for each in about]
