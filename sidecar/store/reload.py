"""The policy in force, kept up to date: files are watched by their status, and read anew when they have changed and come to rest; a
database of policy is watched by its revision.

A snapshot is exchanged at once or not at all; whatever is wrong with files or database, the last good one stays. One that came from a
database counts only as long as the database was heard lately.
"""

import asyncio
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

from sidecar.errors import Reason
from sidecar.otp.installation import Installation
from sidecar.settings.model import Settings
from sidecar.settings.problem import Problem, Severity, path_text
from sidecar.store.file import Files, Loaded, conclude
from sidecar.store.rights import Rights
from sidecar.store.snapshot import Snapshot
from sidecar.store.watched_files import Signature, own_fault, read_watched, signature_of

if TYPE_CHECKING:
    from sidecar.policy_database.directory import Directory
    from sidecar.store.policy_watch import PolicyWatch  # brings SQLAlchemy along, which many have no use for

POLL_SECONDS = 0.2
"""Between two looks at the files. A change is in force after two or three of them, plus the loading."""

_ONLY_AT_START = (
    ("listen",),
    ("tls",),
    ("admin", "listen"),
    ("admin", "tls"),
    ("trusted_proxies",),
    ("client_certificate_header",),
    ("limits",),
    ("timeouts",),
)


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


def seconds_of_the_host() -> float:
    """Seconds that pass while the host sleeps too, or a virtual machine stands still, as far as the system tells them (Linux does)."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if sys.platform == "linux" else time.monotonic()


class PolicyStore:
    """Holds the snapshot in force. Belongs to one event loop; only the reading of files and the compiling happen in a thread.

    :ivar snapshot: the last good one, as long as it counts.
    :ivar in_force: the same, whether it counts or not.
    :ivar why_none: why nobody is served where there is no snapshot.
    :ivar files: what the files say that are in force, or that wait for the database's first answer.
    :ivar watch: what watches the database of policy; None where policy is in files.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        environ: Mapping[str, str],
        clock: Callable[[], datetime] = utc_now,
        poll: float = POLL_SECONDS,
        seconds: Callable[[], float] = seconds_of_the_host,
    ) -> None:
        self.snapshot: Snapshot | None = None
        self.in_force: Snapshot | None = None
        self.why_none = Reason.NO_POLICY
        self.settings: Settings | None = None  # of the start: what can't be changed later stays as it was then
        self.installation: Installation | None = None  # likewise, as is the next
        self.database: str | None = None  # the URL of that of policy, if it is in one
        self.last_reload: Reload | None = None
        self.files: Settings | None = None
        self.watch: PolicyWatch | None = None
        self.reloads_succeeded = 0
        self.reloads_failed = 0
        self._paths = tuple(paths)
        self._environ = dict(environ)
        self._clock = clock
        self._poll = poll
        self._seconds = seconds
        self._loaded: Signature = dict.fromkeys(self._paths)
        self._files: Files | None = None  # what they say now
        self._good: tuple[Files, Rights | None] | None = None  # what is in force
        self._refused: int | None = None  # rights that were newer, and could not be used
        self._begun = False
        self._max_staleness = 0.0
        self._requested = asyncio.Event()
        self._turn = asyncio.Lock()
        self._callbacks: list[Callable[[Reload], None]] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._logger = structlog.get_logger("sidecar")

    @property
    def last_error(self) -> Reload | None:
        """The last attempt, if it failed: files or database then say something else than what is in force."""
        return None if self.last_reload is None or self.last_reload.succeeded else self.last_reload

    @property
    def waits(self) -> bool:
        """Whether there was no policy yet for want of an answer from the database only."""
        return self.in_force is None and self.watch is not None and self.watch.problem is not None and self.watch.problem.passing

    @property
    def directory(self) -> "Directory | None":
        """Looks up users and tokens that are not in memory; None where policy is in files."""
        return None if self.watch is None else self.watch.directory

    @property
    def is_stale(self) -> bool:
        """Whether the database was not heard for so long that its policy counts no longer."""
        if self.watch is None or self.in_force is None:
            return False
        return self._seconds() - self.watch.heard >= self._max_staleness

    @property
    def heard_seconds(self) -> float | None:
        """How long ago the database was heard; None where it never was, or there is none."""
        if self.watch is None or self.watch.revision is None:
            return None
        return self._seconds() - self.watch.heard

    @property
    def seconds_left(self) -> float | None:
        """How long the policy counts yet if the database is not heard again; None where it never was, or there is none."""
        heard = self.heard_seconds
        return None if heard is None else max(self._max_staleness - heard, 0.0)

    def on_result(self, callback: Callable[[Reload], None]) -> None:
        """Have `callback` called in the event loop after every attempt, the first included."""
        self._callbacks.append(callback)

    def request_reload(self) -> None:
        """Reload now, even if no file seems changed (SIGHUP). To be called in the event loop."""
        self._requested.set()

    async def start(self) -> None:
        """Load, and watch from then on. Afterwards `snapshot` is None only if files or database can't be used, or it `waits`."""
        await self._reload()
        self._tasks.append(asyncio.create_task(self.run(), name="policy reload"))

    async def stop(self) -> None:
        """Watch no longer; the snapshot stays."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        if self.watch is not None:
            await self.watch.stop()

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
        """Read the files, and take what they say."""
        async with self._turn:
            read, self._loaded = await asyncio.to_thread(read_watched, self._paths, self._environ, self._loaded)
            if isinstance(read, Problem):
                self._tell(self._clock(), False, (read,))
                return
            self._files = read
            if self.watch is None and self._good is None and read.database is not None:
                self.database = self.database or read.database
                await self._begin_watching(self.database)
            await self._take(read)

    async def _take_rights(self) -> None:
        async with self._turn:
            if self._files is not None:
                await self._take(self._files)

    async def _begin_watching(self, url: str) -> None:
        from sidecar.store.policy_watch import PolicyWatch

        self.watch = watch = PolicyWatch(url, self._seconds)
        await watch.look()
        watch.start(self._take_rights, self._on_heard)
        self._tasks.append(asyncio.create_task(self._keep_fresh(), name="policy staleness"))

    async def _take(self, files: Files) -> None:
        """Put in force what files and database say, as a whole; or as much of it as is newer and can be used."""
        now = self._clock()
        rights = None if self.watch is None else self.watch.rights
        unknown = None if self.watch is None or rights is not None else self.watch.problem
        loaded = await self._conclude(files, unknown or rights, now)
        if isinstance(loaded, Problem):
            self._tell(now, False, (loaded,))
            return
        problems = (*loaded.problems, *self._waiting_for_restart(files, loaded))
        if loaded.settings is not None:
            if not self._begun:
                self.settings, self.installation, self._begun = self.settings or files.reading.sound, files.installation, True
            self.files = files.reading.sound
        if loaded.snapshot is not None:
            self._put_in_force(loaded.snapshot, files, rights)
        else:
            await self._take_half(files, rights, now)
        if rights is not None and self.in_force is not None:
            self._refused = None if self.in_force.revision == rights.revision else rights.revision.rights
            self._adopt()
        self._tell(now, loaded.snapshot is not None, problems)

    async def _take_half(self, files: Files, rights: Rights | None, now: datetime) -> None:
        """What is wrong with one of the two must not hold up a change of the other, which may take somebody's rights away."""
        if self._good is None or files is self._good[0] or rights is None or rights is self._good[1]:
            return
        for pair in ((self._good[0], rights), (files, self._good[1])):
            loaded = await self._conclude(*pair, now)
            if isinstance(loaded, Loaded) and loaded.snapshot is not None:
                self._put_in_force(loaded.snapshot, *pair)
                return

    async def _conclude(self, files: Files, rights: Any, now: datetime) -> Loaded | Problem:
        try:
            return await asyncio.to_thread(conclude, files, rights, now)
        except Exception as error:
            return own_fault(self._paths[0], error)

    def _put_in_force(self, snapshot: Snapshot, files: Files, rights: Rights | None) -> None:
        self._good = (files, rights)
        self.in_force = snapshot
        self.files = settings = files.reading.sound
        self._max_staleness = settings.policy.max_staleness if settings is not None and settings.policy is not None else 0.0
        self._show()

    def _show(self) -> None:
        """Have the policy in force count, or not."""
        is_stale = self.is_stale
        if is_stale and self.snapshot is not None:
            self._logger.error("the policy is too old: nobody is served until its database is heard", max_staleness=self._max_staleness)
        self.snapshot = None if is_stale else self.in_force
        self.why_none = Reason.POLICY_STALE if is_stale else Reason.POLICY_UNAVAILABLE if self.waits else Reason.NO_POLICY

    def _on_heard(self) -> None:
        self._show()
        self._adopt()

    def _adopt(self) -> None:
        """Have users and tokens looked up for the rights in force."""
        if self.watch is not None and self.in_force is not None and self.in_force.revision is not None:
            self.watch.adopt(self.in_force.revision.rights, self._refused)

    async def _keep_fresh(self) -> None:
        while True:
            await asyncio.sleep(self._poll)
            self._show()

    def _tell(self, now: datetime, succeeded: bool, problems: tuple[Problem, ...]) -> None:
        self._show()
        self.reloads_succeeded += succeeded
        self.reloads_failed += not succeeded
        version = self.in_force.policy.version if self.in_force else ""
        self.last_reload = Reload(now, succeeded, version, problems)
        for callback in self._callbacks:
            try:
                callback(self.last_reload)
            except Exception as error:
                asyncio.get_running_loop().call_exception_handler({"message": "a callback after a reload failed", "exception": error})

    def _waiting_for_restart(self, files: Files, loaded: Loaded) -> Iterable[Problem]:
        if self.settings is None or loaded.settings is None:
            return
        waiting: list[tuple[str, ...]] = [path for path in _ONLY_AT_START if _at(path, loaded.settings) != _at(path, self.settings)]
        if files.installation is not None:
            waiting += _waiting_of_authority(self.installation, files.installation)
        if self.watch is not None and files.database != self.watch.url:
            waiting.append(("policy", "database"))
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
