"""Single users and tokens: the same as in the policy that the configuration makes, found by index among many."""

import asyncio
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from sqlalchemy import Select, insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from sidecar.database.database import Database
from sidecar.database.question import MOST_AT_ONCE
from sidecar.database.unavailable import Unavailable
from sidecar.database.url import database_url
from sidecar.identity.email import folded, names_by_email
from sidecar.policy.model import User
from sidecar.policy_database.lookup import (
    EMAILS,
    TOKENS,
    USERS,
    TokenOfUser,
    find_tokens,
    find_user,
    find_users,
    find_users_by_email,
)
from sidecar.policy_database.tables import users
from sidecar.policy_database.unsound import UnsoundRowError
from tests.databases import opened
from tests.policy_database.configurations import configurations
from tests.policy_database.stage import put, revision, run, take
from tests.policy_database.test_nested import policy
from tests.settings.sample import SAMPLE, SHA256, bent

_USERS, _TOKENS = 60_000, 150_000
_MANY = {
    "sqlite": "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})",
    "postgresql": "WITH n (i) AS (SELECT * FROM generate_series(1, {count}))",
}
_DIGEST = {"sqlite": "CAST(printf('%032d', i) AS BLOB)", "postgresql": "decode(lpad(i::text, 64, '0'), 'hex')"}


async def compare(url: str, content: dict[str, Any]) -> None:
    compiled = policy(content)
    async with opened(url) as database:
        await put(database, content)
        now = await revision(database)
        named = {name: replace(user, groups=user.groups - compiled.of_all) for name, user in compiled.users.items()}
        assert await find_users(database, ["nobody", *named]) == (now, named)
        found = {digest: TokenOfUser(token, named[token.user]) for digest, token in compiled.tokens.items()}
        assert await find_tokens(database, [bytes(32), *found]) == (now, found)
        addresses = {address: named[name] for address, name in names_by_email(named.values()).items() if name is not None}
        assert await find_users_by_email(database, ["nobody@example.com", *map(folded, addresses)]) == (now, addresses)


# Each example replaces the policy of the one before.
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=configurations())
def test_a_user_and_a_token_are_what_the_whole_policy_has(migrated: str, content: dict[str, Any]) -> None:
    asyncio.run(compare(migrated, content))


async def test_nobody_is_found_for_another_name_or_digest(database: Database) -> None:
    await put(database, SAMPLE)
    assert (await find_users(database, ["J.DEVRIES", "j.devries ", "j.devrie_", "%", ""]))[1] == {}
    assert (await find_tokens(database, [bytes(32), b"", bytes.fromhex(SHA256)[:31]]))[1] == {}
    assert (await find_tokens(database, [bytes.fromhex(SHA256)]))[1] != {}


@pytest.mark.parametrize(
    ("first", "second", "asked", "named"),
    [
        ("A@Example.com", "b@example.com", "a@example.com", "first"),
        ("a@example.com", "A@EXAMPLE.COM", "a@example.com", None),
        ("É@example.com", "é@example.com", "é@example.com", "second"),
        ("É@example.com", "é@example.com", "É@example.com", "first"),
        ("\u212a@example.com", "x@example.com", "k@example.com", None),  # the Kelvin sign
        ("straße@example.com", "x@example.com", "strasse@example.com", None),
        ("I@example.com", "x@example.com", "ı@example.com", None),
        (" a@example.com", "x@example.com", "a@example.com", None),  # nobody writes it so but past the sidecar
        ("", "x@example.com", "", None),
        ("a%@example.com", "x@example.com", "ab@example.com", None),
    ],
)
async def test_an_address_names_whom_it_is_of_alone(database: Database, first: str, second: str, asked: str, named: str | None) -> None:
    await run(database, f"INSERT INTO policy_users (name, email) VALUES ('first', '{first}'), ('second', '{second}')")  # noqa: S608
    _, found = await find_users_by_email(database, [folded(asked)])
    assert [user.name for user in found.values() if isinstance(user, User)] == [named] * (named is not None)


@pytest.mark.parametrize("attributes", ['{"employee": {"a": "b"}}', '{"employee": [["a"]]}', '["a"]', '"a"', '{"": "a"}'])
async def test_a_user_of_whom_nonsense_is_said_gets_nowhere(database: Database, attributes: str) -> None:
    await put(database, SAMPLE)
    await run(database, f"UPDATE policy_users SET attributes = '{attributes}' WHERE name = 'j.devries'".replace(":", r"\:"))  # noqa: S608
    _, found = await find_users(database, ["j.devries", "m.jansen"])
    assert isinstance(found["m.jansen"], User)
    assert isinstance(found["j.devries"], UnsoundRowError)
    assert str(found["j.devries"]) == "user `j.devries` can't be read"
    _, tokens = await find_tokens(database, [bytes.fromhex(SHA256)])
    [token] = tokens.values()
    assert isinstance(token, TokenOfUser)
    assert isinstance(token.user, UnsoundRowError)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE policy_users SET attributes = 'not JSON'",
        "UPDATE policy_users SET applications = 'not JSON'",
        "UPDATE policy_users SET applications = CAST(x'ff' AS TEXT)",
        "UPDATE policy_users SET email = CAST(x'ff' AS TEXT)",
        "UPDATE policy_users SET email = CAST(x'ff' AS BLOB)",
        "UPDATE policy_users SET blocked = 'false'",
        "UPDATE policy_users SET blocked = -1",
        "UPDATE policy_users SET system = 'no'",
        "UPDATE policy_tokens SET expires = 'some day'",
        "UPDATE policy_tokens SET expires = 1",
        "UPDATE policy_tokens SET expires = '9999-12-31 23:59:59-12:00'",
        "UPDATE policy_tokens SET description = CAST(x'ff' AS BLOB)",
        "UPDATE policy_tokens SET description = CAST(x'ff' AS TEXT)",
    ],
)
async def test_what_only_sqlite_takes_proves_nothing_and_spoils_nothing_for_others(
    database: Database, migrated: str, statement: str
) -> None:
    if migrated.startswith("postgresql"):
        pytest.skip("PostgreSQL knows better, or reads it otherwise")
    other = {"user": "m.jansen", "sha256": "77" * 32}
    await put(database, bent("app_connectors/hours/tokens", [*SAMPLE["app_connectors"]["hours"]["tokens"], other]))
    where = "name = 'j.devries'" if "policy_users" in statement else "user_name = 'j.devries'"
    await run(database, f"{statement} WHERE {where}")
    _, found = await find_tokens(database, [bytes.fromhex(SHA256), bytes.fromhex("77" * 32)])
    mine, others = found[bytes.fromhex(SHA256)], found[bytes.fromhex("77" * 32)]
    assert isinstance(others, TokenOfUser)
    assert isinstance(others.user, User)
    wrong = mine.user if isinstance(mine, TokenOfUser) else mine
    assert isinstance(wrong, UnsoundRowError)
    assert str(wrong).isprintable()
    if "JSON" in statement or "some day" in statement:
        with pytest.raises(UnsoundRowError, match="can't be read"):
            await take(database)


@pytest.mark.parametrize(
    ("expires", "is_over"),
    [
        ("infinity", False),
        ("-infinity", True),
        ("20000-01-01 00:00:00+00", False),
        ("9999-12-31 23:59:59-12", False),
        ("4000-01-01 00:00:00+00 BC", True),
        ("0001-01-01 00:00:00+14", True),
    ],
)
async def test_a_moment_beyond_all_calendars_is_far_away_and_spoils_nothing_for_others(
    database: Database, migrated: str, expires: str, *, is_over: bool
) -> None:
    if migrated.startswith("sqlite"):
        pytest.skip("SQLite has texts only")
    other = {"user": "m.jansen", "sha256": "77" * 32}
    await put(database, bent("app_connectors/hours/tokens", [*SAMPLE["app_connectors"]["hours"]["tokens"], other]))
    escaped = expires.replace(":", r"\:")
    await run(database, f"UPDATE policy_tokens SET expires = '{escaped}' WHERE user_name = 'j.devries'")  # noqa: S608
    _, found = await find_tokens(database, [bytes.fromhex(SHA256), bytes.fromhex("77" * 32)])
    mine, others = found[bytes.fromhex(SHA256)], found[bytes.fromhex("77" * 32)]
    assert isinstance(others, TokenOfUser)
    assert isinstance(mine, TokenOfUser)
    assert mine.token.expires is not None
    assert (mine.token.expires < datetime(1000, 1, 1, tzinfo=UTC)) == is_over
    assert (mine.token.expires > datetime(9000, 1, 1, tzinfo=UTC)) != is_over
    assert "tokens" in await take(database)


@pytest.mark.parametrize("name", ["", " ", "spaced ", "two\nlines", "\x1b[31m", "\x85"])
async def test_a_user_whose_name_no_configuration_takes_gets_nowhere(database: Database, name: str) -> None:
    await put(database, SAMPLE)
    async with database.writing() as connection:
        await connection.execute(insert(users).values(name=name, email="somebody@example.com"))
    assert all(isinstance(user, UnsoundRowError) for user in (await find_users(database, [name]))[1].values())
    by_address = (await find_users_by_email(database, ["somebody@example.com", "m.jansen@example.com"]))[1]
    assert isinstance(by_address["somebody@example.com"], UnsoundRowError)
    assert isinstance(by_address["m.jansen@example.com"], User)
    assert str(by_address["somebody@example.com"]).isprintable()


async def test_a_token_of_nobody_proves_nothing(database: Database, migrated: str) -> None:
    if migrated.startswith("postgresql"):
        pytest.skip("PostgreSQL has no way to leave one behind")
    await put(database, SAMPLE)
    with closing(sqlite3.connect(database_url(migrated).database or "")) as careless:  # which keeps no references unless it is told to
        careless.execute("DELETE FROM policy_users")
        careless.commit()
    _, found = await find_tokens(database, [bytes.fromhex(SHA256)])
    assert [str(each) for each in found.values()] == [f"token {SHA256[:12]} is of nobody"]


async def test_one_user_is_found_in_somebodys_transaction(database: Database) -> None:
    await put(database, SAMPLE)
    async with database.writing() as connection:
        await connection.execute(text("DELETE FROM policy_members WHERE user_name = 'm.jansen'"))
        user = await find_user(connection, "m.jansen", frozenset({"everyone"}))
        assert user is not None
        assert user.groups == {"everyone"}
        assert await find_user(connection, "nobody", frozenset()) is None
        assert await find_user(connection, "\ud800", frozenset()) is None
        await connection.execute(text("UPDATE policy_users SET attributes = '7'"))
        with pytest.raises(UnsoundRowError):
            await find_user(connection, "m.jansen", frozenset())


async def test_without_numbers_nothing_is_said(database: Database) -> None:
    await put(database, SAMPLE)
    await run(database, "DELETE FROM policy_revisions WHERE part = 'users'")
    with pytest.raises(Unavailable):
        await find_tokens(database, [bytes.fromhex(SHA256)])


async def test_a_question_is_one_statement_and_nothing_else(database: Database) -> None:
    await put(database, SAMPLE)
    await find_tokens(database, [bytes(32)])  # a connection is there
    said: list[str] = []
    driver = database._asker.driver
    if isinstance(driver, asyncpg.Connection):
        driver.add_query_logger(lambda record: said.append(record.query))
    else:
        await driver.set_trace_callback(said.append)
    for question in (find_tokens(database, [bytes(32)] * 7), find_users(database, ["a"]), find_users_by_email(database, ["a"])):
        said.clear()
        await question
        await asyncio.sleep(0)  # when PostgreSQL's driver tells it
        assert [each.split()[0] for each in said] == ["SELECT"]
    assert database._asker.driver is driver


async def test_among_many_one_is_found_by_index_alone(database: Database, migrated: str) -> None:
    await put(database, SAMPLE)
    unhurried = Database(migrated, patience=60)
    async with unhurried.writing() as connection:
        kind = connection.dialect.name
        await add(connection, _USERS, "policy_users (name, email)", "'user' || i, 'User' || i || '@example.com'")
        await add(connection, _USERS, "policy_members (group_name, user_name)", "'app', 'user' || i")
        token = f"{_DIGEST[kind]}, 'hours', 'user' || (1 + i % {_USERS})"
        await add(connection, _TOKENS, "policy_tokens (digest, app_connector, user_name)", token)
        await connection.execute(text("ANALYZE"))
    await unhurried.close()
    _, named = await find_users(database, ["user77"])
    assert isinstance(named["user77"], User)
    assert named["user77"].groups == {"app"}
    digests = [bytes.fromhex(f"{i:064}") if kind == "postgresql" else f"{i:032}".encode() for i in range(77, 77 + MOST_AT_ONCE)]
    _, found = await find_tokens(database, digests)
    assert len(found) == MOST_AT_ONCE
    first = found[digests[0]]
    assert isinstance(first, TokenOfUser)
    assert first.token.user == "user78"
    _, alone = await find_users_by_email(database, ["user77@example.com"])
    assert list(alone) == ["user77@example.com"]
    async with database.looking() as connection:
        for count in (1, 32):  # for hundreds PostgreSQL reads a table of this size as a whole, which then is quicker
            names = [f"user{i}" for i in range(count)]
            for query in (USERS.select(names), TOKENS.select(digests[:count]), EMAILS.select([f"{name}@example.com" for name in names])):
                assert reads_whole_tables(await plan_of(connection, query)) is False
        assert reads_whole_tables(await plan_of(connection, select(users).where(users.c.email == "a@example.com"))) is True


async def add(connection: AsyncConnection, count: int, columns: str, values: str) -> None:
    many = _MANY[connection.dialect.name].format(count=count)
    source = f"{many} SELECT {values} FROM n"  # noqa: S608  constants
    statement = f"INSERT INTO {columns} {source}"
    await connection.exec_driver_sql(statement)


def reads_whole_tables(plan: str) -> bool:
    """How both databases say so; what is found by index is a search to SQLite. The three numbers stand in a table of three rows."""
    return any("policy_revisions" not in line for line in plan.splitlines() if "seq scan" in line or "scan policy_" in line)


async def plan_of(connection: AsyncConnection, query: Select[Any]) -> str:
    compiled = query.compile(dialect=connection.dialect, compile_kwargs={"render_postcompile": True})
    explain = "EXPLAIN" if connection.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN"
    parameters = tuple(compiled.params[name] for name in compiled.positiontup or ())
    rows = (await connection.exec_driver_sql(f"{explain} {compiled}", parameters)).all()
    return "\n".join(str(row) for row in rows).lower()
