"""Exchange a file for a new version of it in one step, so that whoever reads it sees the old or the new one, whole."""

import os
import tempfile
from contextlib import suppress
from pathlib import Path


def replace_bytes(file: Path, content: bytes) -> None:
    """Write `content` in place of the file, keeping its mode and, where allowed, its owner. A symbolic link goes on pointing to it.

    :raises OSError: when that is not possible; the file is unchanged then.
    """
    target = Path(os.path.realpath(file))
    status = target.stat()
    # In the same folder, since a rename is only atomic within one file system.
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    new = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        new.chmod(status.st_mode & 0o7777)
        if hasattr(os, "chown"):
            # For root, who edits the file of the service's own user. Others may not, and need not.
            with suppress(PermissionError):
                os.chown(new, status.st_uid, status.st_gid)
        new.replace(target)
    except BaseException:
        new.unlink(missing_ok=True)
        raise
    _sync_folder(target.parent)


def _sync_folder(folder: Path) -> None:
    """Make the rename itself survive a crash, where folders can be opened for that."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
