"""`sidecar schema`: the JSON Schema by which editors complete and check a configuration."""

from pathlib import Path

import click

from sidecar.cli.configuration import COULD_NOT_READ
from sidecar.settings.schema import schema_text


@click.command()
@click.option(
    "--check",
    "copy",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Print nothing, but see whether this file is the schema. Exit code 1 if not.",
)
def schema(copy: Path | None) -> None:
    """Print the JSON Schema of the configuration.

    An editor uses it with this first line in a configuration: # yaml-language-server: $schema=<path of the schema>
    """
    if copy is None:
        click.echo(schema_text(), nl=False)
        return
    try:
        text = copy.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        click.echo(f"{copy} can't be read", err=True)
        raise SystemExit(COULD_NOT_READ) from None
    if text != schema_text():
        click.echo(f"{copy} is not current; write it anew with: sidecar schema > {copy}", err=True)
        raise SystemExit(1)
