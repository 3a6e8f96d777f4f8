"""Issued tokens for those who look after them: read and revoked in the database, whether a sidecar runs or not."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from sidecar.database.database import Database
from sidecar.database.unavailable import Unavailable
from sidecar.database.url import database_url
from sidecar.otp.issued_token import IssuedToken
from sidecar.otp.token_rows import remove_token, tokens_of
from sidecar.settings.read import Reading
from sidecar.store.database_url import UnreadableUrlError, issued_database_of

_T = TypeVar("_T")


class UnknownDatabaseError(Exception):
    """Nobody can say which tokens were issued. The message names the place."""


def issued_tokens(reading: Reading) -> list[IssuedToken]:
    """All of them; none where the configuration has no token authority, or it was never started.

    :raises UnknownDatabaseError: the database can't be found or gives no answer.
    """
    url = _url(reading)
    return [] if url is None else _ask(url, tokens_of)


def revoke_issued(reading: Reading, token: IssuedToken) -> None:
    """Take it away; every running sidecar on this database hears of it within a second.

    :raises UnknownDatabaseError: the token may still work.
    """
    url = _url(reading)
    if url is not None:
        _change(url, lambda connection: remove_token(connection, token.digest))


def _url(reading: Reading) -> str | None:
    """The database's URL, if there are tokens in it."""
    try:
        url = issued_database_of(reading)
    except UnreadableUrlError as error:
        raise UnknownDatabaseError(str(error)) from None
    if url is None:
        return None
    file = database_url(url)
    never_started = file.get_backend_name() == "sqlite" and not Path(str(file.database)).exists()
    return None if never_started else url


def _ask(url: str, question: Callable[[AsyncConnection], Awaitable[_T]]) -> _T:
    return _over(url, Database.looking, question)


def _change(url: str, change: Callable[[AsyncConnection], Awaitable[_T]]) -> _T:
    return _over(url, Database.writing, change)


def _over(
    url: str,
    connect: Callable[[Database], AbstractAsyncContextManager[AsyncConnection]],
    work: Callable[[AsyncConnection], Awaitable[_T]],
) -> _T:
    async def do() -> _T:
        database = Database(url)
        try:
            async with connect(database) as connection:
                return await work(connection)
        finally:
            await database.close()

    try:
        return asyncio.run(do())
    except (Unavailable, ValueError) as error:
        raise UnknownDatabaseError(f"the database of issued tokens gives no answer ({error})") from None
