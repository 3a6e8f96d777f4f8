"""Brings the tables of a policy to where this version of the sidecar wants them, from nothing or from any earlier version.

All of it is one transaction, on both databases: what is interrupted has not happened. Processes that start at the same moment wait for the
first. Within one process there can be one at a time, since Alembic keeps its place in a variable.
"""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from sidecar.database.database import Database
from sidecar.database.making import until_made

VERSION_TABLE = "policy_version"
_PATIENCE = 600.0  # seconds for a statement, and for others that migrate
_LOCK = 0x51DECA12  # any number, always the same
_FOLDER = Path(__file__).parent / "migrations"


class UnknownVersionError(Exception):
    """The tables are of a version that this one doesn't know: mostly a newer sidecar made them."""


@dataclass(frozen=True, slots=True)
class Migration:
    """The version of the tables before and after, such as 0002; before is None where there were none."""

    before: str | None
    after: str


async def migrate(url: str, to: str = "head") -> Migration:
    """Make the tables, or change them; nothing happens to those that are of this version already.

    :param to: another version than the last, for tests.
    :raises ValueError: the URL is not one of a database.
    :raises UnknownVersionError: nothing was changed.
    :raises Unavailable: nothing was changed.
    """
    database = Database(url, patience=_PATIENCE)
    versions: list[str | None] = []

    async def make() -> None:
        async with database.writing() as connection:
            versions[:] = await connection.run_sync(_upgrade, to)

    try:
        await until_made(make)
        before, after = versions
        return Migration(before, str(after))
    finally:
        await database.close()


async def version_there(database: Database) -> str | None:
    """The version of the tables that are there; None where there are none.

    :raises Unavailable: nobody can say now.
    """
    async with database.looking() as connection:
        return await connection.run_sync(version_on)


def why_not_usable(version: str | None) -> tuple[str, str] | None:
    """What keeps tables of this version from being used, and the remedy; None for those that this sidecar works with."""
    if version is None:
        return "has no tables of policy", "`sidecar db init` makes them"
    if version not in known_versions():
        return f"has tables of version {version}, which this sidecar doesn't know", "take a sidecar as new as they are"
    if version != newest_version():
        return f"has tables of version {version} where this sidecar needs {newest_version()}", "`sidecar db migrate` brings them there"
    return None


def newest_version() -> str:
    """The version that this sidecar works with."""
    return known_versions()[-1]


def known_versions() -> list[str]:
    """The versions that this sidecar knows, oldest first."""
    return sorted(path.name[1:5] for path in (_FOLDER / "versions").glob("v*.py"))


def version_on(connection: Connection) -> str | None:
    """The same on a connection that is there already."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    return connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()  # noqa: S608  a name of ours


def _upgrade(connection: Connection, to: str) -> tuple[str | None, str | None]:
    from alembic import command  # takes its time, and a sidecar that starts only looks which version is there
    from alembic.config import Config
    from alembic.util import CommandError

    if connection.dialect.name == "postgresql":  # SQLite has one writer at a time anyway
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.attributes["connection"] = connection
    before = version_on(connection)
    try:
        command.upgrade(config, to)
    except CommandError:
        raise UnknownVersionError("the tables are of a version that this sidecar doesn't know") from None
    return before, version_on(connection)
