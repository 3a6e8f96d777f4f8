"""What was started is ended, with all its descendants, and leaves no files."""

import os
import shutil
import signal
import sys
import time

import pytest

from bench.accounting import tree
from bench.processes import Stage, StartError

needs_tools = pytest.mark.skipif(
    shutil.which("setpriv") is None or shutil.which("taskset") is None, reason="the tools with which processes are pinned are not here"
)

LISTENS_WITH_A_STUBBORN_CHILD = """
import os, signal, socket, sys, time
if os.fork() == 0:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(60)
server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
time.sleep(60)
"""


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@needs_tools
def test_a_process_is_ended_with_a_child_that_does_not_want_to() -> None:
    with Stage() as stage:
        port = stage.free_port()
        command = [sys.executable, "-c", LISTENS_WITH_A_STUBBORN_CHILD, str(port)]
        started = stage.start("stubborn", [command], [port], [stage.cores.proxy])
        family = list(tree(started.pids))
        folder = stage.folder
        assert len(family) == 2
        assert started.pss_bytes() > 0
    until = time.monotonic() + 5
    while any(map(is_running, family)) and time.monotonic() < until:
        time.sleep(0.02)
    assert not any(map(is_running, family))
    assert not folder.exists()


@needs_tools
def test_a_process_stays_on_the_core_that_it_was_given() -> None:
    with Stage() as stage:
        port = stage.free_port()
        started = stage.start("server", [listening(port)], [port], [stage.cores.proxy])
        assert started.core == stage.cores.proxy


@needs_tools
@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="there is no other core")
def test_one_that_takes_to_another_core_is_not_measured() -> None:
    with Stage() as stage:
        port = stage.free_port()
        strays = f"os.sched_setaffinity(0, [{stage.cores.load}])"
        with pytest.raises(StartError, match="does not stay on the cores"):
            stage.start("stray", [listening(port, strays)], [port], [stage.cores.proxy])


def listening(port: int, before: str = "") -> list[str]:
    return [
        sys.executable,
        "-c",
        f"import os, socket, time; {before}\nserver = socket.create_server(('127.0.0.1', {port})); time.sleep(60)",
    ]


@needs_tools
def test_one_that_ends_at_once_is_told_with_its_last_words() -> None:
    command = [sys.executable, "-c", "import sys; sys.exit('no such configuration')"]
    with Stage() as stage, pytest.raises(StartError, match="no such configuration"):
        stage.start("broken", [command], [stage.free_port()], [stage.cores.proxy])


def interrupted(pids: list[int]) -> None:
    """A measurement that is interrupted once its only process runs; notes the process."""
    with Stage() as stage:
        port = stage.free_port()
        command = [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", str(port)]
        pids += stage.start("server", [command], [port], [stage.cores.proxy]).pids
        signal.raise_signal(signal.SIGINT)


@needs_tools
def test_all_is_ended_when_the_measurement_is_interrupted() -> None:
    pids: list[int] = []
    with pytest.raises(KeyboardInterrupt):
        interrupted(pids)
    assert len(pids) == 1
    assert not any(map(is_running, pids))


def test_a_port_is_given_out_once() -> None:
    with Stage() as stage:
        ports = [stage.free_port() for _ in range(50)]
    assert len(set(ports)) == 50
