"""The `sidecar` command itself, and `sidecar schema`."""

import subprocess
import sys
from pathlib import Path

from click.testing import CliRunner

import sidecar
from sidecar.cli import COMMANDS, main

SCHEMA = Path(sidecar.__file__).parent / "config.schema.json"


def test_help_names_every_command_and_exit_code() -> None:
    result = CliRunner().invoke(main, ["--help"])
    assert result.exit_code == 0
    assert all(f"  {name} " in result.output for name in COMMANDS)
    assert all(code in " ".join(result.output.split()) for code in ("0 fine;", "1 problems were found,", "2 wrong usage;", "3 could not"))


def test_every_command_exists_and_has_help() -> None:
    for name in COMMANDS:
        result = CliRunner().invoke(main, [name, "--help"])
        assert result.exit_code == 0, name


def test_the_version_is_told() -> None:
    assert CliRunner().invoke(main, ["--version"]).output == f"sidecar, version {sidecar.__version__}\n"


def test_an_unknown_command_is_wrong_usage() -> None:
    assert CliRunner().invoke(main, ["nonsense"]).exit_code == 2


def test_help_imports_no_command() -> None:
    code = "import sys; from sidecar.cli import main; main(['--help'], standalone_mode=False); print('pydantic' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("False\n")


def test_the_schema_is_printed_as_it_stands_in_the_repository() -> None:
    result = CliRunner().invoke(main, ["schema"])
    assert result.exit_code == 0
    assert result.output == SCHEMA.read_text("utf-8")


def test_a_copy_of_the_schema_is_checked(tmp_path: Path) -> None:
    (tmp_path / "old.json").write_text("{}")
    cases = {SCHEMA: 0, tmp_path / "old.json": 1, tmp_path / "nowhere.json": 3}
    for copy, code in cases.items():
        assert CliRunner().invoke(main, ["schema", "--check", str(copy)]).exit_code == code
