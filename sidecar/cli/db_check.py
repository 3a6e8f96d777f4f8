"""`sidecar db check`: everything that can be wrong with a policy in a database, and how much of it there is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import click
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from sidecar.administration.rights import CompiledRights, compile_rights
from sidecar.cli.check import print_problems
from sidecar.cli.configuration import config_option
from sidecar.cli.policy_database import over_migrated, shown, with_files
from sidecar.database.database import Database
from sidecar.policy_database.contents import count_rows, export_rights
from sidecar.policy_database.examine import examine
from sidecar.policy_database.findings import Findings
from sidecar.policy_database.integrity import check_integrity
from sidecar.policy_database.migrate import newest_version
from sidecar.policy_database.tables import audit
from sidecar.settings.admin import Admin
from sidecar.settings.advice import give_advice
from sidecar.settings.model import Settings
from sidecar.settings.otp_advice import give_otp_advice
from sidecar.settings.problem import Problem, Severity


@dataclass(frozen=True, slots=True)
class Checked:
    """All problems, how many there are of them (of some kinds only the first are told), and what else is to be said."""

    problems: Sequence[Problem]
    errors: int
    warnings: int
    told: str


@click.command(short_help="Check all of the database, users and tokens too.")
@config_option
def check(config: tuple[Path, ...]) -> None:
    """Check all of the database: what `sidecar check` says of a policy in YAML, users and tokens too, and whether it is whole.

    Exit code 0 if there are no errors (warnings don't count), 1 if there are, 3 if the database can't be read.
    """
    url, files = with_files(config)
    checked = over_migrated(url, lambda database: check_database(database, files, shown(url), datetime.now(UTC)))
    print_problems(checked.problems)
    click.echo(f"{_counted(checked.errors, 'error')}, {_counted(checked.warnings, 'warning')}; {checked.told}")
    raise SystemExit(1 if checked.errors else 0)


async def check_database(database: Database, files: Settings, name: str, now: datetime) -> Checked:
    """Everything that is wrong.

    :param files: what stands in files: the environments.
    :param name: of the database, where other problems have a file.
    """
    findings = Findings(name)
    async with database.snapshot() as connection:
        await check_integrity(connection, findings)
        rights = compile_rights(files, await export_rights(connection))
        problems = await _examine(connection, rights, now, findings)
        told = await _told(connection)
    errors = [problem for problem in problems if problem.severity is Severity.ERROR]
    return Checked(
        (*problems, *findings.problems),
        len(errors) + findings.count(Severity.ERROR),
        len(problems) - len(errors) + findings.count(Severity.WARNING),
        told,
    )


async def _examine(connection: AsyncConnection, rights: CompiledRights, now: datetime, findings: Findings) -> Sequence[Problem]:
    """Look at users and tokens in the light of the rights, and at the rights in that of the users; gives the rights' problems."""
    if rights.policy is None:
        return rights.report.problems
    witnesses = await examine(connection, rights.settings, rights.policy, now, findings)
    if not rights.report.prevents_loading:  # advice on half a policy would mislead
        # Of its ports `sidecar check` tells.
        of_rights = rights.settings.model_copy(update={"admin": Admin()})
        give_advice(of_rights, witnesses, now, rights.report)
        give_otp_advice(rights.settings, witnesses, rights.report)
    return rights.report.problems


async def _told(connection: AsyncConnection) -> str:
    counts = await count_rows(connection)
    content = ", ".join(f"{name}: {counts[table]:,}" for table, name in _TOLD.items())
    return f"tables of version {newest_version()}; {content}; {await _told_of_audit(connection)}"


async def _told_of_audit(connection: AsyncConnection) -> str:
    """The last that is asked: a role that only serves may not read it, and PostgreSQL then ends the transaction."""
    try:
        changes = (await connection.execute(select(func.count()).select_from(audit))).scalar_one()
        last = (await connection.execute(select(audit).order_by(audit.c.id.desc()).limit(1))).mappings().first()
    except SQLAlchemyError:
        return "the audit can't be read"
    by = "" if last is None else f", the last {last['moment']:%Y-%m-%d %H:%M} by {last['who']}: {last['what']} {last['subject']}"
    return f"{_counted(changes, 'change')} in the audit{by}"


_TOLD = {"policy_app_connectors": "app connectors", "policy_users": "users", "policy_tokens": "tokens"}


def _counted(count: int, name: str) -> str:
    return f"{count:,} {name}{'s' * (count != 1)}"
