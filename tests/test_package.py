"""What is installed without a checkout works: the wheel holds everything that runs, and the demo runs from it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def run(*command: str, folder: Path, environ: dict[str, str] | None = None) -> str:
    done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, encoding="utf-8", timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which the wheel, built from a copy of the sources, was installed."""
    folder = tmp_path_factory.mktemp("package")
    sources = run("git", "ls-files", "sidecar", "pyproject.toml", "README.md", folder=ROOT).splitlines()
    for name in sources:
        target = folder / "source" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((ROOT / name).read_bytes())
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check")
    run(*pip, "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", str(folder), str(folder / "source"), folder=folder)
    (wheel,) = folder.glob("*.whl")
    run(*pip, "install", "-q", "--no-deps", "--no-index", "--target", str(folder / "installed"), str(wheel), folder=folder)
    return folder / "installed"


def test_the_wheel_holds_data_and_type_marker(installed: Path) -> None:
    migration = "policy_database/migrations/versions/v0001_policy.py"
    for name in ("py.typed", "config.schema.json", "demo/demo.yaml", "policy_database/migrations/env.py", migration):
        assert (installed / "sidecar" / name).is_file()
    assert not (installed / "tests").exists()


def test_the_demo_runs_from_the_wheel_alone(installed: Path, tmp_path: Path) -> None:
    environ = {**os.environ, "PYTHONPATH": str(installed), "PYTHONUTF8": "1"}
    place = run(sys.executable, "-c", "import sidecar; print(sidecar.__file__)", folder=tmp_path, environ=environ)
    assert Path(place.strip()).is_relative_to(installed)
    tour = run(sys.executable, "-m", "sidecar", "demo", folder=tmp_path, environ=environ)
    assert "The same URL, two users, different rows" in tour
