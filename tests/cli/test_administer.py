"""`sidecar user`, `group`, `app`, `filter`, `audit`, and `token` on a database: as somebody at a keyboard or a script uses them."""

import asyncio
import getpass
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from sidecar.administration.catalogue import OPERATIONS
from sidecar.cli import main
from sidecar.database.database import Database
from sidecar.policy_database.migrate import migrate
from tests.databases import opened
from tests.policy_database.stage import put, run, take
from tests.settings.sample import SAMPLE
from tests.store.policy_in_database import in_database

FILES = {"environments": SAMPLE["environments"], "policy": {"database": "sqlite:///policy.db"}}


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration with the sample in a database."""
    file = tmp_path / "config.yaml"
    file.write_text(yaml.safe_dump(FILES))

    async def fill() -> None:
        await migrate(f"sqlite:///{tmp_path}/policy.db")
        async with opened(f"sqlite:///{tmp_path}/policy.db") as database:
            await put(database, SAMPLE)

    asyncio.run(fill())
    return file


def sidecar(config: Path, *arguments: str) -> Result:
    """Without the backend's secrets, which need not be at hand."""
    return CliRunner().invoke(main, [*arguments, "-c", str(config)], env={"PROFIT_TOKEN": None})


def done(config: Path, *arguments: str) -> Any:
    result = sidecar(config, *arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def policy(config: Path) -> dict[str, Any]:
    async def read() -> dict[str, Any]:
        async with opened(f"sqlite:///{config.parent}/policy.db") as database:
            return await take(database)

    return asyncio.run(read())


def test_every_operation_is_a_command_and_takes_all_that_its_request_takes() -> None:
    for operation in OPERATIONS.values():
        result = CliRunner().invoke(main, [*operation.name.split("."), "--help"])
        assert result.exit_code == 0, operation.name
        if operation.name.startswith("token."):
            continue
        text = result.output.lower().replace("-", "_")
        assert [name for name in operation.request.model_fields if name.removesuffix("s") not in text] == []


def test_a_user_is_added_changed_and_removed(config: Path) -> None:
    added = sidecar(config, "user", "add", "a.new", "--application", "pocket", "--group", "app", "--attribute", "employee=7")
    assert (added.exit_code, added.stdout) == (0, "user.add a.new\n")
    assert added.stderr == "warning: `a.new` gets nowhere. The user is a person without an e-mail address.\n"
    changed = sidecar(config, "user", "change", "a.new", "--email", "a@example.com", "--set", "d=A", "--set", "d=B", "--unset", "employee")
    assert changed.stdout == "user.change a.new\n  email: - -> a@example.com\n  attributes: employee: 7 -> d: A, B\n"
    assert policy(config)["users"]["a.new"] == {"email": "a@example.com", "applications": ["pocket"], "attributes": {"d": ["A", "B"]}}
    assert sidecar(config, "user", "change", "a.new", "--system").exit_code == 0
    assert policy(config)["users"]["a.new"]["system"] is True
    assert sidecar(config, "user", "change", "a.new", "--not-system", "--email", "").exit_code == 0
    assert policy(config)["users"]["a.new"].keys() == {"applications", "attributes"}
    assert sidecar(config, "user", "block", "a.new").stdout == "user.block a.new\n  blocked: no -> yes\n"
    removed = sidecar(config, "user", "remove", "a.new", "--yes")
    assert removed.stdout == "user.remove a.new\n  gone along: groups: app\n  gone along: tokens: -\n"
    assert "a.new" not in policy(config)["users"]


def test_what_is_listed_and_shown_is_read_at_a_glance(config: Path) -> None:
    listed = sidecar(config, "user", "list").stdout.splitlines()
    assert listed[0].split() == ["NAME", "EMAIL", "APPLICATIONS", "BLOCKED", "SYSTEM", "ATTRIBUTES"]
    assert listed[1].split(maxsplit=5) == ["j.devries", "j.devries@example.com", "pocket", "no", "no", "departments, employee"]
    shown = sidecar(config, "user", "show", "m.jansen").stdout
    assert "groups:       app, everyone, management\n" in shown
    assert shown.splitlines()[-1].split() == ["hours", "O12345AA", "yes", "-"]
    page = sidecar(config, "group", "list", "--limit", "1")
    assert page.stderr == "there is more: --after app\n"
    assert "next" not in sidecar(config, "group", "show", "management").stdout
    assert "advice" not in sidecar(config, "app", "show", "hours").stdout


def test_an_app_is_built_from_the_command_line(config: Path) -> None:
    steps = [
        "group add leave",
        "group add-user leave j.devries m.jansen",
        "app add leave-app --environment O12345AA --group leave --valid-from 2026-01-01",
        "app get-connector add leave-app Profit_Leave",
        "app get-connector add leave-app Profit_Kinds --unfiltered",
        "app update-connector set leave-app HrAbsence insert update",
        "app special set leave-app subject --get-connector Profit_Leave --field Subject",
        "app address allow leave-app 192.0.2.0/24 2001:db8::/32",
        "filter add person",
        "filter field set person Profit_Leave employee=EmId",
        "app unblock leave-app",
    ]
    for step in steps:
        result = sidecar(config, *step.split())
        assert result.exit_code == 0, (step, result.output)
    assert sidecar(config, "filter", "set", "person", "leave", "employee = @user.employee").exit_code == 0
    assert policy(config)["app_connectors"]["leave-app"] == {
        "environment": "O12345AA",
        "group": "leave",
        "blocked": False,
        "valid_from": "2026-01-01T00:00:00+00:00",
        "get_connectors": ["Profit_Leave"],
        "unfiltered_get_connectors": ["Profit_Kinds"],
        "update_connectors": {"HrAbsence": ["insert", "update"]},
        "special_connectors": {"subject": {"get_connector": "Profit_Leave", "field": "Subject"}},
        "ip": {"allow": ["192.0.2.0/24", "2001:db8::/32"]},
    }
    assert policy(config)["filter_types"]["person"]["filters"] == {"leave": "employee = @user.employee"}


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["user", "block", "j.devrees"], 1, "there is no user `j.devrees`: did you mean `j.devries`?"),
        (["group", "remove", "app", "--yes"], 1, "group `app` is used by app connector `hours`"),
        (["filter", "set", "department", "app", "a ="], 1, "expression: not a boolean expression"),
        (["user", "remove", "j.devries"], 2, "say --yes"),
        (["user", "add", " "], 2, "name: a name can't be empty"),
        (["user", "add", "a", "--attribute", "x"], 2, "expected NAME=VALUE"),
        (["app", "special", "set", "hours", "hats"], 2, "'hats' is not one of 'subject'"),
        (["app", "change", "hours", "--valid-from", "soon"], 2, "valid_from: expected a date"),
        (["user", "list", "--limit", "0"], 2, "limit"),
        (["token", "new", "--app", "hours", "--user", "x", "--description", "y"], 1, "there is no user `x`"),
        (["token", "revoke", "000000000000"], 1, "there is no such token"),
        (
            ["token", "new", "--app", "hours", "--user", "m.jansen", "--description", "y", "--into", "x.yaml"],
            2,
            "policy stands in a database",
        ),
    ],
)
def test_what_is_not_done_is_told_with_its_exit_code(config: Path, arguments: list[str], code: int, message: str) -> None:
    before = policy(config)
    result = sidecar(config, *arguments)
    assert (result.exit_code, message in result.stderr) == (code, True), result.output
    assert policy(config) == before
    assert [each["what"] for each in done(config, "audit", "list")["items"]] == ["import"]


def test_somebody_who_can_be_asked_is_asked(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sidecar.cli.administer._can_be_asked", lambda: True)
    for answer, code, left in (("n", 1, True), ("y", 0, False)):
        result = CliRunner().invoke(main, ["user", "remove", "j.devries", "-c", str(config)], input=f"{answer}\n")
        assert result.exit_code == code
        assert ("j.devries" in policy(config)["users"]) is left


def test_the_audit_says_who_did_what(config: Path) -> None:
    sidecar(config, "user", "block", "j.devries")
    sidecar(config, "user", "unblock", "j.devries", "--as", "ticket 17")
    told = done(config, "audit", "list", "--subject", "j.devries")["items"]
    assert [each["who"] for each in told] == ["ticket 17", f"cli:{getpass.getuser()}"]
    shown = sidecar(config, "audit", "list", "--who", "ticket 17").stdout.splitlines()
    assert shown[0].split() == ["ID", "MOMENT", "WHO", "WHAT", "SUBJECT", "CHANGES"]
    assert shown[1].endswith("ticket 17  user.unblock  j.devries  blocked: yes -> no")


@pytest.mark.parametrize("who", ["api:console", "api:", "\udcff"])
def test_nobody_signs_for_a_key_of_the_api_or_with_what_is_no_text(config: Path, who: str) -> None:
    result = CliRunner().invoke(main, ["user", "block", "j.devries", "--as", who, "-c", str(config)])
    assert result.exit_code == 2
    assert done(config, "audit", "list", "--subject", "j.devries")["items"] == []


def test_the_audit_says_what_was_made_and_removed_in_words(config: Path) -> None:
    sidecar(config, "user", "add", "p.bakker", "--email", "p@example.com", "--system")
    sidecar(config, "token", "revoke", "--app", "hours", "--user", "j.devries", "--description", "iPhone")
    revoked, added, imported = sidecar(config, "audit", "list").stdout.splitlines()[1:]
    assert added.endswith("user.add      p.bakker      email: p@example.com; system: yes")
    assert revoked.endswith("  app connector: hours; user: j.devries; description: iPhone")
    assert "policy_" not in imported
    assert "app connectors: 0 -> " in imported


def test_why_somebody_may_not_use_an_app_is_told_in_sentences(config: Path) -> None:
    sidecar(config, "user", "add", "p.bakker")
    told = "The user is a person without an e-mail address. No application is ticked for the user."
    assert told in sidecar(config, "user", "show", "p.bakker").stdout


def test_tokens_are_made_listed_and_revoked_as_with_policy_in_files(config: Path) -> None:
    made = sidecar(config, "token", "new", "--app", "hours", "--user", "m.jansen", "--description", "Laptop", "--expires", "2099-01-01")
    assert made.exit_code == 0
    assert "It is shown this once; the database has its SHA-256." in made.stdout
    listed = sidecar(config, "token", "list").stdout.splitlines()
    assert [line.split()[1:] for line in listed[1:]] == [
        ["hours", "j.devries", "iPhone"],
        ["hours", "m.jansen", "Laptop", "2099-01-01"],
    ]
    [entry] = done(config, "token", "list", "--user", "m.jansen")
    assert entry.keys() == {"id", "app_connector", "user", "description", "expires", "file", "line", "issued"}
    gone = sidecar(config, "token", "revoke", entry["id"], "--as", "ticket 18")
    assert gone.stdout == f"revoked {entry['id']}: m.jansen, hours, Laptop (database)\n"
    assert sidecar(config, "token", "revoke", "--app", "hours", "--user", "j.devries", "--description", "iPhone").exit_code == 0
    assert "tokens" not in policy(config)
    assert [each["what"] for each in done(config, "audit", "list", "--who", "ticket 18")["items"]] == ["token.revoke"]


def test_what_has_very_many_tokens_is_renamed_and_removed(tmp_path: Path, empty: str) -> None:
    """In which the database works on for longer than anybody who is served would wait."""
    if not empty.startswith("postgresql"):
        pytest.skip("SQLite sets a statement no limit")
    config = asyncio.run(in_database(tmp_path, empty, SAMPLE))
    rows = "SELECT sha256(CAST(CAST(i AS text) AS bytea)), 'hours', 'm.jansen', 'device ' || i FROM generate_series(1, 300000) AS i"

    async def fill() -> None:
        database = Database(empty, patience=600.0)
        await run(database, f"INSERT INTO policy_tokens (digest, app_connector, user_name, description) {rows}")
        await database.close()

    asyncio.run(fill())
    assert sidecar(config, "user", "rename", "m.jansen", "m.smit").exit_code == 0
    assert done(config, "app", "remove", "hours", "--yes")["tokens"] == 300_001
    assert done(config, "user", "show", "m.smit")["tokens"] == 0


def test_no_secret_is_left_behind(config: Path) -> None:
    made = done(config, "token", "new", "--app", "hours", "--user", "m.jansen", "--description", "Laptop")
    left = b"".join(file.read_bytes() for file in config.parent.iterdir())
    assert made["data"].encode() not in left
    assert made["data"] not in json.dumps(done(config, "audit", "list"))


def test_with_policy_in_files_it_is_said_where_it_stands(tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(yaml.safe_dump(SAMPLE))
    result = sidecar(config, "user", "block", "j.devries")
    assert (result.exit_code, str(config) in result.stderr, "sidecar db import" in result.stderr) == (1, True, True)


def test_a_database_that_is_not_there_or_has_no_tables_is_told_with_the_remedy(tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(yaml.safe_dump(FILES))
    result = sidecar(config, "user", "list")
    assert (result.exit_code, "`sidecar db init` makes it" in result.stderr) == (3, True)
    assert not (tmp_path / "policy.db").exists()
    (tmp_path / "policy.db").touch(0o600)
    result = sidecar(config, "user", "list")
    assert (result.exit_code, "`sidecar db init` makes them" in result.stderr) == (3, True)
    config.write_text(yaml.safe_dump({**FILES, "policy": {"database": "mysql://x"}}))
    assert sidecar(config, "user", "list").exit_code == 3
    assert sidecar(tmp_path / "nowhere.yaml", "user", "list").exit_code == 3
