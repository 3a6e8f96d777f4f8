"""Import and export: exact inverses on both databases, each of one moment, and undone as a whole."""

import asyncio
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from sqlalchemy import select

from sidecar.database.database import Database
from sidecar.database.unavailable import Unavailable
from sidecar.policy_database.contents import export_policy, export_rights
from sidecar.policy_database.nested import nested_of
from sidecar.policy_database.revision import current_revision
from sidecar.policy_database.rows import rows_of
from sidecar.policy_database.tables import audit
from sidecar.settings.model import Settings
from tests.databases import opened
from tests.policy_database.configurations import configurations
from tests.policy_database.stage import CHANGE, put, revision, run, take
from tests.settings.sample import SAMPLE, bent


def one_form(content: dict[str, Any]) -> dict[str, Any]:
    return nested_of(rows_of(Settings.model_validate(content)))


async def there_and_back(url: str, content: dict[str, Any]) -> None:
    async with opened(url) as database:
        await put(database, content)
        exported = await take(database)
        assert repr(exported) == repr(one_form(content))
        await put(database, exported)
        assert repr(await take(database)) == repr(exported)


# Each example replaces the policy of the one before.
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=configurations())
def test_import_and_export_are_inverses(migrated: str, content: dict[str, Any]) -> None:
    asyncio.run(there_and_back(migrated, content))


async def test_a_new_database_has_no_policy(database: Database) -> None:
    assert await take(database) == {}


async def test_an_import_is_told_in_the_audit_with_counts_and_nothing_else(database: Database) -> None:
    await put(database, SAMPLE)
    await put(database, bent("users/m.jansen", None))
    async with database.looking() as connection:
        first, second = (await connection.execute(select(audit).order_by(audit.c.id))).mappings().all()
    assert (first["who"], first["what"], first["subject"], first["moment"]) == ("root", "import", "policy", CHANGE.moment)
    assert (first["before"]["policy_users"], first["after"]["policy_users"]) == (0, 2)
    assert (second["before"], second["after"]["policy_users"]) == (first["after"], 1)


async def test_what_fails_halfway_changes_nothing(database: Database) -> None:
    await put(database, SAMPLE)
    before, number = await take(database), await revision(database)
    with pytest.raises(Unavailable):
        await put(database, bent("app_connectors/hours/group", "nobody defined it"))
    assert await take(database) == before
    assert await revision(database) == number


async def test_a_snapshot_is_of_one_moment_though_others_write(database: Database) -> None:
    await put(database, SAMPLE)
    before = await take(database)
    async with database.snapshot() as connection:
        number = await current_revision(connection)
        await run(database, "DELETE FROM policy_app_connectors", "DELETE FROM policy_users", "DELETE FROM policy_filter_types")
        assert await export_policy(connection) == before
        assert await current_revision(connection) == number
    assert (await take(database)).keys() == {"groups"}


async def test_imports_at_once_leave_one_of_them_whole(database: Database) -> None:
    contents = [bent("users/j.devries/email", f"{number}@example.com") for number in range(4)]
    await asyncio.gather(*(put(database, content) for content in contents))
    assert await take(database) in [one_form(content) for content in contents]


async def test_the_built_in_group_comes_back_with_an_import(database: Database) -> None:
    await run(database, "DELETE FROM policy_groups")
    content = bent("app_connectors/hours/group", "everyone")
    await put(database, content)
    assert await take(database) == one_form(content)


async def test_rights_are_whole_without_users_and_tokens(database: Database) -> None:
    await put(database, SAMPLE)
    async with database.snapshot() as connection:
        rights = await export_rights(connection)
    whole = one_form(SAMPLE)
    assert rights == {
        "groups": {group: [] for group in whole["groups"]},
        "app_connectors": whole["app_connectors"],
        "filter_types": whole["filter_types"],
    }
