"""The policy in force, kept up to date: files are watched by their status, and read anew when they have changed and come to rest.

A snapshot is exchanged at once or not at all; whatever is wrong with the files, the last good one stays.
"""

import asyncio
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import reduce
from pathlib import Path
from typing import Any

from sidecar.errors import Reason
from sidecar.otp.installation import Installation
from sidecar.settings.admin import AdminKey
from sidecar.settings.model import Settings
from sidecar.settings.problem import Problem, Severity, path_text
from sidecar.store.file import Loaded, load
from sidecar.store.snapshot import Snapshot

POLL_SECONDS = 0.2
"""Between two looks at the files. A change is in force after two or three of them, plus the loading."""

_ONLY_AT_START = (("listen",), ("admin", "listen"), ("trusted_proxies",), ("limits",), ("timeouts",))
_MOST_LOADINGS = 3

Signature = dict[Path, tuple[int, ...] | None]
"""What tells that a file is another one, or has other content, than it had. None for a file that is not there."""


@dataclass(frozen=True, slots=True)
class Reload:
    """One attempt at loading: when (aware), whether it took effect, the version in force after it, and the problems."""

    at: datetime
    succeeded: bool
    version: str
    problems: tuple[Problem, ...]


def utc_now() -> datetime:
    """The moment, in UTC."""
    return datetime.now(UTC)


class PolicyStore:
    """Holds the snapshot in force. Belongs to one event loop; only the reading of files happens in a thread."""

    def __init__(
        self, paths: Sequence[Path], environ: Mapping[str, str], clock: Callable[[], datetime] = utc_now, poll: float = POLL_SECONDS
    ) -> None:
        self.snapshot: Snapshot | None = None
        self.why_none = Reason.NO_POLICY
        self.settings: Settings | None = None  # of the start: what can't be changed later stays as it was then
        self.last_reload: Reload | None = None
        self.admin_keys: Mapping[str, AdminKey] = {}  # of the last loading that took effect: a key that is taken out opens nothing
        self._first: Snapshot | None = None
        self.reloads_succeeded = 0
        self.reloads_failed = 0
        self._paths = tuple(paths)
        self._environ = dict(environ)
        self._clock = clock
        self._poll = poll
        self._loaded: Signature = dict.fromkeys(self._paths)
        self._requested = asyncio.Event()
        self._callbacks: list[Callable[[Reload], None]] = []
        self._task: asyncio.Task[None] | None = None

    @property
    def last_error(self) -> Reload | None:
        """The last attempt, if it failed: the files then say something else than what is in force."""
        return None if self.last_reload is None or self.last_reload.succeeded else self.last_reload

    def on_result(self, callback: Callable[[Reload], None]) -> None:
        """Have `callback` called in the event loop after every attempt, the first included."""
        self._callbacks.append(callback)

    def request_reload(self) -> None:
        """Reload now, even if no file seems changed (SIGHUP). To be called in the event loop."""
        self._requested.set()

    async def start(self) -> None:
        """Load, and watch from then on. Afterwards `snapshot` is None only if the files can't be used."""
        await self._reload()
        self._task = asyncio.create_task(self.run(), name="policy reload")

    async def stop(self) -> None:
        """Watch no longer; the snapshot stays."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def run(self) -> None:
        """Watch the files until cancelled; nothing that is wrong with them ends it."""
        previous = self._loaded
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._poll):
                    await self._requested.wait()
            requested = self._requested.is_set()
            self._requested.clear()
            current = await asyncio.to_thread(signature_of, self._loaded)
            # What still changes is still being written; two looks must agree.
            if requested or (current != self._loaded and current == previous):
                await self._reload()
                current = self._loaded
            previous = current

    async def _reload(self) -> None:
        now = self._clock()
        loaded, self._loaded = await asyncio.to_thread(_load, self._paths, self._environ, now, self._loaded)
        if isinstance(loaded, Problem):
            problems: tuple[Problem, ...] = (loaded,)
        else:
            problems = (*loaded.problems, *self._waiting_for_restart(loaded))
            if loaded.snapshot is not None:
                self._first = self._first or loaded.snapshot
                self.snapshot = loaded.snapshot
                self.settings = self.settings or loaded.settings
                self.admin_keys = loaded.settings.admin.keys if loaded.settings else {}
        succeeded = isinstance(loaded, Loaded) and loaded.snapshot is not None
        self.reloads_succeeded += succeeded
        self.reloads_failed += not succeeded
        version = self.snapshot.policy.version if self.snapshot else ""
        self.last_reload = Reload(now, succeeded, version, problems)
        for callback in self._callbacks:
            try:
                callback(self.last_reload)
            except Exception as error:
                asyncio.get_running_loop().call_exception_handler({"message": "a callback after a reload failed", "exception": error})

    def _waiting_for_restart(self, loaded: Loaded) -> Iterable[Problem]:
        if self.settings is None or loaded.settings is None:
            return
        waiting: list[tuple[str, ...]] = [path for path in _ONLY_AT_START if _at(path, loaded.settings) != _at(path, self.settings)]
        if loaded.snapshot is not None and loaded.snapshot.installation is not None and self._first is not None:
            waiting += _waiting_of_authority(self._first.installation, loaded.snapshot.installation)
        for path in waiting:
            place = loaded.report.place(path)
            yield Problem(Severity.WARNING, place.file, place.line, path_text(path), "was changed, which needs a restart to take effect")


def _at(path: tuple[str, ...], settings: Settings) -> Any:
    return reduce(getattr, path, settings)


def _waiting_of_authority(first: Installation | None, now: Installation) -> list[tuple[str, ...]]:
    """What of the token authority holds from one start to the next."""
    if first is None:
        return [("one_time_passwords",)]
    return [("one_time_passwords", key) for key in ("database", "secret") if getattr(first, key) != getattr(now, key)]


def signature_of(files: Iterable[Path]) -> Signature:
    """The status of each file, symbolic links followed: Kubernetes exchanges a whole folder by pointing a link elsewhere."""
    return {file: _status(file) for file in files}


def _status(file: Path) -> tuple[int, ...] | None:
    try:
        status = os.stat(file)  # noqa: PTH116  Path.stat is the same, but slower
    except (OSError, ValueError):
        return None
    # The mode counts because a file that could not be read is worth another try once it was given free.
    return status.st_mtime_ns, status.st_size, status.st_ino, status.st_dev, status.st_mode


def _load(paths: Sequence[Path], environ: Mapping[str, str], now: datetime, watched: Iterable[Path]) -> tuple[Loaded | Problem, Signature]:
    """What loading brings, and the status from before it of all files that were read, so that no change falls in between."""
    signature: Signature = {}
    for _ in range(_MOST_LOADINGS):
        signature = signature_of(watched)
        try:
            loaded = load(paths, environ, now)
        except Exception as error:  # a fault of ours must not end the watching; its text could hold a secret
            return Problem(
                Severity.ERROR, str(paths[0]), 0, "", f"a fault of the sidecar itself while loading: {type(error).__name__}"
            ), signature
        if signature.keys() >= set(loaded.files):
            return loaded, {file: signature[file] for file in loaded.files}
        watched = loaded.files
    return loaded, signature
