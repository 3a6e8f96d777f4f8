"""`python -m sidecar.cli.worker`: one of the workers of `sidecar run --workers`, which alone calls it."""

import asyncio
import signal
from collections.abc import Callable
from pathlib import Path

import click
import structlog

from sidecar.cli.configuration import COULD_NOT_READ, config_option
from sidecar.cli.logs import set_up_logs
from sidecar.cli.run import loop_factory, tell
from sidecar.proxy.server import ParserMissingError
from sidecar.record.decision_log import LogFormat
from sidecar.store.listener_tls import UnusableTlsError
from sidecar.workers.worker import work


@click.command()
@config_option
@click.option("--log-format", type=click.Choice([each.value for each in LogFormat]), required=True)
@click.option("--number", type=int, required=True)
def main(config: tuple[Path, ...], log_format: str, number: int) -> None:
    """Serve, as the supervisor says over standard input."""
    # Ctrl-C in a terminal reaches every process of the group; the supervisor's word is what counts.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    set_up_logs(LogFormat(log_format))
    _say_who(number)
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        raise SystemExit(runner.run(_run(config, LogFormat(log_format))))


async def _run(config: tuple[Path, ...], log_format: LogFormat) -> int:
    logger = structlog.get_logger("sidecar")
    try:
        if await work(config, log_format, tell, _on_signals):
            return 0
        logger.error("the configuration can't be used; `sidecar check` tells more")
    except (OSError, ParserMissingError, UnusableTlsError) as problem:
        logger.error("could not start", problem=str(problem))
    return COULD_NOT_READ


def _on_signals(stop: Callable[[], None], reload: Callable[[], None]) -> None:
    loop = asyncio.get_running_loop()
    # A service manager may tell every process of a group, not only the supervisor.
    loop.add_signal_handler(signal.SIGTERM, stop)
    loop.add_signal_handler(signal.SIGHUP, reload)


def _say_who(number: int) -> None:
    """Have every line of the log tell which worker wrote it."""

    def add_number(_logger: object, _name: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
        return {**event, "worker": number}

    structlog.configure(processors=[add_number, *structlog.get_config()["processors"]])


if __name__ == "__main__":
    main()
