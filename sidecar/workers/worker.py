"""The worker's side: serves like a sidecar of one process, but reports to the supervisor instead of having an admin port."""

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

import structlog
from prometheus_client import CollectorRegistry

from sidecar.admin.app import Readiness
from sidecar.record.decision_log import LogFormat
from sidecar.service import freeze, serve
from sidecar.store.reload import PolicyStore, Reload
from sidecar.workers.adding_up import collected
from sidecar.workers.messages import LONGEST, Command, Report, Start
from sidecar.workers.whole_lines import whole_lines

_REPORT_SECONDS = 1.0
_STANDARD_INPUT, _STANDARD_OUTPUT = 0, 1


async def work(
    config: Sequence[Path],
    log_format: LogFormat,
    tell: Callable[[Reload], None],
    on_signals: Callable[[Callable[[], None], Callable[[], None]], None],
) -> bool:
    """Serve until the supervisor says so or is gone.

    :param tell: of every loading of the configuration.
    :param on_signals: is handed what to do when this process itself is told to stop, and to reload.
    :return: False if there was no policy to serve with.
    :raises OSError: when the address can't be had.
    :raises ParserMissingError: without aiohttp's C parser.
    """
    reader, writer = await asyncio.open_unix_connection(sock=socket.socket(fileno=os.dup(_STANDARD_INPUT)), limit=LONGEST)
    start = Start.decode(await reader.readline())
    store = PolicyStore(config, os.environ)
    store.settings, store.database = start.settings, start.database
    store.on_result(tell)
    line = _ControlLine(reader, writer, store)
    on_signals(line.stop.set, store.request_reload)
    try:
        async with line.held():
            await store.start()
            if store.snapshot is None and not store.waits:
                return False
            write = whole_lines(_STANDARD_OUTPUT, start.lock)
            async with serve(start.settings, store, log_format, write, exposed=line.exposed, shared_port=start.port, proofs=start.proofs):
                freeze()
                line.listening()
                await line.stop.wait()
    finally:
        await store.stop()
        writer.close()
    return True


class _ControlLine:
    """Obeys, and reports: from the first moment on, so that a long loading does not look like a worker that hangs.

    :ivar stop: set when it is time to drain.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, store: PolicyStore) -> None:
        self.stop = asyncio.Event()
        self._reader = reader
        self._writer = writer
        self._store = store
        self._asked = 0
        self._listening = False
        self._readiness: Readiness = _not_yet
        self._registry = CollectorRegistry()

    @contextlib.asynccontextmanager
    async def held(self) -> AsyncIterator[None]:
        """Obey and report within the block, and once more at its end."""
        tasks = [asyncio.create_task(self._obey(), name="control line"), asyncio.create_task(self._keep_reporting(), name="reports")]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._report()
            with contextlib.suppress(OSError):
                await self._writer.drain()

    @contextlib.asynccontextmanager
    async def exposed(self, readiness: Readiness, registry: CollectorRegistry) -> AsyncIterator[str]:
        """Tell of these from now on."""
        self._readiness, self._registry = readiness, registry
        yield ""

    def listening(self) -> None:
        """Connections are accepted: say so at once."""
        self._listening = True
        self._report()

    async def _obey(self) -> None:
        while line := await self._next_line():
            command = Command.decode(line)
            match command.name:
                case "stop":
                    self.stop.set()
                case "reload":
                    self._store.request_reload()
                case "report":
                    self._asked = command.number
                    self._report()
        if not self.stop.is_set():
            structlog.get_logger("sidecar").error("the supervisor is gone")
            self.stop.set()

    async def _next_line(self) -> bytes:
        try:
            return await self._reader.readline()
        except OSError:
            return b""

    async def _keep_reporting(self) -> None:
        while True:
            self._report()
            await asyncio.sleep(_REPORT_SECONDS)

    def _report(self) -> None:
        if self._writer.transport.get_write_buffer_size():
            return  # the supervisor does not read; it would only get old news later
        ready, state = self._readiness()
        self._writer.write(Report(self._asked, ready and self._listening, state, collected(self._registry)).encode())


def _not_yet() -> tuple[bool, dict[str, Any]]:
    return False, {}
