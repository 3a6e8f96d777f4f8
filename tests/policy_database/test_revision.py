"""Every change makes a new revision of its part, whoever makes it; the database keeps what the configuration calls fatal out."""

import asyncio

import asyncpg
import pytest

from sidecar.database.database import Database
from sidecar.database.unavailable import Unavailable
from sidecar.database.url import database_url
from sidecar.policy_database.contents import export_policy
from sidecar.policy_database.revision import CHANNEL
from sidecar.policy_database.tables import PARTS
from tests.policy_database.configurations import FULL
from tests.policy_database.stage import put, revision, run, take
from tests.settings.sample import SAMPLE

PART_OF = {table.name: (part, table) for part, tables in PARTS.items() for table in tables}


@pytest.mark.parametrize("table", PART_OF)
async def test_a_change_by_hand_makes_a_new_revision_of_its_part(database: Database, table: str) -> None:
    await put(database, FULL)
    part, columns = PART_OF[table]
    column = next(iter(columns.primary_key)).name
    before = await revision(database)
    await run(database, f"UPDATE {table} SET {column} = {column}")  # noqa: S608  names of ours
    changed = await revision(database)
    assert {each for each in PARTS if getattr(changed, each) > getattr(before, each)} == {part}
    where = "WHERE name NOT IN (SELECT group_name FROM policy_app_connectors UNION SELECT group_name FROM policy_filters)"
    await run(database, f"DELETE FROM {table} {where if table == 'policy_groups' else ''}")  # noqa: S608
    assert getattr(await revision(database), part) > getattr(changed, part)


async def test_an_import_is_a_new_revision_of_all_parts(database: Database) -> None:
    before = await revision(database)
    await put(database, SAMPLE)
    after = await revision(database)
    assert all(getattr(after, part) > getattr(before, part) for part in PARTS)


async def test_what_goes_along_makes_a_new_revision_too(database: Database) -> None:
    await put(database, FULL)
    before = await revision(database)
    await run(database, "DELETE FROM policy_app_connectors")
    after = await revision(database)
    assert after.tokens > before.tokens
    assert after.users == before.users


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM policy_groups WHERE name = 'app'",
        "DELETE FROM policy_groups WHERE name = 'consultancy'",
        "UPDATE policy_app_connectors SET group_name = 'nobody defined it'",
        "UPDATE policy_groups SET all_users = false WHERE name = 'everyone'",
        "INSERT INTO policy_members VALUES ('app', 'nobody')",
        "UPDATE policy_tokens SET user_name = 'nobody'",
        "UPDATE policy_app_connectors SET row_guard = 'sometimes'",
        "UPDATE policy_app_connectors SET enforcement = 'never'",
        "UPDATE policy_special_connectors SET rule = 'trust'",
        "UPDATE policy_special_connectors SET rule = 'rows', get_connector = NULL",
        "UPDATE policy_app_connectors SET otp_api_key_sha256 = NULL WHERE otp_api_key_sha256 IS NOT NULL",
    ],
)
async def test_what_would_be_fatal_in_the_configuration_is_refused(database: Database, statement: str) -> None:
    await put(database, FULL)
    before = await take(database)
    with pytest.raises(Unavailable):
        await run(database, statement)
    assert await take(database) == before


async def test_one_of_the_same_name_inherits_nothing(database: Database) -> None:
    await put(database, SAMPLE)
    await run(database, "DELETE FROM policy_users WHERE name = 'j.devries'", "INSERT INTO policy_users (name) VALUES ('j.devries')")
    exported = await take(database)
    assert "tokens" not in exported
    assert exported["groups"]["app"] == ["m.jansen"]
    assert exported["users"]["j.devries"] == {}


async def test_what_is_added_by_hand_begins_with_nothing(database: Database) -> None:
    await run(database, "INSERT INTO policy_app_connectors (name, environment, group_name) VALUES ('new', 'O12345AA', 'everyone')")
    assert await take(database) == {"app_connectors": {"new": {"environment": "O12345AA", "group": "everyone", "blocked": True}}}


async def test_a_change_that_nobody_would_hear_of_is_refused(database: Database) -> None:
    await run(database, "DELETE FROM policy_revisions WHERE part = 'users'")
    with pytest.raises(Unavailable):
        await run(database, "INSERT INTO policy_users (name) VALUES ('j.devries')")
    with pytest.raises(Unavailable):
        await revision(database)
    assert await take(database) == {}


async def test_postgresql_notifies_when_a_change_is_committed(database: Database, migrated: str) -> None:
    if not migrated.startswith("postgresql"):
        pytest.skip("SQLite has nobody to tell")
    heard: asyncio.Queue[str] = asyncio.Queue()
    url = database_url(migrated).set(drivername="postgresql").render_as_string(hide_password=False)
    connection = await asyncpg.connect(url)
    try:
        await connection.add_listener(CHANNEL, lambda _connection, _pid, _channel, payload: heard.put_nowait(payload))
        async with database.snapshot() as looking:
            await export_policy(looking)
        await run(database, "INSERT INTO policy_users (name) VALUES ('a'), ('b')", "UPDATE policy_users SET blocked = true")
        assert await asyncio.wait_for(heard.get(), 5) == "users"
        await run(database, "UPDATE policy_groups SET all_users = true")
        assert await asyncio.wait_for(heard.get(), 5) == "rights"  # one notification for each part of a transaction
    finally:
        await connection.close()
