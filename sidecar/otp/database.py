"""The database behind the token authority: SQLite in a file, or PostgreSQL shared by replicas."""

import asyncio
import os
import stat
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Table, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from sidecar.otp.database_url import database_url
from sidecar.otp.schema import metadata, revision
from sidecar.otp.unavailable import Unavailable

_SECONDS_FOR_A_LOCK = 5.0
_SECONDS_FOR_A_CONNECTION = 5.0
_WRITERS = {"sqlite": 1, "postgresql": 5}  # SQLite has one writer at a time: a queue in here is fairer than its lock
_CREATIONS = 5
_PAUSE = 0.2

Upsert = sqlite.Insert | postgresql.Insert


class Database:
    """Two ways to the same database: one for writing, one for looking, so that no flood of requests for codes delays a revocation."""

    def __init__(self, url: str) -> None:
        """:raises ValueError: for a URL of another kind; the text holds no part of it."""
        parsed = database_url(url)
        self._writer = _engine(parsed, _WRITERS[parsed.get_backend_name()])
        self._reader = _engine(parsed, 1)
        self._insert: Callable[[Table], Upsert] = sqlite.insert if parsed.get_backend_name() == "sqlite" else postgresql.insert

    def insert(self, table: Table) -> Upsert:
        """An INSERT that knows ON CONFLICT, which both databases spell alike, but SQLAlchemy in a class for each."""
        return self._insert(table)

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """A transaction, committed at the end. Its first statement must be one that writes, so that it never waits for a lock halfway.

        :raises Unavailable: nothing was written, as far as can be known.
        """
        with _faults():
            async with AsyncExitStack() as stack:
                with _faults((Exception,)):
                    connection = await stack.enter_async_context(self._writer.begin())
                yield connection

    @asynccontextmanager
    async def looking(self) -> AsyncIterator[AsyncConnection]:
        """For one statement that reads.

        :raises Unavailable: there is no answer.
        """
        with _faults():
            async with AsyncExitStack() as stack:
                with _faults((Exception,)):
                    connection = await stack.enter_async_context(self._reader.connect())
                yield connection

    async def create(self) -> None:
        """Make the tables that are not there. Several replicas may do so at the same moment.

        :raises Unavailable: they could not be made.
        """
        for attempt in range(_CREATIONS):
            try:
                async with self.writing() as connection:
                    await connection.run_sync(metadata.create_all)
                    first = self.insert(revision).values(id=1, number=1)
                    await connection.execute(first.on_conflict_do_nothing(index_elements=[revision.c.id]))
                return
            except Unavailable:  # two that make the same table: one of them fails, and finds it made on looking again
                if attempt == _CREATIONS - 1:
                    raise
                await asyncio.sleep(_PAUSE)

    async def close(self) -> None:
        """Let go of all connections."""
        await self._writer.dispose()
        await self._reader.dispose()


@contextmanager
def _faults(kinds: tuple[type[Exception], ...] = (SQLAlchemyError, OSError)) -> Iterator[None]:
    """Texts of database errors quote statements, parameters and passwords: the kind is all that leaves this file.

    :param kinds: what counts as the database's fault; while connecting that is everything, since drivers raise errors of their own.
    """
    try:
        yield
    except kinds as error:
        raise Unavailable(type(error).__name__) from None


def _engine(url: URL, connections: int) -> AsyncEngine:
    of_sqlite = url.get_backend_name() == "sqlite"
    engine = create_async_engine(
        url,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=_SECONDS_FOR_A_CONNECTION,
        pool_pre_ping=not of_sqlite,  # a server may have closed a connection that lay idle
        hide_parameters=True,
        connect_args={"timeout": _SECONDS_FOR_A_LOCK} if of_sqlite else {"timeout": _SECONDS_FOR_A_CONNECTION, "command_timeout": 5.0},
    )
    if of_sqlite:
        _private(Path(str(url.database)))
        event.listen(engine.sync_engine, "connect", _look_while_others_write)
    return engine


def _private(file: Path) -> None:
    """The file is its owner's alone; those that SQLite puts beside it follow it."""
    try:
        file.touch(mode=0o600)
    except OSError as error:
        raise ValueError(f"names a file that can't be made: {error.strerror}") from None
    if os.name == "posix" and file.stat().st_mode & stat.S_IWOTH:
        raise ValueError("names a file that everybody on this host may write to, and so make himself a token: take that right away")


def _look_while_others_write(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.close()
