"""Hears at once what PostgreSQL notifies of. Nobody may depend on it: a connection can be cut without a sound, a notification be lost."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from sidecar.database.unavailable import Unavailable
from sidecar.database.url import database_url

_PATIENCE = 5.0  # seconds, for connecting and for a sign of life


async def listen(url: str, channel: str, heard: Callable[[], None], began: Callable[[], None], every: float) -> None:
    """Have `heard` called for each notification, until the connection is lost.

    :param url: of a PostgreSQL.
    :param began: is called once it listens.
    :param every: so many seconds the connection is tried.
    :raises Unavailable: there is no connection.
    """
    engine = create_async_engine(
        database_url(url), poolclass=NullPool, hide_parameters=True, connect_args={"timeout": _PATIENCE, "command_timeout": _PATIENCE}
    )
    try:
        await _listen(engine, channel, heard, began, every)
    except Exception as error:  # drivers raise errors of their own, whose texts may quote a password
        raise Unavailable(type(error).__name__) from None
    finally:
        await engine.dispose()


async def _listen(engine: AsyncEngine, channel: str, heard: Callable[[], None], began: Callable[[], None], every: float) -> None:
    lost = asyncio.Event()
    async with engine.connect() as connection:
        listener = (await connection.get_raw_connection()).driver_connection
        assert listener is not None  # noqa: S101  there is one behind every open connection
        listener.add_termination_listener(lambda _listener: lost.set())
        await listener.add_listener(channel, lambda *_: heard())
        began()
        try:
            while not lost.is_set():
                with suppress(TimeoutError):
                    async with asyncio.timeout(every):
                        await lost.wait()
                if not lost.is_set():
                    await listener.execute("SELECT 1")
        finally:
            listener.terminate()  # to say goodbye on a connection that was cut would take its time
