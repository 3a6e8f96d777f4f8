"""What commands share: where the configuration is, and what happens when it can't be used."""

import asyncio
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from sidecar.settings.problem import Severity
from sidecar.store.file import Loaded
from sidecar.store.loading import load_all
from sidecar.store.snapshot import Snapshot

COULD_NOT_READ = 3

config_option: Callable[[Callable[..., Any]], Callable[..., Any]] = click.option(
    "-c",
    "--config",
    "config",
    multiple=True,
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="A YAML file of the configuration; may be given several times.",
)

who_option: Callable[[Callable[..., Any]], Callable[..., Any]] = click.option(
    "--as", "who", default="", metavar="NAME", help="Who does it, for the audit of a database; you, unless said."
)


def load_now(config: tuple[Path, ...]) -> Loaded:
    """The configuration as it stands, with all its problems."""
    return asyncio.run(load_all(config, os.environ, datetime.now(UTC)))


def usable_snapshot(config: tuple[Path, ...]) -> Snapshot:
    """The policy of a configuration without fatal errors; else tell them and end with exit code 3."""
    loaded = load_now(config)
    if loaded.snapshot is None:
        for problem in loaded.problems:
            if problem.severity is Severity.ERROR:
                click.echo(str(problem), err=True)
        raise SystemExit(COULD_NOT_READ)
    return loaded.snapshot
