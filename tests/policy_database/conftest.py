"""Databases of policy, with their tables."""

from collections.abc import AsyncIterator

import pytest

from sidecar.database.database import Database
from sidecar.policy_database.migrate import migrate
from tests.databases import opened


@pytest.fixture
async def database(empty: str) -> AsyncIterator[Database]:
    """A database with the tables and no policy yet."""
    await migrate(empty)
    async with opened(empty) as database:
        yield database
