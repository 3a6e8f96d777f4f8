"""The policy as YAML: what comes out reads as what an export gives, in the same order."""

import asyncio
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings

from sidecar.database.database import Database
from sidecar.policy_database.as_yaml import yaml_of_policy
from sidecar.policy_database.unsound import UnsoundRowError
from tests.databases import opened
from tests.policy_database.configurations import FULL, configurations
from tests.policy_database.stage import put, run, take
from tests.settings.sample import SAMPLE
from tests.settings.test_writing import read


async def text_of(database: Database) -> str:
    async with database.snapshot() as connection:
        return "\n".join([line async for line in yaml_of_policy(connection)])


async def reads_as_exported(url: str, content: dict[str, Any]) -> None:
    async with opened(url) as database:
        await put(database, content)
        text = await text_of(database)
        assert repr(read(text)) == repr(await take(database))
        await put(database, read(text))
        assert await text_of(database) == text


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=configurations())
def test_it_reads_as_what_an_export_gives(migrated: str, content: dict[str, Any]) -> None:
    asyncio.run(reads_as_exported(migrated, content))


async def test_names_come_in_the_order_of_their_code_points_on_every_database(database: Database) -> None:
    names = ["B", "a", "b", "é", "Z", "_", "\uff5e", "🎉", "aa", "a b"]
    users = {name: {"system": True} for name in names}
    await put(database, SAMPLE | {"users": SAMPLE["users"] | users, "groups": SAMPLE["groups"] | {"all of them": names}})
    content = yaml.safe_load(await text_of(database))
    assert list(content["users"]) == sorted([*names, *SAMPLE["users"]])
    assert content["groups"]["all of them"] == sorted(names)


async def test_an_empty_database_gives_no_line(database: Database) -> None:
    assert await text_of(database) == ""


async def test_it_can_be_read_by_people(database: Database) -> None:
    await put(database, FULL)
    text = await text_of(database)
    assert "\n  - {app_connector: hours, user: j.devries, description: iPhone, sha256: abab" in text
    assert max(map(len, text.splitlines())) < 200


async def test_a_row_that_can_not_be_read_is_told_and_nothing_of_it(database: Database, migrated: str) -> None:
    await put(database, SAMPLE)
    if not migrated.startswith("sqlite"):
        pytest.skip("PostgreSQL takes nothing but JSON for JSON")
    await run(database, "UPDATE policy_users SET attributes = '{geheim'")
    with pytest.raises(UnsoundRowError) as raised:
        await text_of(database)
    assert "geheim" not in str(raised.value)
