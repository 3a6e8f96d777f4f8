"""One worker as the supervisor knows it: its process, its last report, and ways to tell it something."""

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from sidecar.workers.messages import LONGEST, Command, Report, Start

_LAST_WORDS = 1.0
"""Seconds for reading what a process still had to say when it ended."""


class WorkerProcess:
    """Starts by `started`. `report` is the last one, `heard` the loop's time of it."""

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        on_report: Callable[[], None],
    ) -> None:
        self.pid = process.pid
        self.report = Report()
        self.heard = asyncio.get_running_loop().time()
        self._process = process
        self._reader = reader
        self._writer = writer
        self._on_report = on_report
        self._asked = 0
        self._waiting: dict[int, asyncio.Future[None]] = {}
        self._listening = asyncio.create_task(self._listen(), name=f"worker {process.pid}")

    @property
    def silent(self) -> float:
        """Seconds since its last report, or since its start."""
        return asyncio.get_running_loop().time() - self.heard

    def tell(self, name: str, number: int = 0) -> None:
        """Send a command; a worker that is gone, or never reads it, harms nobody."""
        with contextlib.suppress(OSError):
            self._writer.write(Command(name, number).encode())

    def ask(self) -> asyncio.Future[None]:
        """Done as soon as there is a report from after this call, or never will be."""
        self._asked += 1
        answered = asyncio.get_running_loop().create_future()
        if self._listening.done():
            answered.set_result(None)
        else:
            self._waiting[self._asked] = answered
            self.tell("report", self._asked)
        return answered

    def kill(self) -> None:
        """End it at once, whatever it does."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    async def ended(self) -> int:
        """Its exit status, or minus the signal that ended it, once everything that it said has been read."""
        status = await self._process.wait()
        await asyncio.wait({self._listening}, timeout=_LAST_WORDS)
        self._listening.cancel()
        self._writer.close()
        return status

    async def _listen(self) -> None:
        try:
            while (line := await self._reader.readline()).endswith(b"\n"):
                self.report = Report.decode(line)
                self.heard = asyncio.get_running_loop().time()
                self._answer(self.report.answers)
                self._on_report()
        except OSError:
            pass  # killed while something that it was told was still unread
        finally:
            self._answer(self._asked)

    def _answer(self, number: int) -> None:
        for each in [each for each in self._waiting if each <= number]:
            answered = self._waiting.pop(each)
            if not answered.done():
                answered.set_result(None)


async def started(number: int, arguments: Sequence[str], start: Start, on_report: Callable[[], None]) -> WorkerProcess:
    """A new worker: a fresh interpreter, which inherits no thread, loop or connection of this one.

    :param arguments: of its command line, beside its number.
    :param on_report: called after each of its reports.
    :raises OSError: when the system starts no more processes.
    """
    ours, theirs = socket.socketpair()
    try:
        with theirs:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-P",  # the folder it is started in is no place to import from, unless it is one for this process
                "-m",
                "sidecar.cli.worker",
                "--number",
                str(number),
                *arguments,
                stdin=theirs.fileno(),
                pass_fds=(start.lock, start.proofs),
                env=_environment(),
            )
        reader, writer = await asyncio.open_unix_connection(sock=ours, limit=LONGEST)
    except BaseException:
        ours.close()
        raise
    writer.write(start.encode())
    return WorkerProcess(process, reader, writer, on_report)


def _environment() -> dict[str, str]:
    """With this process's import path, whatever way it came by it."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(str(Path(each).absolute()) for each in sys.path)}


def described(status: int) -> str:
    """An exit status for the log."""
    if status >= 0:
        return f"exit status {status}"
    try:
        return f"killed by {signal.Signals(-status).name}"
    except ValueError:
        return f"killed by signal {-status}"
