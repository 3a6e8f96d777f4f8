"""Puts questions on one connection that stays open: one statement, one round trip, and past SQLAlchemy, whose way takes a millisecond."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import PoolProxiedConnection

from sidecar.database.question import Question

_SECONDS_TO_SAY_GOODBYE = 2.0

Answer = Sequence[Sequence[Any]]
_Fetch = Callable[[str, Sequence[Any]], Awaitable[Answer]]


class Asker:
    """One question is under way at a time. Whatever goes wrong, and whoever stops waiting: the connection is not used again."""

    def __init__(self, engine: AsyncEngine) -> None:
        """:param engine: opens the connection, and has no transaction begun on it."""
        self._engine = engine
        self._turn = asyncio.Lock()
        self._connection: PoolProxiedConnection | None = None
        self._fetch: _Fetch | None = None

    async def ask(self, question: Question, keys: Sequence[Any]) -> Answer:
        """All rows. On a connection that lay idle a failure may be that nobody is there any more: then it is asked again, on a new one.

        :raises Exception: whatever the driver raises.
        """
        statement, values = question.put(self._engine.dialect, keys)
        async with self._turn:
            if self._fetch is not None:
                with suppress(Exception):
                    return await self._answer(self._fetch, statement, values)
            return await self._answer(await self._opened(), statement, values)

    async def close(self) -> None:
        """Let go of the connection."""
        async with self._turn:
            if self._connection is not None:
                with suppress(Exception):
                    async with asyncio.timeout(_SECONDS_TO_SAY_GOODBYE):
                        await self._driver(self._connection).close()
            self._let_go()
        await self._engine.dispose()

    @property
    def driver(self) -> Any:
        """The connection as the driver has it; None before the first question."""
        return None if self._connection is None else self._driver(self._connection)

    async def _opened(self) -> _Fetch:
        self._connection = await self._engine.raw_connection()
        driver = self._driver(self._connection)
        if self._engine.dialect.name == "sqlite":
            self._fetch = driver.execute_fetchall
        else:
            self._fetch = lambda statement, values: driver.fetch(statement, *values)
        return self._fetch

    async def _answer(self, fetch: _Fetch, statement: str, values: Sequence[Any]) -> Answer:
        try:
            return await fetch(statement, values)
        except BaseException:
            self._let_go()
            raise

    def _let_go(self) -> None:
        """At once: to say goodbye on a connection that was cut, or behind a statement that is stuck, would take its time."""
        connection, self._connection, self._fetch = self._connection, None, None
        if connection is not None:
            connection.invalidate()

    @staticmethod
    def _driver(connection: PoolProxiedConnection) -> Any:
        return connection.driver_connection
