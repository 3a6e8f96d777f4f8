"""The database of policy for commands: which one the configuration names, and what happens when it can't be used or gives no answer."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TypeVar

from sidecar.cli.configuration import COULD_NOT_READ, refuse, tell_fatal
from sidecar.database.database import Database
from sidecar.database.unavailable import Unavailable
from sidecar.database.url import database_url
from sidecar.policy_database.migrate import version_there, why_not_usable
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
    """The same, with what stands in files, as far as it is sound."""
    reading = read_settings(config, os.environ)
    try:
        url = policy_database_of(reading)
    except UnreadableUrlError as error:
        refuse(str(error), COULD_NOT_READ)
    if reading.sound is None:
        refuse("; ".join(str(problem) for problem in reading.report.problems[:3]), COULD_NOT_READ)
    if url is None:
        names = ", ".join(map(str, reading.files))
        remedy = 'say `policy: {database: "sqlite:///policy.db"}` or a postgresql:// URL, then `sidecar db init` and `sidecar db import`'
        refuse(f"{names}: there is no database of policy, so it stands in files and is changed there; to have one, {remedy}")
    return url, reading.sound


def with_environments(config: Sequence[Path]) -> tuple[str, Settings]:
    """The same with the environments, all of them sound or this ends the command. The backend's secrets need not be at hand."""
    url = url_in(config)
    reading = read_settings(config, None)
    if reading.sound is None or reading.report.prevents_loading:
        tell_fatal(reading.report.problems)
        raise SystemExit(1 if reading.sound is not None else COULD_NOT_READ)
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


def refuse_unusable(url: str, version: str | None, code: int = COULD_NOT_READ) -> None:
    """Say what to do and end, unless tables of this version are those of this sidecar."""
    unusable = why_not_usable(version)
    if unusable is not None:
        refuse(f"{shown(url)} {'; '.join(unusable)}", code)


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
    """The same for a database with the tables of this version; else say what to do and end with exit code 3."""
    if not is_there(url):
        refuse(f"{shown(url)} is not there; `sidecar db init` makes it", COULD_NOT_READ)

    async def do(database: Database) -> _T:
        refuse_unusable(url, await version_there(database))
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
    except Unavailable as error:
        refuse(f"{shown(url)} gives no answer ({error}); see whether it runs, and whether this is it", COULD_NOT_READ)
    except ValueError as error:
        refuse(f"{shown(url)} {error}", COULD_NOT_READ)
