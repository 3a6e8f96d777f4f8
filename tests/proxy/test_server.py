"""The listening side refuses to start where requests would be read by another parser than the one that was tested."""

import pytest
from aiohttp import http_parser

from sidecar.errors import Reason
from sidecar.proxy.backend_credentials import BackendCredentials
from sidecar.proxy.gateway import Gateway
from sidecar.proxy.limits import GatewayLimits
from sidecar.proxy.server import GatewayServer, ParserMissingError
from sidecar.proxy.upstream import Pool, Timeouts
from sidecar.record.decision_log import DecisionLog, LogFormat
from sidecar.record.metrics import Metrics


class NoPolicy:
    """A source that never had one."""

    snapshot = None
    why_none = Reason.NO_POLICY


async def test_it_does_not_start_with_the_parser_in_python(monkeypatch: pytest.MonkeyPatch) -> None:
    log = DecisionLog(lambda _: None, LogFormat.TEXT)
    pool = Pool(Timeouts(1, 1, 1))
    gateway = Gateway(NoPolicy(), pool, BackendCredentials(pool, 1), GatewayLimits(1, 1, 1, 1), [], log, Metrics())
    GatewayServer(gateway, head=8192, keep_alive=1)
    monkeypatch.setattr(http_parser, "HttpRequestParser", http_parser.HttpRequestParserPy)
    with pytest.raises(ParserMissingError):
        GatewayServer(gateway, head=8192, keep_alive=1)
