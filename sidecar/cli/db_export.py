"""`sidecar db export`: the policy of a database as YAML."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import click

from sidecar.cli.configuration import COULD_NOT_READ, config_option, refuse
from sidecar.cli.policy_database import over_migrated, url_in
from sidecar.database.database import Database
from sidecar.policy_database.as_yaml import yaml_of_policy


@click.command(short_help="Write the policy as YAML.")
@config_option
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="A new file, its owner's alone; else stdout.")
def export(config: tuple[Path, ...], output: Path | None) -> None:
    """Write the policy as YAML, which an import takes back exactly; the same policy always gives the same text.

    Of tokens it has the hashes. Environments and everything of the server are not in it: they stand in the configuration.
    """
    url = url_in(config)

    async def write(database: Database, stream: TextIO) -> None:
        async with database.snapshot() as connection:
            async for line in yaml_of_policy(connection):
                stream.write(f"{line}\n")

    if output is None:
        over_migrated(url, lambda database: write(database, sys.stdout))
        return
    with _new(output) as stream:
        over_migrated(url, lambda database: write(database, stream))
    click.echo(f"wrote {output}")


@contextmanager
def _new(file: Path) -> Iterator[TextIO]:
    """A file that was not there, and is not there again where writing it fails."""
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        refuse(f"{file} is there already; it was left as it is")
    except OSError as error:
        refuse(f"{file} can't be made: {error.strerror}", COULD_NOT_READ)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as stream:
            yield stream
    except BaseException as error:
        file.unlink(missing_ok=True)
        if isinstance(error, OSError):
            refuse(f"{file} can't be written: {error.strerror}", COULD_NOT_READ)
        raise
