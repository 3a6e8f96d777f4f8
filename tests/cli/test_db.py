"""`sidecar db`: a policy goes into a database and comes out as it was, and nothing is replaced, lost or left half done silently."""

import asyncio
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result
from sqlalchemy import text

from sidecar.cli import main
from sidecar.policy_database.migrate import newest_version
from tests.databases import opened
from tests.policy_database.configurations import FULL
from tests.settings.sample import SAMPLE, bent

POLICY = ("groups", "users", "app_connectors", "filter_types", "tokens")


class Place:
    """A folder with a configuration that names a database; what stands in files is beside it."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder, self.url = folder, url
        self.config = folder / "config.yaml"
        self.write({"environments": SAMPLE["environments"]})

    def write(self, content: dict[str, Any]) -> None:
        self.config.write_text(yaml.safe_dump({"policy": {"database": self.url}} | content))

    def policy(self, content: dict[str, Any], name: str = "policy.yaml") -> Path:
        file = self.folder / name
        file.write_text(yaml.safe_dump({key: content[key] for key in POLICY if key in content}))
        return file

    def run(self, *words: str | Path) -> Result:
        return CliRunner().invoke(main, ["db", str(words[0]), "-c", str(self.config), *map(str, words[1:])])

    def sql(self, *statements: str) -> list[Any]:
        async def do() -> list[Any]:
            async with opened(self.url) as database, database.writing() as connection:
                results = [await connection.execute(text(statement)) for statement in statements]
                return [tuple(row) for row in results[-1]] if results[-1].returns_rows else []

        return asyncio.run(do())


@pytest.fixture
def place(tmp_path: Path, empty: str) -> Place:
    return Place(tmp_path, empty)


@pytest.fixture
def filled(place: Place) -> Place:
    """With tables and a policy."""
    assert place.run("init").exit_code == 0
    assert place.run("import", "--from", place.policy(SAMPLE)).exit_code == 0
    return place


def test_a_database_is_made_filled_read_and_checked(place: Place) -> None:
    made = place.run("init")
    assert made.exit_code == 0
    assert f"made the tables of version {newest_version()}" in made.output
    assert "sidecar db import" in made.output
    imported = place.run("import", "--from", place.policy(FULL))
    assert imported.exit_code == 0, imported.output
    assert "users                        0           2" in imported.output
    exported = place.run("export")
    assert exported.exit_code == 0
    assert yaml.safe_load(exported.output)["users"] == FULL["users"]
    checked = place.run("check")
    assert "app connectors: 1, users: 2, tokens: 1; 1 change in the audit" in checked.output
    assert "cli:" in checked.output


def test_what_was_exported_is_taken_back_exactly(place: Place) -> None:
    place.run("init")
    place.run("import", "--from", place.policy(FULL))
    first = place.folder / "first.yaml"
    assert place.run("export", "-o", first).exit_code == 0
    place.sql("DELETE FROM policy_tokens", "DELETE FROM policy_users", "UPDATE policy_app_connectors SET blocked = true")
    assert place.run("import", "--from", first, "--yes").exit_code == 0
    assert place.run("export").output == first.read_text("utf-8")


def test_an_export_goes_into_a_new_file_that_only_its_owner_can_read(filled: Place) -> None:
    file = filled.folder / "out.yaml"
    assert filled.run("export", "-o", file).exit_code == 0
    assert os.name == "nt" or stat.S_IMODE(file.stat().st_mode) == 0o600
    content = file.read_text("utf-8")
    again = filled.run("export", "-o", file)
    assert (again.exit_code, file.read_text("utf-8")) == (1, content)
    assert filled.run("export", "-o", filled.folder / "nowhere/out.yaml").exit_code == 3


def test_an_export_that_fails_leaves_no_file(place: Place) -> None:
    file = place.folder / "out.yaml"
    assert place.run("export", "-o", file).exit_code == 3
    assert not file.exists()


def test_a_policy_is_replaced_only_by_somebody_who_says_so(filled: Place) -> None:
    before = filled.run("export").output
    other = filled.policy(bent("users/m.jansen", None), "other.yaml")
    refused = filled.run("import", "--from", other)
    assert (refused.exit_code, filled.run("export").output) == (1, before)
    assert "say --yes" in refused.output
    tried = filled.run("import", "--from", other, "--dry-run")
    assert (tried.exit_code, filled.run("export").output) == (0, before)
    assert "users                        2           1" in tried.output
    assert filled.run("import", "--from", other, "--yes").exit_code == 0
    assert list(yaml.safe_load(filled.run("export").output)["users"]) == ["j.devries"]


@pytest.mark.parametrize(("answer", "left"), [("n", 2), ("y", 1)])
def test_whoever_sits_there_is_asked(filled: Place, monkeypatch: pytest.MonkeyPatch, answer: str, left: int) -> None:
    monkeypatch.setattr("sidecar.cli.db_import._somebody_is_there", lambda: True)
    other = filled.policy(bent("users/m.jansen", None), "other.yaml")
    result = CliRunner().invoke(main, ["db", "import", "-c", str(filled.config), "--from", str(other)], input=answer)
    assert result.exit_code == (0 if answer == "y" else 1)
    assert len(yaml.safe_load(filled.run("export").output)["users"]) == left


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("app_connectors/hours/group", "nobody", "there is no group `nobody`"),
        ("app_connectors/hours/environment", "elsewhere", "there is no environment `elsewhere`"),
        ("users/j.devries/emial", "x", "did you mean `email`"),
        ("users/j.devries/email", "a\0b", "holds a character that no database keeps"),
        ("filter_types/department/filters/consultancy", "department in (", "filters.consultancy"),
    ],
)
def test_a_policy_that_would_not_load_is_not_taken(filled: Place, path: str, value: str, message: str) -> None:
    before = filled.run("export").output
    result = filled.run("import", "--yes", "--from", filled.policy(bent(path, value), "wrong.yaml"))
    assert (result.exit_code, filled.run("export").output) == (1, before)
    assert message in result.output


def test_where_nothing_is_to_be_imported_nothing_is_taken_away(filled: Place) -> None:
    before = filled.run("export").output
    result = filled.run("import", "--yes")
    assert (result.exit_code, filled.run("export").output) == (1, before)
    assert "there is no policy in" in result.output
    assert filled.run("import", "--yes", "--from", filled.folder / "nowhere.yaml").exit_code == 3


def test_sections_that_stand_in_the_configuration_itself_are_imported_and_their_lines_told(place: Place) -> None:
    place.run("init")
    place.write(SAMPLE)
    result = place.run("import")
    assert result.exit_code == 0, result.output
    lines = place.config.read_text().splitlines()
    at = {line.partition(":")[0]: number for number, line in enumerate(lines, 1) if line[:1].isalpha()}
    assert f"app_connectors (line {at['app_connectors']})" in result.output
    assert f"environments: …  # as in line {at['environments']}" in result.output
    assert "PROFIT_TOKEN" not in result.output
    assert place.run("check").exit_code == 0


def test_what_names_nobody_is_left_out_and_told(place: Place) -> None:
    place.run("init")
    content = bent("groups/app", ["j.devries", "gone", "m.jansen"])
    content["app_connectors"]["hours"]["tokens"].append({"user": "gone", "sha256": "cd" * 32})
    result = place.run("import", "--from", place.policy(content))
    assert result.exit_code == 0
    assert "groups.app[1] names a user or app connector that is not there" in result.output
    assert "app_connectors.hours.tokens[1]" in result.output
    assert "gone" not in place.run("export").output


def test_a_change_between_looking_and_replacing_is_not_lost(filled: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def ask(_database: str) -> None:
        subprocess.run([sys.executable, "-c", _BLOCK, filled.url], check=True)

    monkeypatch.setattr("sidecar.cli.db_import._ask", ask)
    result = filled.run("import", "--from", filled.policy(SAMPLE))
    assert result.exit_code == 1
    assert "somebody changed the policy" in result.output
    assert yaml.safe_load(filled.run("export").output)["users"]["m.jansen"]["blocked"]


_BLOCK = """
import asyncio, sys
from sqlalchemy import text
from tests.databases import opened
async def do():
    async with opened(sys.argv[1]) as database, database.writing() as connection:
        await connection.execute(text("UPDATE policy_users SET blocked = true WHERE name = 'm.jansen'"))
asyncio.run(do())
"""


def test_tables_of_an_earlier_version_are_brought_to_this_one(place: Place) -> None:
    program = "import asyncio, sys; from sidecar.policy_database.migrate import migrate; asyncio.run(migrate(sys.argv[1], '0001'))"
    subprocess.run([sys.executable, "-c", program, place.url], check=True)
    for command, code in {"init": 1, "check": 3, "export": 3}.items():
        refused = place.run(command)
        assert refused.exit_code == code
        assert "`sidecar db migrate`" in refused.output
    migrated = place.run("migrate")
    assert (migrated.exit_code, migrated.output.endswith(f"tables of version 0001 -> {newest_version()}\n")) == (0, True)
    assert "already" in place.run("migrate").output
    assert place.run("check").exit_code == 0


def test_tables_of_a_newer_version_are_left_alone(filled: Place) -> None:
    filled.sql("UPDATE policy_version SET version_num = '9999'")
    for command, code in {"init": 1, "migrate": 1, "check": 3, "export": 3}.items():
        result = filled.run(command)
        assert result.exit_code == code
        assert "version 9999, which this sidecar doesn't know" in result.output
    assert filled.sql("SELECT version_num FROM policy_version") == [("9999",)]


def test_several_migrations_at_once_end_well(place: Place) -> None:
    words = [sys.executable, "-m", "sidecar", "db", "migrate", "-c", str(place.config)]
    processes = [subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    told = [process.communicate() for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], told
    assert sum("none -> " in out for out, _ in told) == 1
    assert sum("already" in out for out, _ in told) == 2


@pytest.mark.parametrize(
    ("content", "code", "message"),
    [
        ({}, 1, "there is no database of policy"),
        ({"policy": {"database": "${POLICY_DATABASE}"}}, 3, "POLICY_DATABASE is not set"),
        ({"policy": {"database": "mysql://u:geheim@host/x"}}, 3, "begins neither"),
        ({"policy": {"database": "postgresql://u:geheim@127.0.0.1:1/policy"}}, 3, "database `policy` on 127.0.0.1 gives no answer"),
        ({"policy": {"database": "sqlite:///no/such/folder/policy.db"}}, 3, "a file that can't be made"),
    ],
)
def test_a_database_that_can_not_be_had_is_told_without_its_password(
    tmp_path: Path, content: dict[str, Any], code: int, message: str
) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(yaml.safe_dump({"environments": SAMPLE["environments"]} | content))
    result = CliRunner().invoke(main, ["db", "init", "-c", str(config)], env={"POLICY_DATABASE": None})
    assert (result.exit_code, message in result.output) == (code, True), result.output
    assert "geheim" not in result.output


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "policy.db").write_text("just text, and long enough to be looked at as a database, which it is not " * 20)
    place = Place(tmp_path, f"sqlite:///{(tmp_path / 'policy.db').as_posix()}")
    for command in ("init", "migrate", "check"):
        assert place.run(command).exit_code == 3


def test_a_file_of_sqlite_is_its_owner_s_alone_and_is_made_by_nothing_but_what_shall_make_it(tmp_path: Path) -> None:
    place = Place(tmp_path, "sqlite:///policy.db")
    for words in (("check",), ("export",), ("import", "--from", place.policy(SAMPLE))):
        assert place.run(*words).exit_code == 3
        assert not (tmp_path / "policy.db").exists()
    place.run("init")
    assert os.name == "nt" or stat.S_IMODE((tmp_path / "policy.db").stat().st_mode) == 0o600
