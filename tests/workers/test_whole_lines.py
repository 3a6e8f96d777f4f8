"""Lines of several processes on one pipe or file come out whole, the very long ones as well."""

import os
import subprocess
import sys
import threading
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("fcntl")

from sidecar.workers.whole_lines import new_lock, pieces, whole_lines

ROOT = Path(__file__).parents[2]
ROUNDS = 200
SIZES = [120] * 20 + [20, 2000, 6000, 16_000]
"""Of the lines that are written at a time, in any order; a pipe takes 4096 bytes at once."""

_WRITER = f"""
import random, sys
from sidecar.workers.whole_lines import whole_lines
name, lock = sys.argv[1], int(sys.argv[2])
write, chance, sizes = whole_lines(1, lock), random.Random(name), {SIZES}
for _ in range({ROUNDS}):
    chance.shuffle(sizes)
    count = chance.randrange(len(sizes))
    for part in (sizes[:count], sizes[count:]):
        write("".join(name * size + "\\n" for size in part))
"""


def written(stdout: int, names: str) -> None:
    """Have as many processes write to it at the same time, and wait for them."""
    lock = new_lock()
    try:
        processes = [
            subprocess.Popen([sys.executable, "-c", _WRITER, name, str(lock)], stdout=stdout, pass_fds=(lock,), cwd=ROOT) for name in names
        ]
        assert [process.wait(30) for process in processes] == [0] * len(names)
    finally:
        os.close(lock)


def check(text: bytes, names: str) -> None:
    lines = text.decode().removesuffix("\n").split("\n")
    assert Counter(lines) == {name * size: ROUNDS * SIZES.count(size) for name in names for size in SIZES}


def test_lines_of_several_processes_on_a_pipe_are_whole_even_when_it_is_full() -> None:
    out, into = os.pipe()
    read: list[bytes] = []

    def reader() -> None:
        # In small bites, so that the pipe is full most of the time and writers have to wait in the middle of a long line.
        while data := os.read(out, 5000):
            read.append(data)

    thread = threading.Thread(target=reader)
    thread.start()
    written(into, "abc")
    os.close(into)
    thread.join()
    os.close(out)
    check(b"".join(read), "abc")


def test_lines_of_several_processes_in_a_file_are_whole(tmp_path: Path) -> None:
    with (tmp_path / "log").open("wb") as file:
        written(file.fileno(), "abc")
    check((tmp_path / "log").read_bytes(), "abc")


def test_a_lock_that_is_never_given_back_stops_nobody() -> None:
    lock = new_lock()
    holder = subprocess.Popen(
        [sys.executable, "-c", f"import fcntl; fcntl.lockf({lock}, fcntl.LOCK_EX); print(flush=True); input()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        pass_fds=(lock,),
    )
    out, into = os.pipe()
    with holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        whole_lines(into, lock)("line\n")
        assert os.read(out, 100) == b"line\n"
        holder.kill()
    for descriptor in (out, into, lock):
        os.close(descriptor)


def test_what_is_no_unicode_does_not_lose_the_line() -> None:
    out, into = os.pipe()
    lock = new_lock()
    whole_lines(into, lock)("a\udc80b\n")
    assert os.read(out, 100) == b"a\\udc80b\n"
    for descriptor in (out, into, lock):
        os.close(descriptor)


@given(st.lists(st.binary(max_size=30).map(lambda line: line.replace(b"\n", b"") + b"\n")), st.integers(1, 20))
def test_pieces_are_whole_lines_that_fit_or_one_line_that_does_not(lines: list[bytes], size: int) -> None:
    parts = list(pieces(b"".join(lines), size))
    assert b"".join(parts) == b"".join(lines)
    assert all(part.endswith(b"\n") and (len(part) <= size or part.count(b"\n") == 1) for part in parts)
    # No piece could have taken the next line as well.
    assert all(len(part) + following.index(b"\n") + 1 > size for part, following in pairwise(parts))
