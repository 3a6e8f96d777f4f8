"""`sidecar check`: what it prints, and its exit codes."""

import json
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from sidecar.cli import main
from tests.settings.sample import ENVIRON, SAMPLE, SECRET, bent


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "config.yaml"
    file.write_text(yaml.safe_dump(SAMPLE))
    return file


def test_a_good_configuration_is_told_to_be_good(config: Path) -> None:
    result = CliRunner().invoke(main, ["check", "-c", str(config)], env=ENVIRON)
    assert result.exit_code == 0
    assert result.output.startswith("0 errors, 0 warnings; policy ")
    assert result.output.endswith(": app connectors: 1, users: 2, tokens: 1\n")


def test_every_problem_is_printed_with_place_and_remedy(config: Path) -> None:
    content = bent("app_connectors/hours/group", "consultency")
    content["users"]["m.jansen"]["emial"] = "x"
    config.write_text(yaml.safe_dump(content))
    result = CliRunner().invoke(main, ["check", "-c", str(config)], env=ENVIRON)
    assert result.exit_code == 1
    first, remedy, second, _, summary = result.output.splitlines()
    assert first == f"{config}:7: error: app_connectors.hours.group: there is no group `consultency`"
    assert remedy == "    did you mean `consultancy`?"
    assert "users.m.jansen.emial" in second
    assert summary == "2 errors, 0 warnings: this configuration does not load"


@pytest.mark.parametrize(
    ("path", "value", "code", "loads"),
    [
        ("groups/empty", [], 0, True),
        ("app_connectors/hours/get_connectors", ["Profit_Hours", "Unguarded"], 1, True),
        ("app_connectors/hours/group", "nobody", 1, False),
    ],
)
def test_the_exit_code_and_the_json_tell_errors_from_warnings(config: Path, path: str, value: object, code: int, loads: bool) -> None:
    config.write_text(yaml.safe_dump(bent(path, value)))
    result = CliRunner().invoke(main, ["check", "--json", "-c", str(config)], env=ENVIRON)
    report = json.loads(result.output)
    assert result.exit_code == code
    assert (report["ok"], report["loads"], bool(report["version"])) == (code == 0, loads, loads)
    (problem,) = report["problems"]
    assert problem.keys() == {"severity", "file", "line", "path", "message", "remedy", "fatal"}
    assert report["errors"] + report["warnings"] == 1


def test_a_file_that_can_not_be_opened_is_told_apart_by_its_exit_code(config: Path) -> None:
    result = CliRunner().invoke(main, ["check", "-c", str(config), "-c", str(config.with_name("nowhere.yaml"))], env=ENVIRON)
    assert result.exit_code == 3
    assert "nowhere.yaml: error: the file can't be read" in result.output


def test_no_secret_is_printed(config: Path) -> None:
    config.write_text(yaml.safe_dump(bent("environments/O12345AA/credential", {"afas_token": SECRET + "0"})))
    for option in ([], ["--json"]):
        result = CliRunner().invoke(main, ["check", "-c", str(config), *option], env=ENVIRON)
        assert result.exit_code == 1
        assert SECRET not in result.output
