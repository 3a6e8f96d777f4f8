"""The way to a database: which kinds there are, what a transaction holds together, and silence about what was asked."""

import asyncio
import os
import stat
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from sidecar.database.database import Database
from sidecar.database.unavailable import Unavailable
from sidecar.database.url import database_url
from tests.databases import opened, sqlite_in


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("", "not the URL"),
        ("secret", "not the URL"),
        ("mysql+asyncmy://user:secret@host/db", "begins neither"),
        ("postgres://user:secret@host/db", "begins neither"),
        ("postgresql+psycopg://user:secret@host/db", "begins neither"),
        ("postgresql://user:secret@host:secret/db", "not the URL"),
        ("sqlite:///secret.db?mode=memory", "more in it"),
        ("sqlite://secret.db", "more in it"),
        ("sqlite://", "names no file"),
        ("sqlite+aiosqlite:///:memory:", "names no file"),
    ],
)
def test_another_kind_of_database_is_refused_without_repeating_its_url(url: str, message: str) -> None:
    with pytest.raises(ValueError, match=message) as raised:
        Database(url)
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("sqlite:///otp.db", "sqlite+aiosqlite:////etc/sidecar/otp.db"),
        ("sqlite:////var/lib/otp.db\n", "sqlite+aiosqlite:////var/lib/otp.db"),
        ("sqlite+aiosqlite:///below/otp.db", "sqlite+aiosqlite:////etc/sidecar/below/otp.db"),
        ("postgresql://user:s%40cret@host:5433/otp", "postgresql+asyncpg://user:s%40cret@host:5433/otp"),
        ("postgresql+asyncpg://host/otp?ssl=require", "postgresql+asyncpg://host/otp?ssl=require"),
    ],
)
@pytest.mark.skipif(os.name == "nt", reason="paths of POSIX")
def test_a_url_is_written_short_and_a_file_lies_beside_the_one_that_names_it(text: str, url: str) -> None:
    assert database_url(text, Path("/etc/sidecar")).render_as_string(hide_password=False) == url


def test_a_file_that_cant_be_made_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="can't be made"):
        Database(sqlite_in(tmp_path / "nowhere"))


@pytest.mark.skipif(os.name == "nt", reason="there are no such modes")
def test_a_file_that_everybody_may_write_to_is_refused_since_whoever_writes_to_it_makes_tokens(tmp_path: Path) -> None:
    file = tmp_path / "otp.db"
    file.touch()
    file.chmod(0o602)
    with pytest.raises(ValueError, match="everybody on this host may write to") as raised:
        Database(f"sqlite:///{file}")
    assert str(file) not in str(raised.value)
    file.chmod(0o660)  # as volumes of Kubernetes have it
    Database(f"sqlite:///{file}")


@pytest.mark.skipif(os.name == "nt", reason="there are no such modes")
async def test_the_file_is_its_owners_alone(tmp_path: Path) -> None:
    async with opened(sqlite_in(tmp_path)) as database, database.writing() as connection:
        await connection.execute(text("CREATE TABLE pairs (a INTEGER)"))
        assert [stat.S_IMODE(file.stat().st_mode) & 0o077 for file in tmp_path.iterdir()] == [0] * len(list(tmp_path.iterdir()))


async def test_what_fails_tells_its_kind_only(empty: str) -> None:
    with pytest.raises(Unavailable) as raised:
        async with opened(empty) as database, database.writing() as connection:
            await connection.execute(text("SELECT secret FROM nowhere"))
    assert str(raised.value) == ("SQLITE_ERROR" if empty.startswith("sqlite") else "UndefinedTableError")  # as the driver calls it
    assert raised.value.__cause__ is None


async def test_a_server_that_is_not_there_is_unavailable() -> None:
    database = Database("postgresql+asyncpg://user:secret@127.0.0.1:1/otp")
    with pytest.raises(Unavailable) as raised:
        async with database.looking():
            pass
    assert "secret" not in str(raised.value)
    await database.close()


async def test_what_raises_within_a_transaction_undoes_it_tables_too(empty: str) -> None:
    async def fail_halfway(database: Database) -> None:
        async with database.writing() as connection:
            await connection.execute(text("INSERT INTO pairs VALUES (1)"))
            await connection.execute(text("CREATE TABLE others (a INTEGER)"))
            raise ZeroDivisionError

    async with opened(empty) as database:
        await _make_pairs(database)
        with pytest.raises(ZeroDivisionError):
            await fail_halfway(database)
        async with database.looking() as connection:
            assert await _count(connection) == 0
        with pytest.raises(Unavailable):
            async with database.looking() as connection:
                await connection.execute(text("SELECT * FROM others"))


async def test_a_snapshot_is_of_one_moment_and_the_next_one_of_another(empty: str) -> None:
    async with opened(empty) as database:
        await _make_pairs(database)
        async with database.snapshot() as connection:
            before = await _count(connection)
            await _add(database)
            assert await _count(connection) == before == 0
        async with database.snapshot() as connection:
            assert await _count(connection) == 1


async def test_looking_after_a_snapshot_is_looking_at_the_moment_again(empty: str) -> None:
    async with opened(empty) as database:
        await _make_pairs(database)
        async with database.snapshot() as connection:
            await _count(connection)
        async with database.looking() as connection:  # on the same connection, which is no longer in that mode
            assert await _count(connection) == 0
            await _add(database)
            assert await _count(connection) == (1 if connection.dialect.name == "postgresql" else 0)


async def test_writers_wait_for_one_another_and_lose_nothing(empty: str) -> None:
    async def add_to_what_was_read(database: Database) -> None:
        async with database.writing() as connection:
            if connection.dialect.name == "postgresql":
                await connection.execute(text("LOCK TABLE pairs"))
            count = await _count(connection)
            await connection.execute(text("INSERT INTO pairs VALUES (:count)"), {"count": count})

    async with opened(empty) as first, opened(empty) as second:
        await _make_pairs(first)
        await asyncio.gather(*(add_to_what_was_read(database) for database in (first, second) * 5))
        async with first.looking() as connection:
            assert sorted((await connection.execute(text("SELECT a FROM pairs"))).scalars()) == list(range(10))


async def _make_pairs(database: Database) -> None:
    async with database.writing() as connection:
        await connection.execute(text("CREATE TABLE pairs (a INTEGER)"))


async def _add(database: Database) -> None:
    async with database.writing() as connection:
        await connection.execute(text("INSERT INTO pairs VALUES (1)"))


async def _count(connection: AsyncConnection) -> int:
    return int((await connection.execute(text("SELECT count(*) FROM pairs"))).scalar_one())
