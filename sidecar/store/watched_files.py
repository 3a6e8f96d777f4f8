"""Whether files have changed, told by their status, and the reading of them so that no change is missed."""

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from sidecar.settings.problem import Problem, Severity
from sidecar.store.file import Files, read_files

_MOST_READINGS = 3

Signature = dict[Path, tuple[int, ...] | None]
"""What tells that a file is another one, or has other content, than it had. None for a file that is not there."""


def signature_of(files: Iterable[Path]) -> Signature:
    """The status of each file, symbolic links followed: Kubernetes exchanges a whole folder by pointing a link elsewhere."""
    return {file: _status(file) for file in files}


def read_watched(paths: Sequence[Path], environ: Mapping[str, str], watched: Iterable[Path]) -> tuple[Files | Problem, Signature]:
    """What reading brings, and the status from before it of all files that were read, so that no change falls in between."""
    signature: Signature = {}
    for _ in range(_MOST_READINGS):
        signature = signature_of(watched)
        try:
            read = read_files(paths, environ)
        except Exception as error:
            return own_fault(paths[0], error), signature
        if signature.keys() >= set(read.files):
            return read, {file: signature[file] for file in read.files}
        watched = read.files
    return read, signature


def own_fault(path: Path, error: Exception) -> Problem:
    """A fault of ours must not end the watching; its text could hold a secret."""
    return Problem(Severity.ERROR, str(path), 0, "", f"a fault of the sidecar itself while loading: {type(error).__name__}")


def _status(file: Path) -> tuple[int, ...] | None:
    try:
        status = os.stat(file)  # noqa: PTH116  Path.stat is the same, but slower
    except (OSError, ValueError):
        return None
    # The mode counts because a file that could not be read is worth another try once it was given free.
    return status.st_mtime_ns, status.st_size, status.st_ino, status.st_dev, status.st_mode
