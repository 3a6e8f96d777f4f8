"""What supervisor and worker tell each other over the worker's standard input, a socket pair: a line of JSON for each message.

First comes `Start`, from the supervisor. From then on it sends commands, and the worker sends a `Report` each second and when asked. When
either side ends, the other sees the end of the line.
"""

import json
from dataclasses import dataclass, field
from typing import Any

from sidecar.settings.model import Settings
from sidecar.workers.adding_up import Family, from_plain, to_plain

LONGEST = 1 << 24
"""Bytes of a message, far beyond any report."""

_KEPT: dict[str, Any] = {
    **dict.fromkeys(("listen", "tls", "trusted_proxies", "client_certificate_header", "limits", "timeouts"), True),
    "admin": {"listen", "tls"},
}


@dataclass(frozen=True, slots=True)
class Start:
    """What a worker must know beyond its command line.

    :ivar settings: those that hold until the next restart, as the supervisor found them when it started: a worker that replaces another
        one hours later must not differ from the rest. All others are as if nothing was configured.
    :ivar port: to listen on, which for port 0 the settings don't tell.
    :ivar lock: descriptor of the lock on standard output.
    :ivar proofs: descriptor of the memory in which all workers note the DPoP proofs that were used.
    :ivar database: the URL of the database of policy at the start.
    """

    settings: Settings
    port: int
    lock: int
    proofs: int
    database: str | None = field(default=None, repr=False)

    def encode(self) -> bytes:
        """As a line."""
        return _line([self.settings.model_dump(mode="json", include=_KEPT), self.port, self.lock, self.proofs, self.database])

    @classmethod
    def decode(cls, line: bytes) -> "Start":
        """From a line."""
        settings, port, lock, proofs, database = json.loads(line)
        return cls(Settings.model_validate(settings), port, lock, proofs, database)


@dataclass(frozen=True, slots=True)
class Command:
    """`stop` and drain, `reload`, or `report` now; a report tells the number by which it was asked for."""

    name: str
    number: int = 0

    def encode(self) -> bytes:
        """As a line."""
        return _line([self.name, self.number])

    @classmethod
    def decode(cls, line: bytes) -> "Command":
        """From a line."""
        name, number = json.loads(line)
        return cls(name, number)


@dataclass(frozen=True, slots=True)
class Report:
    """How a worker stands.

    :ivar answers: number of the last report that was asked for.
    :ivar state: what it would say at `/readyz`.
    """

    answers: int = 0
    ready: bool = False
    state: dict[str, Any] = field(default_factory=dict)
    metrics: list[Family] = field(default_factory=list)

    def encode(self) -> bytes:
        """As a line."""
        return _line([self.answers, self.ready, self.state, to_plain(self.metrics)])

    @classmethod
    def decode(cls, line: bytes) -> "Report":
        """From a line."""
        answers, ready, state, metrics = json.loads(line)
        return cls(answers, ready, state, from_plain(metrics))


def _line(content: Any) -> bytes:
    return json.dumps(content, separators=(",", ":")).encode() + b"\n"
