"""The whole running thing: proxy and admin port around a policy store, started and stopped together."""

import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import structlog
from aiohttp import web
from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector

from sidecar.admin.app import admin_app
from sidecar.admin.policy_metrics import PolicyMetrics
from sidecar.admin.readiness import readiness
from sidecar.proxy.gateway import Gateway, GatewayLimits
from sidecar.proxy.listener import Listener
from sidecar.proxy.server import GatewayServer
from sidecar.proxy.upstream import Pool, Timeouts
from sidecar.record.decision_log import DecisionLog, LogFormat
from sidecar.record.metrics import Metrics
from sidecar.settings.model import Settings
from sidecar.settings.scalars import host_and_port
from sidecar.store.reload import PolicyStore


@dataclass(frozen=True, slots=True)
class Running:
    """Where it is reachable, with the real ports."""

    url: str
    admin_url: str


@contextlib.asynccontextmanager
async def serve(settings: Settings, store: PolicyStore, log_format: LogFormat, write: Callable[[str], object]) -> AsyncIterator[Running]:
    """Run proxy and admin port inside an event loop; on leaving, drain as `timeouts.drain` allows.

    :param store: started by the caller, who also stops it.
    :param write: takes lines of the decision log.
    :raises OSError: when an address can't be had.
    :raises ParserMissingError: without aiohttp's C parser.
    """
    logger = structlog.get_logger("sidecar")
    timeouts, limits = settings.timeouts, settings.limits
    metrics = Metrics()
    pool = Pool(Timeouts(timeouts.connect, timeouts.head, timeouts.idle))
    metrics.gauges["sidecar_backend_connections"] = ("Open connections to backends.", lambda: pool.open_connections)
    metrics.gauges["sidecar_idle_backend_connections"] = ("Idle ones among them.", lambda: pool.idle_connections)
    decision_log = DecisionLog(write, log_format)
    gateway_limits = GatewayLimits(limits.head, limits.body, limits.answer, timeouts.client)
    gateway = Gateway(store, pool, gateway_limits, settings.trusted_proxies, decision_log, metrics)
    listener = Listener(GatewayServer(gateway, head=limits.head, keep_alive=timeouts.keep_alive), lambda: metrics.in_flight)
    draining = False

    def report() -> tuple[bool, dict[str, Any]]:
        return readiness(store, draining=draining, now=datetime.now(UTC))

    runner = web.AppRunner(admin_app(report, _registry(metrics, store)), access_log=None)
    try:
        await runner.setup()
        admin_host, admin_port = host_and_port(settings.admin.listen)
        await web.TCPSite(runner, admin_host, admin_port).start()
        host, port = host_and_port(settings.listen)
        await listener.open(host, port)
        running = Running(_url(host, listener.port), _url(admin_host, runner.addresses[0][1]))
        version = store.snapshot.policy.version if store.snapshot else None
        logger.info("ready", listen=running.url, admin=running.admin_url, policy=version)
        yield running
    finally:
        draining = True
        logger.info("draining", in_flight=metrics.in_flight, patience_seconds=timeouts.drain)
        await listener.drain(timeouts.drain)
        await pool.close()
        decision_log.flush()
        await runner.cleanup()
        logger.info("stopped")


def _registry(metrics: Metrics, store: PolicyStore) -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(metrics)
    registry.register(PolicyMetrics(store))
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    return registry


def _url(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
