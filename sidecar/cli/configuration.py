"""What commands share: where the configuration is, who calls them, and how they end when they can't do what was asked."""

import asyncio
import getpass
import os
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

import click

from sidecar.settings.problem import Problem, Severity
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


def _who(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    if value.startswith("api:"):
        raise click.BadParameter("names that begin with `api:` are those of keys of the administration API; take another")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise click.BadParameter("is not UTF-8 text") from None
    return value


who_option: Callable[[Callable[..., Any]], Callable[..., Any]] = click.option(
    "--as", "who", default="", metavar="NAME", callback=_who, help="Who does it, for the audit of a database; you, unless said."
)


def myself() -> str:
    """Who calls the command, for the audit."""
    try:
        return f"cli:{getpass.getuser()}"
    except (OSError, KeyError, ImportError):  # a container's user may have no name
        return "cli:unknown"


def refuse(message: str, code: int = 1) -> NoReturn:
    """Say why not, and end."""
    click.echo(message, err=True)
    raise SystemExit(code)


def tell_fatal(problems: Iterable[Problem]) -> None:
    """Those that would keep a sidecar from loading."""
    for problem in problems:
        if problem.prevents_loading:
            click.echo(str(problem), err=True)


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
