"""Starts the proxies and the backend, each on its core and in its own session, and ends exactly those, whatever happens."""

import contextlib
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from bench import accounting

ROOT = Path(__file__).resolve().parent.parent
_PATIENCE_TO_START = 60.0
_PATIENCE_TO_STOP = 5.0
_PORTS = range(18_000, 32_000)
"""Below the range from which the kernel takes ports for outgoing connections."""


class StartError(Exception):
    """A process ended, or did not listen in time; the text says what it wrote last."""


@dataclass(frozen=True, slots=True)
class Cores:
    """Load and backend share one core; the proxy has the other. On a single core they are the same."""

    load: int
    proxy: int

    @classmethod
    def available(cls) -> "Cores":
        cores = sorted(os.sched_getaffinity(0))
        return cls(cores[0], cores[-1])


@dataclass(slots=True)
class Started:
    """The processes that make up one proxy or backend."""

    name: str
    leaders: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def pids(self) -> list[int]:
        return [leader.pid for leader in self.leaders]

    @property
    def core(self) -> int | None:
        """The only core that they may use; None when there are several."""
        cores = os.sched_getaffinity(self.pids[0])
        return cores.pop() if len(cores) == 1 else None

    def cpu_seconds(self) -> float:
        """CPU time used so far."""
        return accounting.cpu_seconds(self.pids)

    def pss_bytes(self) -> int:
        """Memory now."""
        return accounting.pss_bytes(self.pids)


def pinned(command: Sequence[str | Path], cores: Sequence[int]) -> list[str]:
    """The command on these cores, told to end when this process dies, even if that is killed outright."""
    return ["setpriv", "--pdeathsig", "TERM", "taskset", "-c", ",".join(map(str, cores)), *map(str, command)]


class Stage:
    """Keeps everything that was started, and a folder for its files; both are gone when it is left."""

    def __init__(self) -> None:
        self.cores = Cores.available()
        self.folder = Path(tempfile.mkdtemp(prefix="sidecar-bench-"))
        self._started: list[Started] = []
        self._ports: set[int] = set()

    def __enter__(self) -> "Stage":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        # Whoever presses Ctrl-C twice must not get half a cleaning.
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            self._terminate(self._started)
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)
            signal.signal(signal.SIGINT, before)

    def free_port(self) -> int:
        """A port of 127.0.0.1 that nobody listens on, and that is not given out twice."""
        for port in random.sample(_PORTS, 200):
            if port in self._ports:
                continue
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) != 0:
                    self._ports.add(port)
                    return port
        raise StartError("no free port on 127.0.0.1")

    def new_folder(self, name: str) -> Path:
        """A fresh folder below that of the stage."""
        return Path(tempfile.mkdtemp(prefix="".join(each if each.isalnum() else "-" for each in name) + "-", dir=self.folder))

    def start(
        self,
        name: str,
        commands: Sequence[Sequence[str | Path]],
        ports: Sequence[int],
        cores: Sequence[int],
        environment: dict[str, str] | None = None,
    ) -> Started:
        """Run the commands and wait until all the ports answer. What they write goes to files in a folder of the stage.

        :raises StartError: when that doesn't come about, or when a process has taken to another core.
        """
        output = self.new_folder("output")
        # Not the caller's environment: PYTHONUNBUFFERED and the like would change what is measured.
        surroundings = {"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8", "HOME": str(self.folder), **(environment or {})}
        started = Started(name)
        self._started.append(started)
        for number, command in enumerate(commands):
            with (output / f"{number}.out").open("wb") as out, (output / f"{number}.err").open("wb") as err:
                started.leaders.append(
                    subprocess.Popen(  # noqa: S603  commands are made by this program
                        pinned(command, cores),
                        cwd=ROOT,
                        env=surroundings,
                        stdin=subprocess.DEVNULL,
                        stdout=out,
                        stderr=err,
                        start_new_session=True,
                    )
                )
        try:
            self._await(started, ports)
            strayed = [pid for pid in accounting.tree(started.pids) if not os.sched_getaffinity(pid) <= set(cores)]
            if strayed:
                raise StartError(f"{name} does not stay on the cores that it was given")
        except StartError as problem:
            self.stop(started)
            raise StartError(f"{problem}: {_last_words(output)}") from None
        return started

    def stop(self, started: Started) -> None:
        """End these processes and their descendants, and nobody else's."""
        self._terminate([started])
        self._started = [each for each in self._started if each is not started]

    def _await(self, started: Started, ports: Sequence[int]) -> None:
        until = time.monotonic() + _PATIENCE_TO_START
        for port in ports:
            while True:
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                ended = [leader.returncode for leader in started.leaders if leader.poll() is not None]
                if ended:
                    raise StartError(f"{started.name} ended with {ended[0]}")
                if time.monotonic() > until:
                    raise StartError(f"{started.name} did not listen on port {port} within {_PATIENCE_TO_START:.0f} s")
                time.sleep(0.05)

    def _terminate(self, doomed: Sequence[Started]) -> None:
        leaders = [leader for started in doomed for leader in started.leaders]
        family = accounting.tree(leader.pid for leader in leaders if leader.poll() is None)
        for leader in leaders:
            if leader.poll() is None:
                leader.terminate()
        until = time.monotonic() + _PATIENCE_TO_STOP
        for leader in leaders:
            try:
                leader.wait(max(until - time.monotonic(), 0.01))
            except subprocess.TimeoutExpired:
                leader.kill()
                leader.wait()
        _kill_what_is_left(family)


def _kill_what_is_left(family: dict[int, accounting.Stat]) -> None:
    """Descendants that outlived their leader, told by their start time from others that got the same number since."""
    for pid, stat in accounting.tree(family).items():
        if pid in family and family[pid].started == stat.started:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def _last_words(output: Path) -> str:
    texts = [file.read_text(errors="replace").strip() for file in sorted(output.iterdir(), key=lambda each: each.suffix != ".err")]
    lines = [line for text in texts for line in text.splitlines()[-4:]]
    return " | ".join(lines)[-600:] or "it wrote nothing"
