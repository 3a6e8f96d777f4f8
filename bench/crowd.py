"""A crowd in a database: as many users with their tokens as a measurement wants, written in the fastest way that each database has.

python -m bench.crowd sqlite:///policy.db 1000000
"""

import asyncio
import sqlite3
import sys
from collections.abc import Iterator
from itertools import islice
from typing import Any

import asyncpg

from bench import work
from bench.under_test import Scale, policy
from sidecar.database.database import Database
from sidecar.database.url import database_url
from sidecar.policy_database.audit import Change
from sidecar.policy_database.contents import import_policy
from sidecar.policy_database.migrate import migrate
from sidecar.settings.model import Settings
from sidecar.store.reload import utc_now

_AT_ONCE = 50_000

_USERS = "policy_users", ("name", "email", "applications", "attributes")
_MEMBERS = "policy_members", ("group_name", "user_name")
_TOKENS = "policy_tokens", ("digest", "app_connector", "user_name", "description")


async def gather(url: str, users: int, tokens_each: int = 3) -> None:
    """Make the tables in an empty database, and put a policy with this many users there."""
    await migrate(url)
    database = Database(url)
    try:
        async with database.writing() as connection:
            await import_policy(connection, Settings.model_validate(policy(Scale(users=0))), Change(utc_now(), "bench", "import", "policy"))
    finally:
        await database.close()
    parsed = database_url(url)
    if parsed.get_backend_name() == "sqlite":
        _into_sqlite(str(parsed.database), users, tokens_each)
    else:
        await _into_postgresql(parsed.set(drivername="postgresql").render_as_string(hide_password=False), users, tokens_each)


def _into_sqlite(file: str, users: int, tokens_each: int) -> None:
    connection = sqlite3.connect(file)
    connection.execute("PRAGMA foreign_keys=ON")
    with connection:
        for (table, columns), rows in _rows(users, tokens_each):
            places = ", ".join("?" * len(columns))
            statement = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})"  # noqa: S608  constants
            connection.executemany(statement, rows)
    connection.execute("ANALYZE")
    connection.close()


async def _into_postgresql(url: str, users: int, tokens_each: int) -> None:
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction():
            for (table, columns), rows in _rows(users, tokens_each):
                while some := list(islice(rows, _AT_ONCE)):
                    await connection.copy_records_to_table(table, records=some, columns=columns)
        await connection.execute("ANALYZE")
    finally:
        await connection.close()


def _rows(users: int, tokens_each: int) -> Iterator[tuple[tuple[str, tuple[str, ...]], Iterator[tuple[Any, ...]]]]:
    yield _USERS, (_user(number) for number in range(users))
    yield _MEMBERS, (("staff", work.user_name(number)) for number in range(users))
    yield (
        _TOKENS,
        (
            (bytes.fromhex(token.digest), "hours", token.user, token.device)
            for number in range(users)
            for token in work.tokens_of(number, tokens_each)
        ),
    )


def _user(number: int) -> tuple[str, str, str, str]:
    name = work.user_name(number)
    return name, f"{name}@example.com", '["pocket"]', f'{{"departments": ["{work.department_of(number)}"]}}'


if __name__ == "__main__":
    asyncio.run(gather(sys.argv[1], int(sys.argv[2])))
