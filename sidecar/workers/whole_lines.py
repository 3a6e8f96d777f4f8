"""Lines of several processes on one standard output, none of them broken by another.

A pipe takes up to PIPE_BUF bytes at once or not at all (POSIX, `write`), so lines are written in pieces of at most that, each of whole
lines. A single longer line needs everybody else to wait: those who write short pieces share the lock, who writes a long one has it alone.
"""

import fcntl
import os
import select
import stat
import tempfile
import time
from collections.abc import Callable, Iterator

_PATIENCE = 0.5
"""Seconds for the lock. One who holds it was stopped, or nobody reads the pipe: a line broken in two is better than no requests served."""


def new_lock() -> int:
    """A descriptor for all processes to inherit; belongs to no file in any folder."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("sidecar-lines")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def whole_lines(descriptor: int, lock: int) -> Callable[[str], None]:
    """A function that writes whole lines, in UTF-8.

    :param descriptor: of a pipe, file, terminal or socket.
    :param lock: from `new_lock`, inherited from the process that made it.
    """
    is_pipe = stat.S_ISFIFO(os.fstat(descriptor).st_mode)

    def write(lines: str) -> None:
        data = lines.encode("utf-8", "backslashreplace")
        for piece in (data,) if len(data) <= select.PIPE_BUF else pieces(data, select.PIPE_BUF):
            # A lock of the process, not of the open file, which all have in common.
            locked = is_pipe and _lock(lock, fcntl.LOCK_EX if len(piece) > select.PIPE_BUF else fcntl.LOCK_SH)
            try:
                rest = piece[os.write(descriptor, piece) :]
                while rest:
                    rest = rest[os.write(descriptor, rest) :]
            finally:
                if locked:
                    fcntl.lockf(lock, fcntl.LOCK_UN)

    return write


def pieces(lines: bytes, size: int) -> Iterator[bytes]:
    """Whole lines, as many together as fit into `size` bytes; a longer line alone."""
    start = 0
    while len(lines) - start > size:
        end = lines.rfind(b"\n", start, start + size) + 1 or lines.find(b"\n", start) + 1 or len(lines)
        yield lines[start:end]
        start = end
    if start < len(lines):
        yield lines[start:]


def _lock(lock: int, kind: int) -> bool:
    deadline = 0.0
    while True:
        try:
            fcntl.lockf(lock, kind | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):
            deadline = deadline or time.monotonic() + _PATIENCE
            if time.monotonic() > deadline:
                return False
            time.sleep(0.0005)
        else:
            return True
