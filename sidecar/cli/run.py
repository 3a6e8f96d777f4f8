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
from sidecar.service import serve
from sidecar.settings.problem import Severity
from sidecar.store.reload import PolicyStore, Reload


@click.command()
@config_option
@click.option("--log-format", type=click.Choice([each.value for each in LogFormat]), default="text", show_default=True)
def run(config: tuple[Path, ...], log_format: str) -> None:
    """Run the proxy in front of the backend.

    Decisions go to standard output, a line each; all else goes to standard error. SIGTERM and Ctrl-C let requests in flight finish
    first, SIGHUP reloads the configuration, which also happens by itself when a file changes.
    """
    set_up_logs(LogFormat(log_format))
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        raise SystemExit(runner.run(_run(config, LogFormat(log_format))))


async def _run(config: tuple[Path, ...], log_format: LogFormat) -> int:
    logger = structlog.get_logger("sidecar")
    store = PolicyStore(config, os.environ)
    store.on_result(_tell)
    await store.start()
    if store.settings is None or store.snapshot is None:
        logger.error("the configuration can't be used; `sidecar check` tells more")
        await store.stop()
        return COULD_NOT_READ
    stop = asyncio.Event()
    _on_signals(stop.set, store.request_reload)
    try:
        async with serve(store.settings, store, log_format, _write_line):
            await stop.wait()
    except (OSError, ParserMissingError) as problem:
        logger.error("could not start", problem=str(problem))
        return COULD_NOT_READ
    finally:
        await store.stop()
    return 0


def _tell(reload: Reload) -> None:
    """Say in the log what became of loading the configuration."""
    logger = structlog.get_logger("sidecar")
    for problem in reload.problems:
        say = logger.error if problem.severity is Severity.ERROR else logger.warning
        say("configuration", problem=str(problem))
    if reload.succeeded:
        logger.info("policy loaded", version=reload.version)
    else:
        logger.error("policy not loaded; the one before stays in force", version=reload.version or None)


def _write_line(lines: str) -> None:
    sys.stdout.write(lines)
    sys.stdout.flush()


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
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
