"""`sidecar db import`: a policy in YAML takes the place of the one in the database, whole, and never silently."""

import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from sidecar.cli.after_import import what_to_do_with_the_files
from sidecar.cli.configuration import config_option, myself, refuse
from sidecar.cli.policy_database import over, over_migrated, shown, url_in
from sidecar.cli.policy_files import policy_in
from sidecar.database.database import Database
from sidecar.policy_database.audit import Change
from sidecar.policy_database.contents import count_rows, replace_policy
from sidecar.policy_database.revision import Revision, current_revision, take_turn
from sidecar.settings.problem import Problem

_COUNTED = {
    "policy_groups": "groups",
    "policy_users": "users",
    "policy_members": "memberships",
    "policy_app_connectors": "app connectors",
    "policy_get_connectors": "GetConnectors",
    "policy_update_connectors": "UpdateConnectors",
    "policy_filter_types": "filter types",
    "policy_filters": "filters",
    "policy_tokens": "tokens",
}
_MOST_TOLD = 20


@click.command(name="import", short_help="Put a policy in YAML in the place of that in the database.")
@config_option
@click.option(
    "--from",
    "sources",
    multiple=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="A further YAML file of policy; may be given several times.",
)
@click.option("--dry-run", is_flag=True, help="Tell what would happen, and change nothing.")
@click.option("--yes", is_flag=True, help="Replace what is there without asking.")
def import_(config: tuple[Path, ...], sources: tuple[Path, ...], dry_run: bool, yes: bool) -> None:
    """Put a policy in YAML, of the configuration and of --from, in the place of that in the database: all of it or nothing.

    Environments and everything of the server stay in YAML. A policy with an error that would keep it from loading is not taken.
    """
    url = url_in(config)
    policy = policy_in([*config, *sources])
    seen, before = over_migrated(url, _look)
    _print_counts(before, {table: len(rows) for table, rows in policy.rows.items()})
    _print_left_over(policy.left_over)
    if policy.others:
        click.echo(f"{policy.others} errors and warnings don't keep it from loading: `sidecar db check` tells them")
    if dry_run:
        click.echo("nothing was changed: --dry-run")
        return
    if any(before.values()) and not yes:
        _ask(shown(url))
    change = Change(datetime.now(UTC), myself(), "import", "policy")

    async def replace(database: Database) -> None:
        async with database.writing() as connection:
            await take_turn(connection)
            if await current_revision(connection) != seen:
                refuse("somebody changed the policy in the meantime; nothing was imported, try again")
            await replace_policy(connection, policy.rows, change)

    over(url, replace)
    click.echo(f"imported into {shown(url)}\n")
    for line in what_to_do_with_the_files(policy.files):
        click.echo(line)


async def _look(database: Database) -> tuple[Revision, dict[str, int]]:
    async with database.snapshot() as connection:
        return await current_revision(connection), await count_rows(connection)


def _ask(database: str) -> None:
    if not _somebody_is_there():
        refuse(f"{database} has a policy, which this would replace; say --yes if that is meant")
    if not click.confirm(f"Replace the policy in {database}?"):
        refuse("nothing was changed")


def _somebody_is_there() -> bool:
    return sys.stdin.isatty()


def _print_counts(before: Mapping[str, int], after: Mapping[str, int]) -> None:
    click.echo(f"{'':<18}{'now':>12}{'then':>12}")
    for table, name in _COUNTED.items():
        click.echo(f"{name:<18}{before[table]:>12,}{after[table] - (table == 'policy_groups'):>12,}")


def _print_left_over(left_over: Sequence[Problem]) -> None:
    """What names nobody, and so does not come along."""
    for problem in left_over[:_MOST_TOLD]:
        click.echo(f"warning: {problem.place}: {problem.path} names a user or app connector that is not there: left out", err=True)
    if len(left_over) > _MOST_TOLD:
        click.echo(f"warning: {len(left_over) - _MOST_TOLD:,} more like these", err=True)
