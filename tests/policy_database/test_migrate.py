"""Migrations: from nothing and from any earlier version to what the tables say; interrupted, at once, and of a later version."""

import asyncio
import subprocess
import sys
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text

from sidecar.database.unavailable import Unavailable
from sidecar.otp.tables import make_tables
from sidecar.policy_database import migrate as migrating
from sidecar.policy_database.migrate import (
    VERSION_TABLE,
    Migration,
    UnknownVersionError,
    known_versions,
    migrate,
    newest_version,
    version_there,
)
from sidecar.policy_database.tables import PARTS, metadata
from tests.databases import opened

VERSIONS = sorted(script.revision for script in ScriptDirectory(str(migrating._FOLDER)).walk_revisions())


# Neither SQLAlchemy nor Alembic can read an index on an expression back from SQLite; `_described` reads its statement.
@pytest.mark.filterwarnings("ignore:autogenerate skipping metadata-specified expression-based index:UserWarning")
@pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index:sqlalchemy.exc.SAWarning")
async def test_models_and_migrations_agree(empty: str) -> None:
    await migrate(empty)
    async with opened(empty) as database, database.writing() as connection:
        assert await connection.run_sync(_differences) == []
        migrated = await connection.run_sync(_described)
        await connection.run_sync(metadata.drop_all)
        await connection.run_sync(metadata.create_all)
        assert migrated == await connection.run_sync(_described)
        assert migrated["policy_tokens"]["checks"]
        assert migrated["policy_users"]["indexes"]


def _differences(connection: Connection) -> list[Any]:
    return list(compare_metadata(MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE}), metadata))


def _described(connection: Connection) -> dict[str, Any]:
    """All that the database says of the tables: more than autogenerate compares."""
    inspector = inspect(connection)
    indexes = text("SELECT sql FROM sqlite_master WHERE type = 'index' AND tbl_name = :table AND sql IS NOT NULL ORDER BY name")
    return {
        table.name: {
            "columns": [{**column, "type": str(column["type"])} for column in inspector.get_columns(table.name)],
            "key": inspector.get_pk_constraint(table.name),
            "references": sorted(inspector.get_foreign_keys(table.name), key=str),
            "indexes": sorted(inspector.get_indexes(table.name), key=str)
            if connection.dialect.name == "postgresql"
            else connection.execute(indexes, {"table": table.name}).scalars().all(),
            "checks": sorted(inspector.get_check_constraints(table.name), key=str),
        }
        for table in metadata.sorted_tables
    }


@pytest.mark.parametrize("version", VERSIONS)
async def test_any_earlier_version_is_brought_to_the_last_and_keeps_what_it_had(empty: str, version: str) -> None:
    assert await migrate(empty, version) == Migration(None, version)
    async with opened(empty) as database:
        async with database.writing() as connection:
            await connection.execute(text("INSERT INTO policy_users (name) VALUES ('j.devries')"))
        assert (await version_there(database) == newest_version()) == (version == VERSIONS[-1])
        for before in (version, VERSIONS[-1]):  # the second time there is nothing to do
            assert await migrate(empty) == Migration(before, VERSIONS[-1])
            async with database.looking() as connection:
                assert (await connection.execute(text("SELECT name FROM policy_users"))).scalars().all() == ["j.devries"]
        assert await version_there(database) == newest_version()


async def test_an_empty_database_is_not_migrated(empty: str) -> None:
    async with opened(empty) as database:
        assert await version_there(database) != newest_version()


async def test_a_migration_that_is_interrupted_has_not_happened(empty: str, monkeypatch: pytest.MonkeyPatch) -> None:
    upgrade = migrating._upgrade

    def interrupted(connection: Connection, to: str) -> None:
        upgrade(connection, to)
        raise ZeroDivisionError

    monkeypatch.setattr(migrating, "_upgrade", interrupted)
    with pytest.raises(ZeroDivisionError):
        await migrate(empty)
    async with opened(empty) as database, database.looking() as connection:
        assert await connection.run_sync(lambda connection: inspect(connection).get_table_names()) == []
    monkeypatch.undo()
    await migrate(empty)
    async with opened(empty) as database:
        assert await version_there(database) == newest_version()


_KILLED = """
import asyncio, sys, time
from sidecar.policy_database import migrate

upgrade = migrate._upgrade

def slowly(connection, to):
    upgrade(connection, to)
    print("all but committed", flush=True)
    time.sleep(60)

migrate._upgrade = slowly
asyncio.run(migrate.migrate(sys.argv[1]))
"""


async def test_a_migration_whose_process_is_killed_has_not_happened(empty: str) -> None:
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", _KILLED, empty, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    assert await process.stdout.readline() == b"all but committed\n"
    process.kill()
    await process.wait()
    await migrate(empty)  # waits until PostgreSQL has noticed
    async with opened(empty) as database:
        assert await version_there(database) == newest_version()
        async with database.looking() as connection:
            assert (await connection.execute(text("SELECT count(*) FROM policy_groups"))).scalar_one() == 1


async def test_a_statement_that_fails_halfway_leaves_no_table_behind(empty: str) -> None:
    async with opened(empty) as database:
        async with database.writing() as connection:
            await connection.execute(text("CREATE TABLE policy_tokens (a INTEGER)"))  # not ours
        with pytest.raises(Unavailable):
            await migrate(empty)
        async with database.looking() as connection:
            assert await connection.run_sync(lambda connection: inspect(connection).get_table_names()) == ["policy_tokens"]


async def test_processes_that_migrate_at_once_wait_for_the_first(empty: str) -> None:
    code = "import asyncio, sys; from sidecar.policy_database.migrate import migrate; asyncio.run(migrate(sys.argv[1]))"
    processes = [await asyncio.create_subprocess_exec(sys.executable, "-c", code, empty, stderr=asyncio.subprocess.PIPE) for _ in range(3)]
    for process in processes:
        assert (await process.communicate())[1] == b""
        assert process.returncode == 0
    async with opened(empty) as database:
        assert await version_there(database) == newest_version()


async def test_tables_of_a_later_version_are_left_alone(empty: str) -> None:
    await migrate(empty)
    async with opened(empty) as database:
        async with database.writing() as connection:
            await connection.execute(text("UPDATE policy_version SET version_num = '9999'"))
        assert await version_there(database) != newest_version()
        with pytest.raises(UnknownVersionError):
            await migrate(empty)


async def test_the_tables_of_the_token_authority_may_stand_beside(empty: str) -> None:
    async with opened(empty) as database:
        await make_tables(database)
        await migrate(empty)
        await make_tables(database)
        assert await version_there(database) == newest_version()


def test_each_table_of_the_policy_is_of_one_part() -> None:
    listed = [table.name for tables in PARTS.values() for table in tables]
    assert sorted(listed) == sorted({table.name for table in metadata.sorted_tables} - {"policy_audit", "policy_revisions"})


def test_the_versions_are_those_that_migrating_goes_through() -> None:
    assert known_versions() == VERSIONS


def test_who_only_looks_which_version_is_there_needs_no_alembic() -> None:
    code = "import sys; import sidecar.store.policy_watch; sys.exit('alembic' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
