"""Operations on a policy in a database for commands: which database, who does it, and what becomes of what goes wrong."""

import asyncio
import getpass
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

import click
from pydantic import BaseModel

from sidecar.administration.catalogue import OPERATIONS
from sidecar.administration.not_done import InvalidError, NotDoneError
from sidecar.administration.operation import Operation, Request
from sidecar.administration.perform import Administration, perform
from sidecar.administration.requests import read_request
from sidecar.cli.configuration import COULD_NOT_READ
from sidecar.database.database import Database
from sidecar.database.unavailable import Unavailable
from sidecar.database.url import database_url
from sidecar.policy_database.migrate import is_migrated
from sidecar.settings.model import Settings
from sidecar.settings.read import read_settings
from sidecar.store.database_url import UnreadableUrlError, policy_database_of


def request_for(operation: Operation, content: Mapping[str, Any]) -> Request:
    """The request; else it is wrong usage."""
    try:
        return read_request(operation, content)
    except InvalidError as error:
        raise click.UsageError(str(error)) from None


def done(config: Sequence[Path], name: str, content: Mapping[str, Any], who: str = "") -> BaseModel:
    """What an operation gives; else tell why it was not done and end.

    :param who: for the audit; the user of this machine unless said.
    """
    try:
        return attempted(config, name, content, who)
    except NotDoneError as error:
        _refuse(str(error))


def attempted(config: Sequence[Path], name: str, content: Mapping[str, Any], who: str = "") -> BaseModel:
    """The same.

    :raises NotDoneError: it was not done.
    """
    operation = OPERATIONS[name]
    request = request_for(operation, content)
    url, files = _database_in(config)
    try:
        return asyncio.run(_perform(url, files, operation, request, who or myself()))
    except (Unavailable, ValueError) as error:
        _refuse(f"the database of policy gives no answer ({error})", COULD_NOT_READ)


def myself() -> str:
    """Who calls the command, for the audit."""
    try:
        return f"cli:{getpass.getuser()}"
    except (OSError, KeyError, ImportError):  # a container's user may have no name
        return "cli:unknown"


async def _perform(url: str, files: Settings, operation: Operation, request: Request, who: str) -> BaseModel:
    database = Database(url)
    try:
        if not await is_migrated(database):
            _refuse("the database of policy lacks the tables of this version: `sidecar db migrate` makes them", COULD_NOT_READ)
        return await perform(Administration(database, files), operation, request, who, datetime.now(UTC))
    finally:
        await database.close()


def _database_in(config: Sequence[Path]) -> tuple[str, Settings]:
    """The database, and the settings that stand in files. The backend's secrets need not be at hand where policy is administered."""
    try:
        url = policy_database_of(read_settings(config, os.environ))
    except UnreadableUrlError as error:
        _refuse(str(error), COULD_NOT_READ)
    reading = read_settings(config, None)
    if reading.sound is None or reading.report.prevents_loading:
        for problem in reading.report.problems:
            if problem.prevents_loading:
                click.echo(str(problem), err=True)
        raise SystemExit(1 if reading.sound is not None else COULD_NOT_READ)
    if url is None:
        files = ", ".join(map(str, reading.files))
        _refuse(f"policy stands in files ({files}): change it there, or bring it into a database: `policy.database`, `sidecar db import`")
    parsed = database_url(url)
    if parsed.get_backend_name() == "sqlite" and not Path(str(parsed.database)).exists():
        _refuse(f"there is no file {parsed.database}: `sidecar db init` makes it", COULD_NOT_READ)
    return url, reading.sound


def _refuse(message: str, code: int = 1) -> NoReturn:
    click.echo(message, err=True)
    raise SystemExit(code)
