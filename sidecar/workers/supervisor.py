"""The supervisor: keeps the address, the crew and the admin port, and serves no request itself."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Sequence

import structlog
from prometheus_client import CollectorRegistry

from sidecar.admin.administration import administration
from sidecar.admin.app import admin_app, admin_port, url_of
from sidecar.issuers.proofs_seen import new_shared_memory
from sidecar.record.administration_metrics import AdministrationMetrics
from sidecar.settings.model import Settings
from sidecar.settings.scalars import host_and_port
from sidecar.store.reload import PolicyStore
from sidecar.store.tls_watch import TlsWatch
from sidecar.workers.address import reserved
from sidecar.workers.crew import Crew
from sidecar.workers.messages import Start
from sidecar.workers.process import WorkerProcess, started
from sidecar.workers.whole_lines import new_lock

_AFTER_DRAIN = 5.0
"""Seconds beyond `timeouts.drain` after which a worker that was told to stop is killed."""


async def supervise(
    settings: Settings,
    store: PolicyStore | None,
    arguments: Sequence[str],
    size: int,
    stop: asyncio.Event,
    on_reload: Callable[[Callable[[], None]], None],
    database: str | None = None,
) -> bool:
    """Run workers until `stop` is set; on leaving, all drain.

    :param store: of a policy in a database, for the administration API; started by the caller, who also stops it.
    :param arguments: of a worker's command line.
    :param on_reload: is handed what makes all of them reload.
    :param database: the URL of the database of policy, if it is in one.
    :return: False if they could not start; they have said why.
    :raises OSError: when an address can't be had.
    :raises UnusableTlsError: when the admin port has no certificate to show.
    """
    logger = structlog.get_logger("sidecar")
    host, port = host_and_port(settings.listen)
    tls = TlsWatch(settings, only="admin.tls")
    lock, proofs = new_lock(), new_shared_memory()
    try:
        with reserved(host, port) as real_port:
            start = Start(settings, real_port, lock, proofs, database)

            def launch(number: int, on_report: Callable[[], None]) -> Awaitable[WorkerProcess]:
                return started(number, arguments, start, on_report)

            metrics = AdministrationMetrics()
            crew = Crew(size, launch, own=[metrics], tls=tls)
            on_reload(crew.reload)
            registry = CollectorRegistry()
            registry.register(crew)
            async with (
                administration(store, metrics) as add_more,
                admin_port(
                    settings.admin.listen, admin_app(crew.readiness, registry, crew.fetch, add_more), tls.context("admin.tls")
                ) as admin_url,
            ):
                tls.start()
                crew.start()
                try:
                    if await _first(crew.complete, crew.gave_up, stop) is crew.complete:
                        logger.info("ready", listen=url_of(host, real_port, secure=settings.tls is not None), admin=admin_url, workers=size)
                        await stop.wait()
                finally:
                    await tls.stop()
                    logger.info("stopping", workers=size, patience_seconds=settings.timeouts.drain)
                    await crew.stop(settings.timeouts.drain + _AFTER_DRAIN)
    finally:
        os.close(lock)
        os.close(proofs)
    logger.info("stopped")
    return not crew.gave_up.is_set()


async def _first(*events: asyncio.Event) -> asyncio.Event:
    """The one that is set first."""
    waits = [asyncio.create_task(event.wait()) for event in events]
    await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for wait in waits:
        wait.cancel()
    return next(event for event in events if event.is_set())
