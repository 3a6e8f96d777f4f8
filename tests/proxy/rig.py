"""The whole of the proxy between two transports that only take notes: no socket, no clock that matters, the same every time."""

import asyncio
import re
import ssl
from datetime import UTC, datetime

from sidecar.errors import Reason
from sidecar.filters.compact import MixedSeparators
from sidecar.identity.user_token import authorization_for, digest_of
from sidecar.policy.model import AppConnector, FilterType, GetConnector, Policy, RowGuard, UpdateConnector, User, UserToken
from sidecar.policy.where import compile_where
from sidecar.proxy.backend_credentials import BackendCredentials
from sidecar.proxy.client_connection import ClientConnection
from sidecar.proxy.gateway import Gateway
from sidecar.proxy.limits import GatewayLimits
from sidecar.proxy.server import GatewayServer
from sidecar.proxy.upstream import Connection, Origin, Pool, Timeouts
from sidecar.proxy.upstream.connection import Limits
from sidecar.record.decision_log import DecisionLog, LogFormat
from sidecar.record.metrics import Metrics
from sidecar.store.snapshot import AfasToken, Environment, Snapshot

BASE = "/ProfitRestServices/connectors/"
ANSWER = (
    b"HTTP/1.1 200 OK\r\nDate: Tue, 24 Nov 2026 10:00:00 GMT\r\nServer: backend\r\nContent-Type: application/json\r\n"
    b'Content-Length: 31\r\nCache-Control: no-cache\r\nConnection: keep-alive\r\n\r\n{"skip":0,"take":100,"rows":[]}'
)
_TIMEOUTS = Timeouts(10, 60, 60)
_SECRETS = {"ann": "A1" * 32, "bob": "B2" * 32}
_TOLD_ONCE = re.compile(rb"(X-Sidecar-Reference: |\"profitLogReference\":\")[0-9A-F]{32}|Date: [^\r]*")
AUTHORIZATION = {name: authorization_for(data) for name, data in _SECRETS.items()}


def snapshot_of(version: str = "1", departments: str = "department in @user.departments", row_guard: RowGuard = RowGuard.OFF) -> Snapshot:
    """Two users of one app connector, each with a department of his own."""
    tokens = [UserToken(digest_of(data), "hours", name, "phone") for name, data in _SECRETS.items()]
    app_connector = AppConnector(
        "hours",
        "O12345AA",
        "everyone",
        blocked=False,
        get_connectors={"profit_hours": GetConnector("Profit_Hours", ("department",))},
        update_connectors={"ptrealization": UpdateConnector("PtRealization", frozenset())},
        row_guard=row_guard,
    )
    users = {
        name: User(name, f"{name}@example.com", frozenset({"pocket"}), attributes={"departments": (department,)})
        for name, department in (("ann", "ICT"), ("bob", "HR"))
    }
    filters = {"everyone": compile_where(departments)}
    policy = Policy(
        version,
        users,
        {"hours": app_connector},
        {"department": FilterType("department", {"profit_hours": {"department": "Afdeling"}}, filters)},
        {token.digest: token for token in tokens},
    )
    environment = Environment(
        "O12345AA", "http://127.0.0.1:1/ProfitRestServices", MixedSeparators.REFUSE, AfasToken(authorization_for("C3" * 32))
    )
    return Snapshot(policy, {"O12345AA": environment}, datetime(2026, 11, 24, tzinfo=UTC))


class _NoSocket:
    """Stands for the socket of a transport that has none."""

    family = None

    def setsockopt(self, *_: object) -> None:
        """Takes any option."""


class NotingTransport(asyncio.Transport):
    """Takes what is written; nothing ever waits in it."""

    def __init__(self) -> None:
        super().__init__({"peername": ("192.0.2.1", 40_000), "socket": _NoSocket()})
        self.written = b""
        self.writes: list[bytes] = []
        self.ended = ""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += bytes(data)
        self.writes.append(bytes(data))

    def is_closing(self) -> bool:
        return self.ended in ("closed", "aborted")

    def get_write_buffer_size(self) -> int:
        return 0

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self.ended = "half closed"

    def close(self) -> None:
        self.ended = "closed"

    def abort(self) -> None:
        self.ended = "aborted"


class SecureTransport(NotingTransport):
    """As one over TLS: it can't be closed by half, and says good-bye before it is gone."""

    def __init__(self, certificate: bytes = b"", **more: object) -> None:
        super().__init__()
        self._extra = {**self._extra, "ssl_object": _Tls(certificate), **more}  # type: ignore[has-type]

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        pass

    def can_write_eof(self) -> bool:
        return False


class _Tls:
    """What was agreed on."""

    def __init__(self, certificate: bytes) -> None:
        self._certificate = certificate
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)

    def getpeercert(self, _binary: bool) -> bytes:
        return self._certificate


class Rig:
    """A gateway with one kept connection to its backend. Must be made within an event loop."""

    def __init__(self, snapshot: Snapshot | None = None, most_held: int = 100_000) -> None:
        self.snapshot: Snapshot | None = snapshot or snapshot_of()
        self.why_none = Reason.NO_POLICY
        self.lines: list[str] = []
        self.asked: list[bytes] = []
        self._pool = Pool(_TIMEOUTS)
        self.metrics = Metrics()
        limits = GatewayLimits(8192, 100_000, most_held, 60)
        credentials = BackendCredentials(self._pool, 60)
        self.gateway = Gateway(self, self._pool, credentials, limits, [], DecisionLog(self.lines.append, LogFormat.JSON), self.metrics)
        self._server = GatewayServer(self.gateway, head=8192, keep_alive=60)
        self.backend: tuple[Connection, NotingTransport] | None = None

    def client(self, transport: NotingTransport | None = None) -> tuple[ClientConnection, NotingTransport]:
        """A new client."""
        connection, transport = self._server(), transport or NotingTransport()
        connection.connection_made(transport)
        return connection, transport

    def ready(self) -> None:
        """See to it that a kept connection to the backend is free."""
        if self.backend is not None and self._pool.idle_connections:
            return
        origin = Origin("http", "127.0.0.1", 1)
        connection, transport = Connection(origin, _TIMEOUTS, Limits(65_536, 262_144), lambda _: None), NotingTransport()
        connection.connection_made(transport)
        self._pool._idle[origin] = [connection]
        self.backend = connection, transport

    async def status_of(self, client: tuple[ClientConnection, NotingTransport], request: bytes) -> int:
        """Of the answer to a request on a connection that stays open."""
        connection, transport = client
        transport.written = b""
        self.ready()
        connection.data_received(request)
        for _ in range(8):
            await asyncio.sleep(0)
            self.answer()
            self.ready()
        return int(transport.written.split(b" ")[1])

    def end_turn(self) -> None:
        """What the event loop does at the end of its turn."""
        self._pool._later._call_all()
        self._server.later._call_all()

    def answer(self, answer: bytes = ANSWER) -> bool:
        """Have the backend answer what it was asked, if it was."""
        self.end_turn()
        if self.backend is None or not self.backend[1].written:
            return False
        connection, transport = self.backend
        self.asked.append(transport.written)
        transport.written = b""
        connection.data_received(answer)
        self.end_turn()
        return True

    async def throw(self, chunks: list[bytes]) -> tuple[bytes, str]:
        """What a new client gets for these bytes, less what is told but once; and how its connection ended."""
        connection, transport = self.client()
        for chunk in chunks:
            self.ready()
            if not transport.is_closing():
                connection.data_received(chunk)
            for _ in range(6):
                await asyncio.sleep(0)
                self.answer()
                self.ready()
        ended = transport.ended
        connection.connection_lost(None)
        await asyncio.sleep(0)
        return _TOLD_ONCE.sub(b"", transport.written), ended


def get(target: str, *headers: str, user: str = "ann", line: str = "GET {} HTTP/1.1") -> bytes:
    """A request as an app sends it."""
    lines = [line.format(target), "Host: 127.0.0.1", f"Authorization: {AUTHORIZATION[user]}", *headers]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")
