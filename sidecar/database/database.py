"""A database: SQLite in a file, or PostgreSQL shared by replicas. Its errors tell their kind and nothing of what was asked."""

import os
import stat
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from sidecar.database.asking import Answer, Asker
from sidecar.database.question import Question
from sidecar.database.unavailable import Unavailable
from sidecar.database.url import database_url

PATIENCE = 5.0
"""Seconds for a lock and for a statement, where somebody is served meanwhile."""

_SECONDS_FOR_A_CONNECTION = 5.0
_WRITERS = {"sqlite": 1, "postgresql": 5}  # SQLite has one writer at a time: a queue in here is fairer than its lock

Upsert = sqlite.Insert | postgresql.Insert


class Database:
    """Three ways to the same database: for writing, for looking, and for single questions, so that no flood of one delays the others."""

    def __init__(self, url: str, patience: float = PATIENCE) -> None:
        """The database at a URL; nothing is opened yet.

        :param patience: seconds for a lock and for a statement.
        :raises ValueError: for a URL of another kind; the text holds no part of it.
        """
        parsed = database_url(url)
        self._writer = _engine(parsed, _WRITERS[parsed.get_backend_name()], patience, "BEGIN IMMEDIATE")
        self._reader = _engine(parsed, 1, patience, "BEGIN")
        self._asker = Asker(_asking(parsed, patience))
        self._insert: Callable[[Table], Upsert] = sqlite.insert if parsed.get_backend_name() == "sqlite" else postgresql.insert

    def insert(self, table: Table) -> Upsert:
        """An INSERT that knows ON CONFLICT, which both databases spell alike, but SQLAlchemy in a class for each."""
        return self._insert(table)

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """A transaction, committed at the end. SQLite's one lock is taken at once, so that none is waited for halfway.

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

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[AsyncConnection]:
        """For several statements that read, all of the same moment, whatever others write meanwhile.

        :raises Unavailable: there is no answer.
        """
        async with self.looking() as connection:
            if connection.dialect.name == "postgresql":  # SQLite's transactions are so by themselves
                with _faults((Exception,)):
                    await connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            yield connection

    async def ask(self, question: Question, keys: Sequence[Any]) -> Answer:
        """All rows of one statement that reads, in a single round trip: with no transaction around it, and no look before whether the
        connection still lives. On one that does not, it is asked again, once.

        :raises Unavailable: there is no answer.
        """
        with _faults((Exception,)):
            return await self._asker.ask(question, keys)

    async def close(self) -> None:
        """Let go of all connections."""
        for each in (self._writer, self._reader):
            await each.dispose()
        await self._asker.close()


@contextmanager
def _faults(kinds: tuple[type[Exception], ...] = (SQLAlchemyError, OSError)) -> Iterator[None]:
    """Texts of database errors quote statements, parameters and passwords: the kind is all that leaves this file.

    :param kinds: what counts as the database's fault; that is everything while connecting, and wherever a driver is asked itself, since
        drivers raise errors of their own.
    """
    try:
        yield
    except kinds as error:
        raise Unavailable(_kind(error)) from None


def _kind(error: BaseException) -> str:
    """What the driver itself calls it, such as SQLITE_FULL or InvalidPasswordError, where SQLAlchemy wraps that in a kind of its own."""
    if isinstance(error, DBAPIError) and error.orig is not None:
        error = error.orig.__cause__ or error.orig
    return str(getattr(error, "sqlite_errorname", type(error).__name__))


def _engine(url: URL, connections: int, patience: float, begin: str) -> AsyncEngine:
    of_sqlite = url.get_backend_name() == "sqlite"
    # A server may have closed a connection that lay idle.
    engine = _pool(url, connections, patience, pool_pre_ping=not of_sqlite)
    if of_sqlite:
        _private(Path(str(url.database)))
        event.listen(engine.sync_engine, "begin", lambda connection: _begin(connection, begin))
    return engine


def _asking(url: URL, patience: float) -> AsyncEngine:
    if url.get_backend_name() == "postgresql":
        # What a connection was told once it knows for as long as it lives.
        return _pool(url, 1, patience, {"max_cached_statement_lifetime": 0})
    engine = _pool(url, 1, patience)  # each statement of SQLite is of one moment by itself
    event.listen(engine.sync_engine, "connect", _take_any_text)
    return engine


def _pool(url: URL, connections: int, patience: float, driver: Mapping[str, Any] | None = None, **more: Any) -> AsyncEngine:
    of_sqlite = url.get_backend_name() == "sqlite"
    patiently = {"timeout": patience} if of_sqlite else {"timeout": _SECONDS_FOR_A_CONNECTION, "command_timeout": patience}
    engine = create_async_engine(
        url,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=_SECONDS_FOR_A_CONNECTION,
        hide_parameters=True,
        connect_args={**patiently, **(driver or {})},
        **more,
    )
    if of_sqlite:
        event.listen(engine.sync_engine, "connect", _prepare)
    return engine


def _private(file: Path) -> None:
    """The file is its owner's alone; those that SQLite puts beside it follow it."""
    try:
        file.touch(mode=0o600)
    except OSError as error:
        raise ValueError(f"names a file that can't be made: {error.strerror}") from None
    if os.name == "posix" and file.stat().st_mode & stat.S_IWOTH:
        raise ValueError("names a file that everybody on this host may write to, and so make himself a token: take that right away")


def _prepare(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # Python's own transactions leave out what reads and what makes tables
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")  # others can look while one writes
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _take_any_text(connection: Any, _record: Any) -> None:
    """SQLite keeps anything as text. What is none must not spoil an answer that is about others too: it comes as half surrogate pairs."""
    connection.driver_connection.text_factory = lambda data: data.decode("utf-8", "surrogateescape")


def _begin(connection: Connection, statement: str) -> None:
    connection.exec_driver_sql(statement)
