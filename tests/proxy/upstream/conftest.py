"""Scripted backends and pools that are cleaned up; every test that uses a loop runs on asyncio's own and, where it exists, on uvloop."""

import asyncio
import gc
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

import pytest

from sidecar.proxy.upstream import Pool
from tests.proxy.upstream.scripted_backend import TIMEOUTS, Script, ScriptedBackend

LOOPS: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {"asyncio": asyncio.new_event_loop}
if sys.platform != "win32" and sys.implementation.name == "cpython":
    import uvloop

    LOOPS["uvloop"] = uvloop.new_event_loop


def pytest_asyncio_loop_factories(config: pytest.Config, item: pytest.Item) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    return LOOPS


@pytest.fixture
async def backend() -> AsyncIterator[Callable[[Script], Awaitable[ScriptedBackend]]]:
    """Starts backends without TLS."""
    started: list[ScriptedBackend] = []

    async def start(script: Script) -> ScriptedBackend:
        started.append(ScriptedBackend(script))
        await started[-1].start()
        return started[-1]

    yield start
    for each in started:
        await each.stop()


@pytest.fixture
async def pool() -> AsyncIterator[Pool]:
    """A pool with ordinary time-outs. Afterwards nothing of it may be open."""
    pool = Pool(TIMEOUTS)
    yield pool
    await pool.close()
    assert (pool.open_connections, pool.idle_connections) == (0, 0)
    gc.collect()
