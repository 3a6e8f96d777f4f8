"""`sidecar db`: the database of policy as a whole: made, brought to this version, filled from YAML, written as YAML, checked."""

from pathlib import Path

import click

from sidecar.cli.configuration import config_option
from sidecar.cli.db_check import check
from sidecar.cli.db_export import export
from sidecar.cli.db_import import import_
from sidecar.cli.policy_database import answered, is_there, over, refuse_unusable, shown, url_in
from sidecar.policy_database.migrate import UnknownVersionError, migrate, version_there


@click.group()
def db() -> None:
    """Make, change, fill, read and check a database of policy.

    The configuration names it: `policy: {database: "sqlite:///policy.db"}`, or a postgresql:// URL.
    """


@db.command(short_help="Make the tables of a new database.")
@config_option
def init(config: tuple[Path, ...]) -> None:
    """Make the tables of a new database.

    For SQLite the file too, which is its owner's alone. A database of PostgreSQL must be there; this makes the tables in it.
    """
    url = url_in(config)
    version = over(url, version_there) if is_there(url) else None
    if version is not None:
        refuse_unusable(url, version, 1)
        click.echo(f"{shown(url)} has the tables of version {version} already")
        return
    migration = answered(url, lambda: migrate(url))
    click.echo(f"made the tables of version {migration.after} in {shown(url)}; there is no policy in them yet")
    named = " ".join(f"-c {file}" for file in config)
    click.echo(f"next: `sidecar db import {named}` brings the policy of these files there; --from names others")


@db.command(name="migrate", short_help="Bring the tables to this version.")
@config_option
def migrate_(config: tuple[Path, ...]) -> None:
    """Bring the tables to the version of this sidecar, from nothing or from any earlier version.

    All of it happens, or nothing. Those that do so at the same moment wait for the first. Tables of a newer sidecar are left alone.
    """
    url = url_in(config)
    try:
        migration = answered(url, lambda: migrate(url))
    except UnknownVersionError:
        refuse_unusable(url, over(url, version_there), 1)
        raise
    if migration.before == migration.after:
        click.echo(f"{shown(url)} has the tables of version {migration.after} already")
    else:
        click.echo(f"{shown(url)}: tables of version {migration.before or 'none'} -> {migration.after}")


for command in (import_, export, check):
    db.add_command(command)
