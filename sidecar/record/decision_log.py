"""The decision log: one structured line for each request, on standard output unless told otherwise.

Lines are gathered and written together once in each turn of the event loop, which costs a busy proxy a write for many requests.
"""

import asyncio
from collections.abc import Callable, Mapping
from enum import StrEnum

from sidecar.record.exchange import Exchange
from sidecar.record.log_line import json_event, json_line, text_event, text_line


class LogFormat(StrEnum):
    """How lines look: for people, or for machines."""

    TEXT = "text"
    JSON = "json"


class DecisionLog:
    """Writes exchanges through `write`, which takes whole lines."""

    def __init__(self, write: Callable[[str], object], log_format: LogFormat) -> None:
        self._write = write
        self._line = json_line if log_format is LogFormat.JSON else text_line
        self._event = json_event if log_format is LogFormat.JSON else text_event
        self._lines: list[str] = []
        self._loop: asyncio.AbstractEventLoop | None = None

    def add(self, exchange: Exchange) -> None:
        """Note a finished exchange; must be called within the event loop, always the same."""
        if not self._lines:
            if self._loop is None:  # asking for it each time would cost a system call
                self._loop = asyncio.get_running_loop()
            self._loop.call_soon(self.flush)
        self._lines.append(self._line(exchange))

    def tell(self, event: str, values: Mapping[str, str]) -> None:
        """Write a line about something that is no exchange, behind what has been gathered."""
        self.flush()
        self._write(self._event(event, values))

    def flush(self) -> None:
        """Write what has been gathered."""
        lines, self._lines = self._lines, []
        if lines:
            self._write("".join(lines))
