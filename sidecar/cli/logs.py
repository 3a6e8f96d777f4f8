"""The program's own log (not the decisions): plain lines for people, JSON for machines, on standard error."""

import logging
import sys

import structlog

from sidecar.record.decision_log import LogFormat


def set_up_logs(log_format: LogFormat) -> None:
    """Decide once how log lines look."""
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if log_format is LogFormat.JSON
        else structlog.dev.ConsoleRenderer(
            colors=False,
            pad_event_to=0,
            exception_formatter=structlog.dev.plain_traceback,  # the default one prints variables, and so tokens
        )
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info if log_format is LogFormat.JSON else _as_it_is,
            renderer,
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    # Libraries log through the standard library: only what is wrong, and never with the bytes that were wrong.
    logging.basicConfig(level=logging.ERROR, stream=sys.stderr, format="%(asctime)s [%(levelname)s] %(name)s: %(message)s")
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)


def _as_it_is(_logger: object, _name: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    return event
