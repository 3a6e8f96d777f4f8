"""`sidecar run`: which numbers of workers it takes."""

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from sidecar.cli import main
from sidecar.cli.configuration import COULD_NOT_READ


@pytest.mark.parametrize("workers", ["0", "65", "-1", "two"])
def test_a_number_of_workers_that_makes_no_sense_is_wrong_usage(tmp_path: Path, workers: str) -> None:
    result = CliRunner().invoke(main, ["run", "-c", str(tmp_path / "config.yaml"), "--workers", workers])
    assert result.exit_code == 2
    assert "--workers" in result.output


def test_several_workers_are_refused_where_an_address_cannot_be_shared(tmp_path: Path) -> None:
    code = (
        "import socket\n"
        "if hasattr(socket, 'SO_REUSEPORT'): del socket.SO_REUSEPORT\n"
        "import sys; sys.modules['fcntl'] = None\n"  # as on Windows
        "from sidecar.cli import main; main()"
    )
    file = str(tmp_path / "config.yaml")
    several = subprocess.run([sys.executable, "-c", code, "run", "-c", file, "--workers", "2"], capture_output=True, text=True, check=False)
    assert several.returncode == 2
    assert "run one worker, or several sidecars behind a load balancer" in " ".join(several.stderr.split())
    one = subprocess.run([sys.executable, "-c", code, "run", "-c", file], capture_output=True, text=True, check=False)
    assert one.returncode == COULD_NOT_READ
    assert "config.yaml" in one.stderr
