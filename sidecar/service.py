"""The whole running thing: proxy and admin port around a policy store, started and stopped together."""

import contextlib
import gc
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import structlog
from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.registry import Collector

from sidecar.admin.administration import administration
from sidecar.admin.app import Readiness, admin_app, admin_port, url_of
from sidecar.admin.policy_metrics import PolicyMetrics
from sidecar.admin.readiness import readiness
from sidecar.admin.tls_metrics import TlsMetrics
from sidecar.issuers.possession import Possession
from sidecar.issuers.proofs_seen import ProofsSeen
from sidecar.issuers.provider_metrics import ProviderMetrics
from sidecar.issuers.providers import Providers
from sidecar.issuers.verifier import Verifier
from sidecar.otp.happening import Happening, Observe
from sidecar.proxy.backend_credentials import BackendCredentials
from sidecar.proxy.credential_metrics import CredentialMetrics
from sidecar.proxy.directory_callers import DirectoryCallers
from sidecar.proxy.gateway import Gateway
from sidecar.proxy.issued_callers import IssuedCallers
from sidecar.proxy.jwt_callers import JwtCallers
from sidecar.proxy.limits import GatewayLimits
from sidecar.proxy.listener import Listener
from sidecar.proxy.otp_desk import OtpDesk
from sidecar.proxy.people import People
from sidecar.proxy.server import GatewayServer
from sidecar.proxy.upstream import Pool, Timeouts
from sidecar.record.administration_metrics import AdministrationMetrics
from sidecar.record.decision_log import DecisionLog, LogFormat
from sidecar.record.metrics import Metrics
from sidecar.record.otp_metrics import OtpMetrics
from sidecar.settings.model import Settings
from sidecar.settings.scalars import host_and_port
from sidecar.store.reload import POLL_SECONDS, PolicyStore, utc_now
from sidecar.store.tls_watch import RenewableContext, TlsWatch

if TYPE_CHECKING:
    from sidecar.otp.office import Office
    from sidecar.policy_database.directory import Directory

Exposed = Callable[[Readiness, CollectorRegistry], AbstractAsyncContextManager[str]]
"""Makes readiness and metrics known to others; gives the URL where they are, or "" if there is none."""


@dataclass(frozen=True, slots=True)
class Running:
    """Where it is reachable, with the real ports. `admin_url` is "" if readiness and metrics are made known in another way."""

    url: str
    admin_url: str


@contextlib.asynccontextmanager
async def serve(
    settings: Settings,
    store: PolicyStore,
    log_format: LogFormat,
    write: Callable[[str], object],
    *,
    exposed: Exposed | None = None,
    shared_port: int | None = None,
    proofs: int | None = None,
    tls_poll: float = POLL_SECONDS,
) -> AsyncIterator[Running]:
    """Run the proxy inside an event loop; on leaving, drain as `timeouts.drain` allows.

    :param store: started by the caller, who also stops it.
    :param write: takes lines of the decision log.
    :param exposed: makes readiness and metrics known from before the start until after the drain; the admin port, if nothing is given.
    :param shared_port: listen on this port instead of the one that is configured, together with other processes.
    :param proofs: descriptor of the memory in which those processes note the DPoP proofs that were used.
    :param tls_poll: seconds between two looks at the files of certificates.
    :raises OSError: when an address can't be had.
    :raises UnusableTlsError: when there is no certificate to show.
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
    credentials = BackendCredentials(pool, timeouts.client)
    directory = store.directory
    otp = _OneTimePasswords(store, decision_log, directory)
    providers = Providers()
    gateway = Gateway(
        store,
        pool,
        credentials,
        gateway_limits,
        settings.trusted_proxies,
        decision_log,
        metrics,
        certificates_passed=settings.client_certificate_header is not None,
        issued=otp.callers,
        directory=None if directory is None else DirectoryCallers(directory),
        jwt=JwtCallers(Verifier(providers, time.time, time.monotonic), People(directory)),
        possession=Possession(ProofsSeen(proofs), time.time, time.monotonic),
        otp_desk=otp.desk,
    )
    listener = Listener(GatewayServer(gateway, head=limits.head, keep_alive=timeouts.keep_alive), lambda: metrics.in_flight)
    # Where the admin port is somebody else's, so is its certificate.
    tls = TlsWatch(settings, tls_poll, only="" if exposed is None else "tls")
    draining = False

    def report() -> tuple[bool, dict[str, Any]]:
        return readiness(
            store,
            credentials.report(),
            draining=draining,
            now=datetime.now(UTC),
            authority=otp.state(),
            issuers=providers.report(),
            tls=tls.report(),
        )

    administration_metrics = AdministrationMetrics()
    collectors = (metrics, CredentialMetrics(credentials), otp.metrics, ProviderMetrics(providers), PolicyMetrics(store), TlsMetrics(tls))
    expose = exposed or _admin_port(settings.admin.listen, tls.context("admin.tls"), store, administration_metrics)
    exposure = expose(report, _registry(*collectors, administration_metrics))
    async with contextlib.AsyncExitStack() as stack:
        try:
            admin_url = await stack.enter_async_context(exposure)
            credentials.adopt(store.in_force)
            store.on_result(lambda _: credentials.adopt(store.in_force))
            store.on_result(lambda _: providers.adopt(store.in_force.issuers if store.in_force else {}))
            providers.adopt(store.in_force.issuers if store.in_force else {})
            await otp.open()
            tls.start()
            stack.push_async_callback(tls.stop)
            host, port = host_and_port(settings.listen)
            secure = tls.context("tls")
            await listener.open(host, port if shared_port is None else shared_port, shared=shared_port is not None, tls=secure)
            running = Running(url_of(host, listener.port, secure=secure is not None), admin_url)
            version = store.snapshot.policy.version if store.snapshot else None
            said = "ready" if store.snapshot else "waiting for the database of policy"
            logger.info(said, listen=running.url, **({"admin": admin_url} if admin_url else {}), policy=version)
            yield running
        finally:
            draining = True
            logger.info("draining", in_flight=metrics.in_flight, patience_seconds=timeouts.drain)
            await listener.drain(timeouts.drain)
            await credentials.close()
            await providers.close()
            await pool.close()
            await otp.close()
            decision_log.flush()
    logger.info("stopped")


def freeze() -> None:
    """Take all that is there after the start out of what the garbage collector looks at: it lives as long as the process."""
    gc.collect()
    gc.freeze()


def _admin_port(listen: str, tls: RenewableContext | None, store: PolicyStore, metrics: AdministrationMetrics) -> Exposed:
    @contextlib.asynccontextmanager
    async def exposed(report: Readiness, registry: CollectorRegistry) -> AsyncIterator[str]:
        async with (
            administration(store, metrics) as add_more,
            admin_port(listen, admin_app(report, registry, add_more=add_more), tls) as url,
        ):
            yield url

    return exposed


class _OneTimePasswords:
    """What runs of them: the desk always, since a reload may have requests forwarded; the authority if there was one at the start."""

    def __init__(self, store: PolicyStore, decision_log: DecisionLog, directory: "Directory | None") -> None:
        """:raises OSError: when the authority's database can't be made."""
        self.metrics = OtpMetrics()
        self._decision_log = decision_log
        self._office = office = _office(store, self._observe)
        self.desk = OtpDesk(office, self._observe, utc_now, directory)
        self.callers = None if office is None else IssuedCallers(office.issued, People(directory))
        if office is not None:
            self.metrics.letters = lambda: office.letters
            self.metrics.hears = lambda: office.issued.hears

    async def open(self) -> None:
        if self._office is not None:
            await self._office.open()

    async def close(self) -> None:
        await self.desk.close()
        if self._office is not None:
            await self._office.close()

    def state(self) -> dict[str, Any] | None:
        """For `/readyz`; None without an authority."""
        if self._office is None:
            return None
        return {"database_heard": self._office.issued.hears, "waiting_mails": self._office.letters}

    def _observe(self, happening: Happening) -> None:
        self.metrics.happenings[happening.operation, happening.outcome] += 1
        self._decision_log.tell("otp", happening.told())


def _office(store: PolicyStore, observe: Observe) -> "Office | None":
    """The token authority; what its mail server and rules are is asked of the store each time."""
    at_start = store.installation
    if at_start is None:
        return None
    from sidecar.otp.office import Office  # brings SQLAlchemy along, which most have no use for

    return Office(lambda: (store.in_force.installation if store.in_force else None) or at_start, observe, utc_now)


def _registry(*collectors: Collector) -> CollectorRegistry:
    registry = CollectorRegistry()
    for collector in collectors:
        registry.register(collector)
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    return registry
