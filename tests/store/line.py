"""The line between somebody and a PostgreSQL on a socket in a folder: it can be cut, with a sound or without, and mended."""

import asyncio
import contextlib
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

_SOCKET = ".s.PGSQL.5432"


class Line:
    """Belongs to one event loop."""

    def __init__(self, folder: Path, url: str) -> None:
        """
        :param folder: for its own socket; a short path.
        :param url: of a database, with the server's folder as host.
        """
        server = Path(parse_qs(urlsplit(url).query)["host"][0])
        self.server_url = url
        self.url = url.replace(f"host={server}", f"host={folder}")
        self._socket = folder / _SOCKET
        self._server_socket = server / _SOCKET
        self._listener: asyncio.Server | None = None
        self._passing = asyncio.Event()
        self._passing.set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def mend(self) -> None:
        """Everything passes."""
        self._passing.set()
        if self._listener is None:
            self._listener = await asyncio.start_unix_server(self._connected, self._socket)

    def silence(self) -> None:
        """Nothing passes any more, and nobody is told."""
        self._passing.clear()

    async def cut(self) -> None:
        """All connections end, and there are no new ones."""
        if self._listener is not None:
            self._listener.close()
            self._socket.unlink(missing_ok=True)
            self._listener = None
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            there, back = await asyncio.open_unix_connection(self._server_socket)
        except OSError:
            writer.transport.abort()
            return
        self._writers.add(back)
        for one, other in ((reader, back), (there, writer)):
            task = asyncio.create_task(self._pass(one, other))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while piece := await reader.read(65_536):
                await self._passing.wait()
                writer.write(piece)
                await writer.drain()
            writer.close()
