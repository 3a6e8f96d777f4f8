"""The database behind it: which kinds there are, made by several at once, and silent about itself."""

import asyncio
import os
import stat
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable

from sidecar.otp.database import Database
from sidecar.otp.database_url import database_url
from sidecar.otp.schema import metadata
from sidecar.otp.unavailable import Unavailable
from tests.otp.stage import Replica, Stage, sqlite_in


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("", "not the URL"),
        ("secret", "not the URL"),
        ("mysql+asyncmy://user:secret@host/db", "another kind"),
        ("postgresql+psycopg://user:secret@host/db", "another kind"),
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
    database = Database(sqlite_in(tmp_path))
    await database.create()
    assert [stat.S_IMODE(file.stat().st_mode) & 0o077 for file in tmp_path.iterdir()] == [0] * len(list(tmp_path.iterdir()))
    await database.close()


async def test_replicas_that_start_at_once_all_find_the_tables(stage: Stage) -> None:
    async with AsyncExitStack() as stack:
        databases = [Database(stage.url) for _ in range(4)]
        for database in databases:
            stack.push_async_callback(database.close)
        await asyncio.gather(*(database.create() for database in databases))


async def test_what_fails_tells_its_kind_only(replica: Replica) -> None:
    with pytest.raises(Unavailable) as raised:
        async with replica.database.writing() as connection:
            await connection.execute(text("SELECT secret FROM nowhere"))
    assert "secret" not in str(raised.value)
    assert raised.value.__cause__ is None


async def test_a_server_that_is_not_there_is_unavailable() -> None:
    database = Database("postgresql+asyncpg://user:secret@127.0.0.1:1/otp")
    with pytest.raises(Unavailable) as raised:
        async with database.looking():
            pass
    assert "secret" not in str(raised.value)
    await database.close()


async def test_what_raises_within_a_transaction_undoes_it(replica: Replica) -> None:
    async def fail_halfway() -> None:
        async with replica.database.writing() as connection:
            await connection.execute(text("DELETE FROM otp_revision"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail_halfway()
    async with replica.database.looking() as connection:
        assert (await connection.execute(text("SELECT count(*) FROM otp_revision"))).scalar_one() == 1


def test_postgresql_takes_the_tables() -> None:
    dialect = postgresql.asyncpg.dialect()  # type: ignore[no-untyped-call]
    for table in metadata.sorted_tables:
        assert "BYTEA" in str(CreateTable(table).compile(dialect=dialect)) or table.name == "otp_revision"
