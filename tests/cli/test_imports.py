"""What takes its time to import, or memory, is imported only by those who need it: with policy in files nobody needs a database."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.end_to_end.harness.configuration import configuration, write
from tests.end_to_end.harness.program import program
from tests.settings.sample import ENVIRON, SAMPLE

_ROOT = Path(__file__).parents[2]
_TELL = """
import atexit, sys
of_databases = {"sqlalchemy", "alembic", "asyncpg", "aiosqlite"}
atexit.register(lambda: print("imported:", sorted(of_databases & {name.partition(".")[0] for name in sys.modules}), flush=True))
"""
_CALL = f"{_TELL}\nfrom sidecar.cli import main; main()"


@pytest.mark.parametrize(
    "words",
    [
        ("check",),
        ("explain", "--app", "hours", "--user", "j.devries", "GET /ProfitRestServices/connectors/Profit_Hours?skip=0&take=10"),
        ("token", "list"),
        ("token", "new", "--app", "hours", "--user", "j.devries", "--description", "Laptop", "--into", "config.yaml"),
    ],
)
def test_commands_import_no_database_where_policy_is_in_files(tmp_path: Path, words: tuple[str, ...]) -> None:
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(SAMPLE))
    command = [sys.executable, "-c", _CALL, *words, "-c", "config.yaml"]
    around = {**os.environ, **ENVIRON, "PYTHONPATH": str(_ROOT)}
    done = subprocess.run(command, cwd=tmp_path, env=around, capture_output=True, text=True, check=False)
    assert done.stdout.endswith("imported: []\n"), done.stdout + done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="a process can't be asked to end there")
def test_a_sidecar_that_serves_imports_no_database_where_policy_is_in_files(tmp_path: Path) -> None:
    write(tmp_path / "run.yaml", configuration(1))
    with program(tmp_path, tmp_path / "run.yaml", before=_TELL) as running:
        pass
    assert running.process.returncode == 0
    assert running.stdout.read_text().endswith("imported: []\n")
