"""The database of policy for commands: which one the configuration names, and what happens when it gives no answer."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import NoReturn, TypeVar

import click

from sidecar.cli.configuration import COULD_NOT_READ
from sidecar.database.database import Database
from sidecar.database.unavailable import Unavailable
from sidecar.database.url import database_url
from sidecar.policy_database.migrate import known_versions, newest_version, version_there
from sidecar.policy_database.unsound import UnsoundRowError
from sidecar.settings.model import Settings
from sidecar.settings.read import read_settings
from sidecar.store.database_url import UnreadableUrlError, policy_database_of

_PATIENCE = 600.0  # seconds for a statement: nobody waits for these commands but the one who called them

_T = TypeVar("_T")


def url_in(config: Sequence[Path]) -> str:
    """The URL of the database that the configuration names; else say so and end."""
    return with_files(config)[0]


def with_files(config: Sequence[Path]) -> tuple[str, Settings]:
    """The same, with what stands in files, as far as it is sound: the environments are known from there."""
    reading = read_settings(config, os.environ)
    try:
        url = policy_database_of(reading)
    except UnreadableUrlError as error:
        refuse(str(error), COULD_NOT_READ)
    if reading.sound is None:
        refuse("; ".join(str(problem) for problem in reading.report.problems[:3]), COULD_NOT_READ)
    if url is None:
        names = ", ".join(map(str, config))
        refuse(f"{names}: there is no database of policy; say `policy: {{database: sqlite:///policy.db}}`, or a postgresql:// URL")
    return url, reading.sound


def shown(url: str) -> str:
    """The database as people know it: without driver, name and password."""
    parsed = database_url(url)
    if parsed.get_backend_name() == "sqlite":
        return str(parsed.database)
    host = parsed.host or str(parsed.query.get("host", ""))
    return f"database `{parsed.database}`" + (f" on {host}" if host else "")


def is_there(url: str) -> bool:
    """Whether there is a file, for SQLite; a database of PostgreSQL is made by others."""
    parsed = database_url(url)
    return parsed.get_backend_name() != "sqlite" or Path(str(parsed.database)).exists()


def why_not_usable(version: str | None) -> str:
    """What keeps tables of this version from being used, and what to do; "" for those of this sidecar."""
    if version is None:
        return "has no tables of policy; `sidecar db init` makes them"
    if version not in known_versions():
        return f"has tables of version {version}, which this sidecar doesn't know: use the newer sidecar that made them"
    if version != newest_version():
        return f"has tables of version {version} where this sidecar needs {newest_version()}; `sidecar db migrate` brings them there"
    return ""


def over(url: str, work: Callable[[Database], Awaitable[_T]]) -> _T:
    """Do something with the database; where that gives no answer, say so and end with exit code 3."""

    async def do() -> _T:
        database = Database(url, _PATIENCE)
        try:
            return await work(database)
        finally:
            await database.close()

    return answered(url, do)


def over_migrated(url: str, work: Callable[[Database], Awaitable[_T]]) -> _T:
    """The same for a database with the tables of this version; else say what to do and end."""
    if not is_there(url):
        refuse(f"{shown(url)} is not there; `sidecar db init` makes it")

    async def do(database: Database) -> _T:
        version = await version_there(database)
        why_not = why_not_usable(version)
        if why_not:
            refuse(f"{shown(url)} {why_not}")
        return await work(database)

    return over(url, do)


def answered(url: str, work: Callable[[], Awaitable[_T]]) -> _T:
    """What comes of it; where the database gives no answer, say so and end with exit code 3."""

    async def do() -> _T:
        return await work()

    try:
        return asyncio.run(do())
    except UnsoundRowError as error:
        refuse(f"{shown(url)}: {error}; `sidecar db check` says which", COULD_NOT_READ)
    except (Unavailable, ValueError) as error:
        refuse(f"{shown(url)} gives no answer ({error})" if isinstance(error, Unavailable) else f"{shown(url)} {error}", COULD_NOT_READ)


def refuse(message: str, code: int = 1) -> NoReturn:
    """Say why not, and end."""
    click.echo(message, err=True)
    raise SystemExit(code)
