"""Databases that hold the sample, with somebody who administers them."""

from collections.abc import AsyncIterator

import pytest

from sidecar.policy_database.migrate import migrate
from tests.administration.stage import Desk, sample_in
from tests.databases import opened


@pytest.fixture
async def desk(empty: str) -> AsyncIterator[Desk]:
    """A desk at a database with the sample in it."""
    await migrate(empty)
    async with opened(empty) as database:
        yield await sample_in(database)
