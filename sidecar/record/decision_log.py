"""The decision log: one structured line for each request, on standard output unless told otherwise.

Lines are gathered and written together once in each turn of the event loop, which costs a busy proxy a write for many requests.
"""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sidecar.record.exchange import Exchange

_LONGEST_PREDICATE = 1000


class LogFormat(StrEnum):
    """How lines look: for people, or for machines."""

    TEXT = "text"
    JSON = "json"


class DecisionLog:
    """Writes exchanges through `write`, which takes whole lines."""

    def __init__(self, write: Callable[[str], object], log_format: LogFormat) -> None:
        self._write = write
        self._format = _as_json if log_format is LogFormat.JSON else _as_text
        self._lines: list[str] = []

    def add(self, exchange: Exchange) -> None:
        """Note a finished exchange; must be called within the event loop."""
        if not self._lines:
            asyncio.get_running_loop().call_soon(self.flush)
        self._lines.append(self._format(fields(exchange)))

    def flush(self) -> None:
        """Write what has been gathered."""
        lines, self._lines = self._lines, []
        if lines:
            self._write("".join(lines))


def fields(exchange: Exchange) -> dict[str, Any]:
    """What a line tells, in order; empty ones are left out."""
    line = {
        "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "event": "decision",
        "reference": exchange.reference,
        "decision": exchange.outcome.value,
        "reason": exchange.reason.value if exchange.reason else "",
        "environment": exchange.environment,
        "app_connector": exchange.app_connector,
        "user": exchange.user,
        "device": exchange.device,
        "client": exchange.client,
        "method": exchange.method,
        "call": exchange.call,
        "connector": exchange.connector,
        "predicate": exchange.predicate[:_LONGEST_PREDICATE],
        "policy": exchange.policy_version,
        "status": exchange.status,
        "bytes": exchange.sent,
        "ms": round(exchange.seconds * 1000, 2),
        "backend_ms": None if exchange.backend_seconds is None else round(exchange.backend_seconds * 1000, 2),
        "detail": exchange.detail,
    }
    return {name: value for name, value in line.items() if value not in ("", None)}


def _as_json(line: dict[str, Any]) -> str:
    return json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n"


def _as_text(line: dict[str, Any]) -> str:
    return " ".join(f"{name}={_plain(value)}" for name, value in line.items()) + "\n"


def _plain(value: Any) -> str:
    text = str(value)
    return text if text.isprintable() and not any(character in ' "=' for character in text) else json.dumps(text, ensure_ascii=False)
