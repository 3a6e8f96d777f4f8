"""The API on each kind of database."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sidecar.policy_database.migrate import migrate
from tests.admin.api.port import Port, port_of
from tests.administration.stage import sample_in
from tests.databases import opened, sqlite_in


@pytest.fixture
async def api(empty: str) -> AsyncIterator[Port]:
    """The API on a database that holds the sample."""
    await migrate(empty)
    async with opened(empty) as database, port_of(await sample_in(database)) as port:
        yield port


@pytest.fixture
async def light(tmp_path: Path) -> AsyncIterator[Port]:
    """The same on SQLite only, for what has nothing to do with the database."""
    url = sqlite_in(tmp_path)
    await migrate(url)
    async with opened(url) as database, port_of(await sample_in(database)) as port:
        yield port
