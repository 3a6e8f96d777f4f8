"""Single users and tokens: the same as in the policy that the configuration makes, found by index among many."""

import asyncio
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from sqlalchemy import Select, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from sidecar.database.database import Database
from sidecar.database.unavailable import Unavailable
from sidecar.policy.model import EVERYONE
from sidecar.policy_database.lookup import find_token, find_user, token_query, user_query
from sidecar.policy_database.tables import users
from sidecar.policy_database.unsound import UnsoundRowError
from tests.databases import opened
from tests.policy_database.configurations import configurations
from tests.policy_database.stage import put, run, take
from tests.policy_database.test_nested import policy
from tests.settings.sample import SAMPLE, SHA256

_USERS, _TOKENS = 100_000, 300_000
_MANY = {
    "sqlite": "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})",
    "postgresql": "WITH n (i) AS (SELECT * FROM generate_series(1, {count}))",
}
_DIGEST = {"sqlite": "CAST(printf('%032d', i) AS BLOB)", "postgresql": "decode(lpad(i::text, 64, '0'), 'hex')"}
_OF_ALL = frozenset({EVERYONE})


async def compare(url: str, content: dict[str, Any]) -> None:
    compiled = policy(content)
    of_all = _OF_ALL | {name for name, members in content["groups"].items() if members == "all"}
    async with opened(url) as database:
        await put(database, content)
        async with database.snapshot() as connection:
            for name, user in compiled.users.items():
                assert await find_user(connection, name, of_all) == user
            for digest, token in compiled.tokens.items():
                assert await find_token(connection, digest, of_all) == (token, compiled.users[token.user])


# Each example replaces the policy of the one before.
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=configurations())
def test_a_user_and_a_token_are_what_the_whole_policy_has(migrated: str, content: dict[str, Any]) -> None:
    asyncio.run(compare(migrated, content))


async def test_nobody_is_found_for_another_name_or_digest(database: Database) -> None:
    await put(database, SAMPLE)
    async with database.snapshot() as connection:
        for name in ("J.DEVRIES", "j.devries ", "j.devrie_", "%", "", "a\0", "\ud800"):
            assert await find_user(connection, name, _OF_ALL) is None
        for digest in (bytes(32), b"", bytes.fromhex(SHA256)[:31]):
            assert await find_token(connection, digest, _OF_ALL) is None
        assert await find_token(connection, bytes.fromhex(SHA256), _OF_ALL) is not None


@pytest.mark.parametrize("attributes", ['{"employee": {"a": "b"}}', '{"employee": [["a"]]}', '["a"]', '"a"', '{"": "a"}'])
async def test_a_user_of_whom_nonsense_is_said_gets_nowhere(database: Database, attributes: str) -> None:
    await put(database, SAMPLE)
    await run(database, f"UPDATE policy_users SET attributes = '{attributes}' WHERE name = 'j.devries'".replace(":", r"\:"))  # noqa: S608
    async with database.snapshot() as connection:
        with pytest.raises(UnsoundRowError, match=r"user `j\.devries`"):
            await find_user(connection, "j.devries", _OF_ALL)
        with pytest.raises(UnsoundRowError):
            await find_token(connection, bytes.fromhex(SHA256), _OF_ALL)
        assert await find_user(connection, "m.jansen", _OF_ALL) is not None


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE policy_users SET attributes = 'not JSON'",
        "UPDATE policy_users SET applications = 'not JSON'",
        "UPDATE policy_tokens SET expires = 'some day'",
        "UPDATE policy_tokens SET description = CAST(x'ff' AS BLOB)",
        "UPDATE policy_users SET email = CAST(x'ff' AS BLOB)",
    ],
)
async def test_what_only_sqlite_takes_proves_nothing(database: Database, statement: str) -> None:
    await put(database, SAMPLE)
    try:
        await run(database, statement)
    except Unavailable:
        return  # PostgreSQL knows better
    async with database.snapshot() as connection:
        with pytest.raises(UnsoundRowError) as raised:
            await find_token(connection, bytes.fromhex(SHA256), _OF_ALL)
        assert raised.value.__cause__ is None
    if "JSON" in statement or "some day" in statement:
        with pytest.raises(UnsoundRowError, match="can't be read"):
            await take(database)


async def test_among_many_one_is_found_by_index_alone(database: Database) -> None:
    await put(database, SAMPLE)
    async with database.writing() as connection:
        kind = connection.dialect.name
        await add(connection, _USERS, "policy_users (name)", "'user' || i")
        await add(connection, _USERS, "policy_members (group_name, user_name)", "'app', 'user' || i")
        token = f"{_DIGEST[kind]}, 'hours', 'user' || (1 + i % {_USERS})"
        await add(connection, _TOKENS, "policy_tokens (digest, app_connector, user_name)", token)
        await connection.execute(text("ANALYZE"))
    async with database.looking() as connection:
        user = await find_user(connection, "user77", _OF_ALL)
        assert user is not None
        assert user.groups == {EVERYONE, "app"}
        digest = bytes.fromhex(f"{77:064}") if kind == "postgresql" else f"{77:032}".encode()
        found = await find_token(connection, digest, _OF_ALL)
        assert found is not None
        assert found[1].name == "user78"
        for query in (user_query("user77"), token_query(digest)):
            assert reads_whole_tables(await plan_of(connection, query)) is False
        assert reads_whole_tables(await plan_of(connection, select(users).where(users.c.email == "a@example.com"))) is True


async def add(connection: AsyncConnection, count: int, columns: str, values: str) -> None:
    many = _MANY[connection.dialect.name].format(count=count)
    source = f"{many} SELECT {values} FROM n"  # noqa: S608  constants
    statement = f"INSERT INTO {columns} {source}"
    await connection.exec_driver_sql(statement)


def reads_whole_tables(plan: str) -> bool:
    """How both databases say so; what is found by index is a search to SQLite."""
    return "seq scan" in plan or "scan policy_" in plan


async def plan_of(connection: AsyncConnection, query: Select[Any]) -> str:
    compiled = query.compile(dialect=connection.dialect)
    explain = "EXPLAIN" if connection.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN"
    parameters = tuple(compiled.params[name] for name in compiled.positiontup or ())
    rows = (await connection.exec_driver_sql(f"{explain} {compiled}", parameters)).all()
    return "\n".join(str(row) for row in rows).lower()
