"""`sidecar demo`: the guided tour."""

import asyncio
import contextlib
import logging

import click
import structlog
from rich.console import Console

from sidecar.demo.tour import guided_tour


@click.command()
@click.option("--keep", is_flag=True, help="Leave backend and sidecar running at the end, with commands to try, until Ctrl-C.")
def demo(keep: bool) -> None:
    """See it work: a small backend with a few thousand rows, the sidecar in front of it, and real calls through both."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(guided_tour(Console(highlight=False), keep=keep))
