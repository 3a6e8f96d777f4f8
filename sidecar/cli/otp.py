"""`sidecar otp`: what one-time passwords need to begin with: keys for an app, and the installation's secret."""

import json
import os
import secrets
from pathlib import Path

import click

from sidecar.cli.configuration import COULD_NOT_READ
from sidecar.otp.enrolment import key_digest


@click.group()
def otp() -> None:
    """Make what one-time passwords need: keys for an app, and the secret of the token authority."""


@otp.command(short_help="Make keys for an app, shown this once.")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def keys(as_json: bool) -> None:
    """Make an API key and an environment key for an app, and show them this once.

    The app gets the keys, the configuration their hashes, as `otp_keys` of the app connector.
    """
    api_key, environment_key = (secrets.token_hex(16).upper() for _ in range(2))
    hashes = {"api_key_sha256": key_digest(api_key).hex(), "environment_key_sha256": key_digest(environment_key).hex()}
    if as_json:
        click.echo(json.dumps({"api_key": api_key, "environment_key": environment_key, "otp_keys": hashes}, indent=2))
        return
    click.echo("For the app, shown this once:\n")
    click.echo(f"API key:          {api_key}")
    click.echo(f"Environment key:  {environment_key}\n")
    click.echo("For the app connector in the configuration:\n")
    click.echo("    otp_keys:")
    for name, value in hashes.items():
        click.echo(f'      {name}: "{value}"')


@otp.command(short_help="Make the token authority's secret.")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def secret(file: Path) -> None:
    """Make the secret of the token authority in a new FILE, which only its owner can read.

    Give all replicas the same one. With another secret, codes that are on their way become worthless; tokens stay.
    """
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        click.echo(f"{file} is there already; it was left as it is", err=True)
        raise SystemExit(1) from None
    except OSError as error:
        click.echo(f"{file} can't be made: {error.strerror}", err=True)
        raise SystemExit(COULD_NOT_READ) from None
    with os.fdopen(descriptor, "w", encoding="ascii") as stream:
        stream.write(secrets.token_hex(32) + "\n")
    click.echo(f"a new secret is in {file}")
