"""What all tests share: a PostgreSQL server, and how many examples the property tests try.

Those are few and always the same in an ordinary run, many and different ones in a thorough run.

HYPOTHESIS_PROFILE=thorough python -m pytest tests/filters tests/policy
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from sidecar.policy_database.migrate import migrate
from tests.databases import new_on, sqlite_in
from tests.postgres import DATABASES, running_postgres

# No example database: a run leaves nothing behind, and a failure prints the example to copy into a test.
_UNHURRIED = settings(deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])

settings.register_profile("default", _UNHURRIED, max_examples=200, derandomize=True)
settings.register_profile("thorough", _UNHURRIED, max_examples=5_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a PostgreSQL server that is started for the first test that asks, and lives as long as the tests."""
    with running_postgres() as url:
        yield url


@pytest.fixture(params=DATABASES)
async def empty(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database: SQLite in a file, and PostgreSQL."""
    return sqlite_in(tmp_path) if request.param == "sqlite" else await new_on(request.getfixturevalue("postgres"))


@pytest.fixture
async def migrated(empty: str) -> str:
    """The URL of a database with the tables of a policy."""
    await migrate(empty)
    return empty
