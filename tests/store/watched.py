"""A store whose policy is in a database, as tests watch it."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from sidecar.database.url import database_url
from sidecar.store.reload import PolicyStore, Reload
from tests.settings.sample import ENVIRON, NOW

PATIENCE = 20.0  # seconds; for a machine that is busy with other things
BLOCK = "UPDATE policy_app_connectors SET blocked = true WHERE name = 'hours'"
ALLOW = "UPDATE policy_app_connectors SET blocked = false WHERE name = 'hours'"


class Clock:
    """Goes as the other one does, and ahead of it by as much as is said."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self.ahead


class Watched:
    """A store whose policy is in a database, and every result that it told."""

    def __init__(self, config: Path, url: str) -> None:
        self.config = config
        self.url = url
        self.clock = Clock()
        self.store = PolicyStore([config], ENVIRON, lambda: NOW, seconds=self.clock)
        self.results: list[Reload] = []
        self.store.on_result(self.results.append)

    async def by_hand(self, *statements: str) -> None:
        """As somebody does who knows nothing of the sidecar."""
        engine = create_async_engine(database_url(self.url))
        async with engine.begin() as connection:
            for statement in statements:
                await connection.execute(text(statement))
        await engine.dispose()

    @property
    def blocked(self) -> bool:
        assert self.store.snapshot is not None
        return self.store.snapshot.policy.app_connectors["hours"].blocked


async def eventually(condition: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        await asyncio.sleep(0.02)
