"""What rights each role needs in PostgreSQL: exactly those that the how-to gives, tried by real roles."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest

from sidecar.cli.db_check import check_database
from sidecar.database.url import database_url
from sidecar.policy_database.contents import export_rights
from sidecar.policy_database.lookup import find_tokens, find_users, find_users_by_email
from sidecar.policy_database.migrate import migrate, version_there
from sidecar.policy_database.revision import CHANNEL, current_revision
from sidecar.policy_database.tables import metadata
from sidecar.settings.model import Settings
from tests.databases import opened
from tests.policy_database.stage import put
from tests.settings.sample import NOW, SAMPLE, SHA256

HOW_TO = Path(__file__).parents[2] / "docs/how-to/policy-in-postgresql.md"
ENVIRONMENTS = {"O12345AA": {"rest": "https://backend.example/rest", "credential": {"passthrough": True}}}
TABLES = [table.name for table in metadata.sorted_tables]


@dataclass(frozen=True, slots=True)
class Roles:
    """URLs of the same database for each role of the how-to."""

    owner: str
    sidecar: str
    administrator: str


@pytest.fixture
async def roles(postgres: str) -> AsyncIterator[Roles]:
    """A database as the how-to says, with tables made by its owner."""
    first, second = re.findall(r"^```sql\n(.*?)^```$", HOW_TO.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    for statement in filter(str.strip, first.split(";")):
        await run_as(postgres, statement)
    url = postgres.replace("/postgres?", "/policy?")
    found = Roles(*(as_role(url, role) for role in ("policy_owner", "policy_sidecar", "policy_administrator")))
    try:
        await migrate(found.owner)
        await run_as(found.owner, second)
        yield found
    finally:
        await run_as(postgres, "DROP DATABASE policy WITH (FORCE)")
        await run_as(postgres, "DROP ROLE policy_owner, policy_sidecar, policy_administrator")


def as_role(url: str, role: str) -> str:
    return url.replace("postgres@", f"{role}@", 1)


def plain(url: str) -> str:
    return database_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


async def test_the_sidecar_s_role_reads_all_that_a_sidecar_reads(roles: Roles) -> None:
    async with opened(roles.administrator) as database:
        await put(database, SAMPLE)
    async with opened(roles.sidecar) as database:
        assert await version_there(database) is not None
        async with database.snapshot() as connection:
            assert (await export_rights(connection))["app_connectors"].keys() == {"hours"}
            assert (await current_revision(connection)).rights > 1
        assert (await find_users(database, ["j.devries"]))[1].keys() == {"j.devries"}
        assert len((await find_users_by_email(database, ["j.devries@example.com"]))[1]) == 1
        assert (await find_tokens(database, [bytes.fromhex(SHA256)]))[1].keys() == {bytes.fromhex(SHA256)}


async def test_the_sidecar_s_role_hears_of_changes(roles: Roles) -> None:
    connection = await asyncpg.connect(plain(roles.sidecar))
    try:
        await connection.add_listener(CHANNEL, lambda *_: None)
    finally:
        await connection.close()


async def test_the_sidecar_s_role_writes_nothing(roles: Roles) -> None:
    for table in TABLES:
        for statement in ("DELETE FROM {}", "INSERT INTO {} DEFAULT VALUES", "TRUNCATE {} CASCADE", "DROP TABLE {} CASCADE"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await run_as(roles.sidecar, statement.format(table))


async def test_the_sidecar_s_role_reads_no_audit_and_its_check_goes_on_without(roles: Roles, tmp_path: Path) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await run_as(roles.sidecar, "SELECT FROM policy_audit")
    async with opened(roles.administrator) as database:
        await put(database, SAMPLE)
    async with opened(roles.sidecar) as database:
        checked = await check_database(database, Settings.model_validate({"environments": ENVIRONMENTS}), "policy", NOW)
    assert (checked.errors, "users: 2" in checked.told) == (0, True)
    assert "can't be read" in checked.told


async def test_the_administrator_s_role_can_not_undo_what_is_told_of_him(roles: Roles) -> None:
    async with opened(roles.administrator) as database:
        await put(database, SAMPLE)
    for statement in (
        "DELETE FROM policy_audit",
        "UPDATE policy_audit SET who = 'somebody else'",
        "DELETE FROM policy_revisions",
        "UPDATE policy_version SET version_num = '9999'",
        "ALTER TABLE policy_users DISABLE TRIGGER USER",
        "DROP TABLE policy_tokens",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await run_as(roles.administrator, statement)


async def test_the_administrator_s_role_can_put_rows_by_copy(roles: Roles) -> None:
    connection = await asyncpg.connect(plain(roles.administrator))
    try:
        await connection.copy_records_to_table("policy_users", records=[("a",), ("b",)], columns=("name",))
        await connection.copy_records_to_table("policy_members", records=[("everyone", "a")], columns=("group_name", "user_name"))
    finally:
        await connection.close()


async def test_what_a_later_migration_makes_is_readable_too(roles: Roles) -> None:
    await run_as(roles.owner, "CREATE TABLE policy_later (a INTEGER)")
    await run_as(roles.sidecar, "SELECT FROM policy_later")
    await run_as(roles.administrator, "INSERT INTO policy_later VALUES (1)")


async def run_as(url: str, statement: str) -> None:
    connection = await asyncpg.connect(plain(url))
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
