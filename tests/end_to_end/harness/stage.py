"""The backend and the sidecar, each as in real life but in one background thread, so that tests are plain blocking clients."""

import asyncio
import contextlib
import json
import sys
import threading
import time
import urllib.request
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar

from sidecar.policy_database.migrate import migrate
from sidecar.record.decision_log import LogFormat
from sidecar.service import serve
from sidecar.settings.policy_source import SECTIONS
from sidecar.store.reload import PolicyStore
from tests.databases import opened
from tests.end_to_end.harness.backend import TreacherousBackend
from tests.end_to_end.harness.configuration import ENVIRON, Configuration, authorization, configuration, write
from tests.end_to_end.harness.soap import BASE as SOAP_BASE
from tests.end_to_end.harness.soap import Version, content_type
from tests.end_to_end.harness.wire import PATIENCE, Answer, Wire, request
from tests.policy_database.stage import put, run
from tests.store.watched import Clock

Change = Callable[[Configuration], object]
T = TypeVar("T")


@dataclass(slots=True)
class Stage:
    """What is running, and short ways to ask it."""

    backend: TreacherousBackend
    store: PolicyStore
    file: Path
    content: Configuration = field(repr=False)
    port: int
    admin_url: str
    loop: asyncio.AbstractEventLoop
    clock: Clock = field(repr=False)
    lines: list[str] = field(default_factory=list, repr=False)
    database: str = ""

    def wire(self, *, receive_buffer: int | None = None) -> Wire:
        """A new connection to the sidecar."""
        return Wire(self.port, receive_buffer=receive_buffer)

    def send(self, data: bytes) -> Answer:
        """The answer to these bytes on a connection of their own."""
        with self.wire() as wire:
            return wire.ask(data)

    def get(self, target: str, user: str = "j.devries", *headers: str, app: str = "hours") -> Answer:
        """The answer to an ordinary GET by this user."""
        return self.send(request("GET", target, authorization(user, app), *headers))

    def call(self, verb: str, target: str, body: bytes | None = None, *headers: str, user: str = "j.devries") -> Answer:
        """The answer to a call with another verb."""
        given = (*headers, "Content-Type: application/json") if body is not None and not _typed(headers) else headers
        return self.send(request(verb, target, authorization(user), *given, body=body))

    def soap(
        self, service: str, body: bytes, user: str | None = "j.devries", *headers: str, app: str = "hours", version: Version = "1.1"
    ) -> Answer:
        """The answer to a SOAP message; without a user it has no header that proves him."""
        given = headers if _typed(headers) else (*headers, f"Content-Type: {content_type(version)}")
        proof = None if user is None else authorization(user, app)
        return self.send(request("POST", f"{SOAP_BASE}/{service}", proof, *given, body=body))

    def decision(self, reference: str) -> dict[str, Any]:
        """The line of the decision log to which a reference leads."""
        return self.decision_where(lambda line: line["reference"] == reference)

    def decision_where(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The last line of the decision log of which that is true, as soon as it is there."""
        found: list[dict[str, Any]] = []

        def look() -> bool:
            nonlocal found
            lines = map(json.loads, "".join(self.lines).splitlines())
            found = [line for line in lines if line["event"] == "decision" and wanted(line)]
            return bool(found)

        wait_for(look)
        return found[-1]

    def admin(self, path: str) -> tuple[int, str]:
        """Status and text of a page of the admin port."""
        try:
            with urllib.request.urlopen(self.admin_url + path, timeout=PATIENCE) as answer:  # noqa: S310  our own http URL
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def change(self, change: Change) -> None:
        """Write the configuration with this change to its file, or its policy to the database where that is."""
        change(self.content)
        if self.database:
            self.run(put_in_force(self.database, self.file, self.content))
        else:
            write(self.file, self.content)

    def by_hand(self, *statements: str) -> None:
        """What somebody does with a client of the database."""

        async def work() -> None:
            async with opened(self.database) as database:
                await run(database, *statements)

        self.run(work())

    def run(self, work: Awaitable[T]) -> T:
        """The result of work within the stage's event loop."""

        async def do() -> T:
            return await work

        return asyncio.run_coroutine_threadsafe(do(), self.loop).result(PATIENCE)


class OwnStage(Protocol):
    """Starts a stage for a test alone; the parameters are those of `staged`."""

    def __call__(self, change: Change = ..., *, poll: float = ..., uvloop: bool = ...) -> Stage: ...


def wait_for(condition: Callable[[], bool], seconds: float = PATIENCE) -> None:
    """Until something has come about; fails when it does not."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.005)


async def put_in_force(url: str, file: Path, content: Configuration) -> None:
    """Write policy to the database, and all else to the file, if that is not there yet."""
    async with opened(url) as database:
        await put(database, {key: value for key, value in content.items() if key in SECTIONS})
    if not file.exists():
        rest = {key: value for key, value in content.items() if key not in SECTIONS}
        write(file, {**rest, "policy": {"database": url, **rest.get("policy", {})}})


@contextlib.contextmanager
def staged(
    folder: Path, change: Change = lambda _: None, *, poll: float = 0.03, database: str = "", uvloop: bool = True
) -> Iterator[Stage]:
    """Backend and sidecar, running.

    :param folder: for the configuration.
    :param change: of the configuration before the start.
    :param poll: seconds between two looks at the configuration's files; less than in earnest, where a test does not measure it.
    :param database: the URL of an empty one, in which policy stands then.
    :param uvloop: False: run on asyncio's own event loop.
    """
    opened: list[Stage] = []
    failed: list[BaseException] = []
    ready, done = threading.Event(), asyncio.Event()

    async def play() -> None:
        async with contextlib.AsyncExitStack() as stack:
            backend = TreacherousBackend()
            await backend.open()
            stack.push_async_callback(backend.close)
            file = folder / "sidecar.yaml"
            content = configuration(backend.port)
            change(content)
            if database:
                await migrate(database)
                await put_in_force(database, file, content)
            else:
                write(file, content)
            clock = Clock()
            store = PolicyStore([file], ENVIRON, poll=poll, seconds=clock)
            await store.start()
            stack.push_async_callback(store.stop)
            assert store.settings is not None, store.last_reload
            lines: list[str] = []
            running = await stack.enter_async_context(serve(store.settings, store, LogFormat.JSON, lines.append, tls_poll=poll))
            port = int(running.url.rpartition(":")[2])
            loop = asyncio.get_running_loop()
            opened.append(Stage(backend, store, file, content, port, running.admin_url, loop, clock, lines, database))
            ready.set()
            await done.wait()

    def live() -> None:
        try:
            with asyncio.Runner(loop_factory=_loop_factory() if uvloop else None) as runner:
                runner.run(play())
        except BaseException as error:  # told in the test's thread
            failed.append(error)
        finally:
            ready.set()

    thread = threading.Thread(target=live, name="stage")
    thread.start()
    ready.wait(PATIENCE)
    try:
        if failed:
            raise failed[0]
        yield opened[0]
    finally:
        if opened:
            with contextlib.suppress(RuntimeError):
                opened[0].loop.call_soon_threadsafe(done.set)
        thread.join(2 * PATIENCE)
    assert not thread.is_alive()
    if failed:
        raise failed[0]


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """The loop that the program itself would run on."""
    if sys.platform == "win32" or sys.implementation.name != "cpython":
        return None
    import uvloop

    return uvloop.new_event_loop


def _typed(headers: tuple[str, ...]) -> bool:
    return any(header.lower().startswith("content-type") for header in headers)
