"""`sidecar run`: the proxy, until it is told to stop."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import click
import structlog

from sidecar.cli.configuration import COULD_NOT_READ, config_option
from sidecar.cli.logs import set_up_logs
from sidecar.proxy.server import ParserMissingError
from sidecar.record.decision_log import LogFormat
from sidecar.service import freeze, serve
from sidecar.settings.problem import Severity
from sidecar.store.listener_tls import UnusableTlsError
from sidecar.store.reload import PolicyStore, Reload
from sidecar.workers.address import SHARING


@click.command()
@config_option
@click.option("--log-format", type=click.Choice([each.value for each in LogFormat]), default="text", show_default=True)
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="Processes that share the address, one for each core that the sidecar may use.",
)
def run(config: tuple[Path, ...], log_format: str, workers: int) -> None:
    """Run the proxy in front of the backend.

    Decisions go to standard output, a line each; all else goes to standard error. SIGTERM and Ctrl-C let requests in flight finish
    first, SIGHUP reloads the configuration, which also happens by itself when a file changes.
    """
    if workers > 1 and not SHARING:
        raise click.BadParameter(
            "this system can't share an address between processes; run one worker, or several sidecars behind a load balancer",
            param_hint="--workers",
        )
    set_up_logs(LogFormat(log_format))
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        running = _run(config, LogFormat(log_format)) if workers == 1 else _supervise(config, log_format, workers)
        raise SystemExit(runner.run(running))


async def _run(config: tuple[Path, ...], log_format: LogFormat) -> int:
    store = PolicyStore(config, os.environ)
    store.on_result(tell)
    await store.start()
    if store.settings is None or not (store.snapshot or store.waits):
        await store.stop()
        return _unusable()
    stop = asyncio.Event()
    _on_signals(stop.set, store.request_reload)
    try:
        async with serve(store.settings, store, log_format, _write_line):
            freeze()
            await stop.wait()
    except (OSError, ParserMissingError, UnusableTlsError) as problem:
        return _could_not_start(problem)
    finally:
        await store.stop()
    return 0


async def _supervise(config: tuple[Path, ...], log_format: str, workers: int) -> int:
    from sidecar.workers.supervisor import supervise  # needs POSIX

    store = PolicyStore(config, os.environ)
    await store.start()
    if store.settings is None or not (store.snapshot or store.waits):
        await store.stop()
        if store.last_reload is not None:
            tell(store.last_reload)
        return _unusable()
    settings, database = store.settings, store.database
    if store.watch is None:
        await store.stop()
    kept = store if store.watch is not None else None
    del store  # the policy is the workers' business, but one in a database is administered here
    stop = asyncio.Event()
    arguments = [*(word for file in config for word in ("--config", str(file))), "--log-format", log_format]

    def obey(reload_workers: Callable[[], None]) -> None:
        def reload() -> None:
            reload_workers()
            if kept is not None:
                kept.request_reload()

        _on_signals(stop.set, reload)

    try:
        fine = await supervise(settings, kept, arguments, workers, stop, obey, database)
    except (OSError, UnusableTlsError) as problem:
        return _could_not_start(problem)
    finally:
        if kept is not None:
            await kept.stop()
    return 0 if fine else COULD_NOT_READ


def _unusable() -> int:
    structlog.get_logger("sidecar").error("the configuration can't be used; `sidecar check` tells more")
    return COULD_NOT_READ


def _could_not_start(problem: Exception) -> int:
    structlog.get_logger("sidecar").error("could not start", problem=str(problem))
    return COULD_NOT_READ


def tell(reload: Reload) -> None:
    """Say in the log what became of loading the configuration."""
    logger = structlog.get_logger("sidecar")
    for problem in reload.problems:
        say = logger.error if problem.severity is Severity.ERROR else logger.warning
        say("configuration", problem=str(problem))
    if reload.succeeded:
        logger.info("policy loaded", version=reload.version)
    else:
        logger.error("policy not loaded" + ("; the last good one stays in force" if reload.version else ""), version=reload.version or None)


def _write_line(lines: str) -> None:
    sys.stdout.write(lines)
    sys.stdout.flush()


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop where it exists; on Windows, and where it was left out, asyncio's own loop."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


def _on_signals(stop: Callable[[], None], reload: Callable[[], None]) -> None:
    loop = asyncio.get_running_loop()
    try:
        loop.add_signal_handler(signal.SIGTERM, stop)
        loop.add_signal_handler(signal.SIGINT, stop)
        loop.add_signal_handler(signal.SIGHUP, reload)
    except (NotImplementedError, AttributeError):
        # Windows: no handlers in the loop and no SIGHUP; Ctrl-C and Ctrl-Break arrive in the main thread.
        for name in ("SIGINT", "SIGBREAK"):
            signal.signal(getattr(signal, name), lambda *_: loop.call_soon_threadsafe(stop))
