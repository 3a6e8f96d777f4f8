"""Commands that look at a policy in a database: they say of it what they would say of the same policy in files."""

import asyncio
import json
from pathlib import Path
from typing import Any

import yaml
from click.testing import CliRunner, Result

from sidecar.cli import main
from tests.databases import opened
from tests.policy_database.stage import run
from tests.settings.sample import ENVIRON, SAMPLE, bent
from tests.store.policy_in_database import configured, in_database

HOURS = "GET /ProfitRestServices/connectors/Profit_Hours?skip=0&take=10"


async def command(*arguments: str) -> Result:
    return await asyncio.to_thread(CliRunner().invoke, main, arguments, env=ENVIRON)


async def explained(config: Path, user: str) -> dict[str, Any]:
    result = await command("explain", "-c", str(config), "--app", "hours", "--user", user, "--json", HOURS)
    report: dict[str, Any] = json.loads(result.output)
    assert result.exit_code == (0 if report["allowed"] else 1)
    return report


async def test_explain_says_the_same_of_a_user_in_a_database(tmp_path: Path, empty: str) -> None:
    content = bent("groups/all of them", "all")
    config = await in_database(tmp_path, empty, content)
    in_files = tmp_path / "files.yaml"
    in_files.write_text(yaml.safe_dump(content))
    for user in content["users"]:
        told, expected = await explained(config, user), await explained(in_files, user)
        assert told.pop("policy_version") != expected.pop("policy_version")  # which is of all users, in files
        assert told == expected
        assert "all of them" in told["groups"]


async def test_explain_knows_who_is_not_there(tmp_path: Path, empty: str) -> None:
    config = await in_database(tmp_path, empty, SAMPLE)
    result = await command("explain", "-c", str(config), "--app", "hours", "--user", "nobody", HOURS)
    assert result.exit_code == 2
    assert "there is no user `nobody`" in result.output


async def test_check_tells_what_it_did_not_look_at(tmp_path: Path, empty: str) -> None:
    result = await command("check", "-c", str(await in_database(tmp_path, empty, SAMPLE)))
    assert result.exit_code == 0
    assert "app connectors: 1; users and tokens are looked up in the database" in result.output


async def test_check_says_of_sections_that_were_left_in_the_files_only_that_they_must_go(tmp_path: Path, empty: str) -> None:
    config = await in_database(tmp_path, empty, SAMPLE)
    left = {section: SAMPLE[section] for section in ("users", "groups", "filter_types")}
    config.write_text(config.read_text() + yaml.safe_dump(left))
    result = await command("check", "-c", str(config), "--json")
    problems = json.loads(result.output)["problems"]
    assert {problem["path"] for problem in problems} == left.keys()
    assert all("`sidecar db import`" in problem["remedy"] for problem in problems)


async def test_check_finds_what_is_wrong_in_the_database(tmp_path: Path, empty: str) -> None:
    config = await in_database(tmp_path, empty, SAMPLE)
    async with opened(empty) as database:
        await run(database, "UPDATE policy_filters SET expression = 'department = @user' WHERE group_name = 'consultancy'")
    result = await command("check", "-c", str(config))
    assert result.exit_code == 1
    assert result.output.startswith("policy.database: error: filter_types.department.filters.consultancy: ")


async def test_check_and_explain_say_what_to_do_where_there_are_no_tables(tmp_path: Path, empty: str) -> None:
    config = configured(tmp_path, empty, SAMPLE)
    result = await command("check", "-c", str(config))
    assert result.exit_code == 1
    assert f"{config}:" in result.output
    assert "`sidecar db init`" in result.output
    assert (await command("explain", "-c", str(config), "--app", "hours", "--user", "j.devries", HOURS)).exit_code == 3
