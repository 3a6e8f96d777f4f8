"""The real command in a process of its own, with its logs in files."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.end_to_end.harness.configuration import ENVIRON
from tests.end_to_end.harness.wire import PATIENCE, Wire

_ROOT = Path(__file__).parents[3]
_COMMAND = "from sidecar.cli import main; main()"


@dataclass(slots=True)
class Program:
    """A running `sidecar run`."""

    process: subprocess.Popen[bytes]
    stdout: Path
    stderr: Path
    port: int = 0
    admin_url: str = ""

    def wire(self, *, receive_buffer: int | None = None) -> Wire:
        """A new connection to it."""
        return Wire(self.port, receive_buffer=receive_buffer)

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def ends(self, seconds: float = PATIENCE) -> int:
        """Its exit code, once it has ended."""
        return self.process.wait(seconds)

    @property
    def said(self) -> str:
        """All that it wrote so far, to wherever."""
        return self.stdout.read_text(errors="replace") + self.stderr.read_text(errors="replace")

    def wait_for(self, pattern: str) -> re.Match[str]:
        """The first place in what it says that looks so; fails when it does not come."""
        deadline = time.monotonic() + 2 * PATIENCE
        while (match := re.search(pattern, self.said)) is None:
            assert self.process.poll() is None, self.said
            assert time.monotonic() < deadline, self.said
            time.sleep(0.01)
        return match


@contextlib.contextmanager
def program(folder: Path, file: Path, arguments: Sequence[str] = (), before: str = "") -> Iterator[Program]:
    """Start it, and end it afterwards if it still runs.

    :param folder: for its logs.
    :param before: Python that runs in the process before the command does.
    """
    stdout, stderr = folder / "stdout", folder / "stderr"
    command = [sys.executable, "-c", f"{before}\n{_COMMAND}", "run", "-c", str(file), *arguments]
    if not before:
        command[1:3] = ["-m", "sidecar"]
    with stdout.open("wb") as out, stderr.open("wb") as err:
        process = subprocess.Popen(command, stdout=out, stderr=err, cwd=_ROOT, env={**os.environ, **ENVIRON})
    running = Program(process, stdout, stderr)
    try:
        ready = (
            running.wait_for(r'"?admin"?[=:] ?"?(https?://127\.0\.0\.1:\d+)').group(1),
            running.wait_for(r'"?listen"?[=:] ?"?https?://127\.0\.0\.1:(\d+)').group(1),
        )
        running.admin_url, running.port = ready[0], int(ready[1])
        yield running
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
        process.wait(PATIENCE)
