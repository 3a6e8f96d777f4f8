"""`sidecar db check`: says of a policy in a database what `sidecar check` says of it in YAML, and what only a database can have wrong."""

import asyncio
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from sqlalchemy import text

from sidecar.cli.db_check import Checked, check_database
from sidecar.policy_database import alike, examine, findings
from sidecar.policy_database.nested import nested_of
from sidecar.policy_database.rows import rows_of
from sidecar.settings.model import Settings
from sidecar.settings.problem import Problem, Severity
from tests.databases import opened
from tests.policy_database.configurations import FULL, configurations
from tests.policy_database.stage import put
from tests.settings.sample import NOW, SAMPLE, bent, load_content

ENVIRONMENTS = {"O12345AA": {"rest": "https://backend.example/ProfitRestServices", "credential": {"passthrough": True}}}


def with_environments(content: dict[str, Any]) -> dict[str, Any]:
    """The content, with environments that need no secret; names in the order of the database, and the built-in group not said again."""
    groups = {name: members for name, members in content.get("groups", {}).items() if name != "everyone"}
    users = dict(sorted(content.get("users", {}).items()))
    return {**content, "groups": groups, "users": users, "environments": content.get("environments", {}) | ENVIRONMENTS}


async def put_and_check(url: str, content: dict[str, Any], *statements: str, careless: bool = False) -> Checked:
    """What is said of this policy in a database, after somebody wrote to it by hand; whom nothing held back, if he was careless."""
    async with opened(url) as database:
        await put(database, content)
        async with database._writer.connect() as connection:
            if careless:
                await connection.rollback()
                raw = (await connection.get_raw_connection()).driver_connection
                assert raw is not None
                await raw.execute("PRAGMA foreign_keys=OFF")
                await raw.execute("PRAGMA ignore_check_constraints=ON")
            for statement in statements:
                await connection.execute(text(statement))
            await connection.commit()
        return await check_database(database, Settings.model_validate({"environments": content["environments"]}), "policy.db", NOW)


def said(problems: Sequence[Problem]) -> set[tuple[Severity, str, str]]:
    """What is said, but not where: in files a token has a position, in a database an id."""
    return {
        (
            each.severity,
            re.sub(r"^(app_connectors\.[^.]+\.)?tokens(\[\d+\]|\.[0-9a-f]{12})", "tokens", each.path),
            re.sub(r"stands in \S+", "stands in …", each.message),
        )
        for each in problems
    }


ODD: dict[str, Any] = {
    "letter case": bent("users/J.DEVRIES", {"system": True}),
    "letters that no database folds": bent("users/STRASSE", {"system": True}),
    "an address": bent("users/j.devries/email", ""),
    "no application": bent("users/j.devries/applications", []),
    "an attribute that can't be said": bent("users/j.devries/attributes", {"departments": ["", "CONS"]}),
    "an attribute that nobody has": bent("filter_types/department/filters", {"consultancy": "department = @user.other"}),
    "a list where one is compared": bent("filter_types/department/filters", {"consultancy": "department = @user.departments"}),
    "an empty group": bent("groups/empty", []),
    "nobody sees a row": bent("filter_types/department/filters", {"management": "everything"}),
    "no filters": bent("filter_types/department/filters", None),
    "the same device twice": bent(
        "app_connectors/hours/tokens", [{"user": "j.devries", "description": "iPhone", "sha256": digit * 64} for digit in "12"]
    ),
    "expired": bent("app_connectors/hours/tokens", [{"user": "j.devries", "sha256": "1" * 64, "expires": "2020-01-01T00:00:00Z"}]),
    "not a member": bent("groups/app", ["m.jansen"]),
    "full": FULL,
}
ODD["letters that no database folds"]["users"]["straße"] = {"system": True}
ODD["nobody sees a row"]["groups"]["management"] = []
ODD["a list where one is compared"]["users"]["j.devries"]["attributes"]["departments"] = ["CONS"]


async def test_nothing_is_said_of_the_admin_port(migrated: str) -> None:
    async with opened(migrated) as database:
        await put(database, with_environments(FULL))
        keys = {"console": {"sha256": "9" * 64}}
        files = Settings.model_validate({"environments": ENVIRONMENTS, "policy": {"database": migrated}, "admin": {"keys": keys}})
        checked = await check_database(database, files, "policy.db", NOW)
    assert not [problem for problem in checked.problems if problem.path.startswith("admin")]


@pytest.mark.parametrize("name", ODD)
async def test_the_same_is_said_as_of_yaml(migrated: str, tmp_path: Path, name: str) -> None:
    content = with_environments(ODD[name])
    checked = await put_and_check(migrated, content)
    of_files = load_content(tmp_path, content)
    assert of_files.snapshot is not None
    assert said(checked.problems) == said(of_files.problems)
    assert checked.problems
    assert (checked.errors > 0) == any(each.severity is Severity.ERROR for each in of_files.problems)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=configurations())
def test_the_same_is_said_of_any_policy(migrated: str, tmp_path: Path, content: dict[str, Any]) -> None:
    exported = nested_of(rows_of(Settings.model_validate(content)))
    whole = with_environments({**exported, "environments": content["environments"]})
    checked = asyncio.run(put_and_check(migrated, whole))
    assert said(checked.problems) == said(load_content(tmp_path, whole).problems)


@pytest.mark.parametrize(
    ("statement", "place", "message"),
    [
        ("UPDATE policy_users SET applications = '7' WHERE name = 'j.devries'", "users.j.devries.applications", "can't be read"),
        ("UPDATE policy_users SET attributes = '7' WHERE name = 'j.devries'", "users.j.devries.attributes", "can't be read"),
        ("INSERT INTO policy_users (name) VALUES (' x ')", "users. x ", "can't be read, so it opens nothing: a name can't be"),
        ("UPDATE policy_app_connectors SET environment = 'gone'", "app_connectors.hours.environment", "there is no environment"),
        ("UPDATE policy_filters SET expression = 'department ='", "filter_types.department.filters.", ""),
        ("DELETE FROM policy_revisions WHERE part = 'users'", "policy_revisions", "a revision is missing"),
        ("DELETE FROM policy_groups WHERE name = 'everyone'", "groups.everyone", "the built-in group"),
    ],
)
async def test_what_somebody_wrote_past_the_sidecar_is_told(migrated: str, statement: str, place: str, message: str) -> None:
    checked = await put_and_check(migrated, with_environments(SAMPLE), statement)
    found = [each for each in checked.problems if each.path.startswith(place) and message in each.message]
    assert found, checked.problems
    assert found[0].severity is Severity.ERROR
    assert found[0].file in ("policy.db", "policy database")


@pytest.mark.parametrize(
    ("statement", "place", "message"),
    [
        (
            "UPDATE policy_users SET attributes = '{geheim' WHERE name = 'j.devries'",
            "users.j.devries",
            "a column of this row can't be read",
        ),
        ("UPDATE policy_tokens SET expires = 'geheim'", "tokens.abababababab", "a column of this row can't be read"),
        ("DELETE FROM policy_users WHERE name = 'j.devries'", "policy_tokens.1", "refers to a row of `policy_users` that is not there"),
        ("UPDATE policy_groups SET all_users = 0 WHERE name = 'everyone'", "integrity_check", "CHECK constraint failed"),
        ("DROP TRIGGER policy_users_revised_by_UPDATE", "policy_users", "no sidecar hears of changes"),
    ],
)
async def test_what_sqlite_lets_happen_is_told(migrated: str, statement: str, place: str, message: str) -> None:
    if not migrated.startswith("sqlite"):
        pytest.skip("PostgreSQL keeps its promises")
    checked = await put_and_check(migrated, with_environments(SAMPLE), statement, careless=True)
    assert [each for each in checked.problems if each.path.startswith(place) and message in each.message], checked.problems
    assert checked.errors
    assert "geheim" not in repr(checked)


async def test_a_trigger_that_is_switched_off_is_told(migrated: str) -> None:
    if migrated.startswith("sqlite"):
        pytest.skip("SQLite can't switch them off")
    checked = await put_and_check(migrated, with_environments(SAMPLE), "ALTER TABLE policy_tokens DISABLE TRIGGER USER")
    assert [each.path for each in checked.problems if "switched off" in each.message] == ["policy_tokens"]


async def test_of_what_many_have_wrong_a_few_are_told_and_all_counted(migrated: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examine, "_USERS_AT_ONCE", 7)
    users = {f"u{number:03}": {"email": f"{number}@example.com"} for number in range(100)}
    tokens = [{"app_connector": "hours", "user": user, "sha256": f"{number:064x}"} for number, user in enumerate(users)]
    content = with_environments(SAMPLE | {"users": SAMPLE["users"] | users, "tokens": tokens})
    checked = await put_and_check(migrated, content)
    told = [each for each in checked.problems if each.path.startswith("tokens.")]
    assert len(told) == findings._MOST_OF_A_KIND + 1
    assert {(each.path, each.message) for each in told if each.path == "tokens.….user"} == {("tokens.….user", "80 more of this kind")}
    assert (checked.errors, checked.warnings) == (0, 100)
    assert "users: 102, tokens: 101" in checked.told


async def test_names_that_differ_in_letter_case_only_are_found_however_far_apart(migrated: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examine, "_USERS_AT_ONCE", 3)
    monkeypatch.setattr(alike, "_AT_ONCE", 2)
    names = ["a", "b", "c", "d", "e", "f", "A", "É", "é"]
    content = with_environments(SAMPLE | {"users": SAMPLE["users"] | {name: {"system": True} for name in names}})
    checked = await put_and_check(migrated, content)
    assert {each.path for each in checked.problems if "letter case" in each.message} == {"users.a", "users.é"}
