"""`sidecar admin`: keys for the administration API are made here, shown once, and kept as a hash only."""

import hashlib
import json
import secrets

import click

from sidecar.filters.values import has_control_characters


@click.group()
def admin() -> None:
    """Make what the administration API on the admin port needs."""


@admin.command(short_help="Make a key, shown this once.")
@click.argument("name")
@click.option("--read-only", is_flag=True, help="A key that everything can be looked at with, and nothing changed.")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def key(name: str, read_only: bool, as_json: bool) -> None:
    """Make a key for the administration API, and show it this once.

    NAME is what the audit tells of changes that are made with it, such as the name of a console or of a person. Whoever administers gets
    the key, the configuration its hash, under `admin.keys`. The API is there only where policy stands in a database.
    """
    if not name.strip() or name != name.strip() or has_control_characters(name):
        raise click.UsageError("NAME can't be empty, begin or end with a space, or hold control characters")
    made = secrets.token_hex(32).upper()
    entry: dict[str, object] = {"sha256": hashlib.sha256(made.encode("ascii")).hexdigest()}
    entry |= {"read_only": True} if read_only else {}
    if as_json:
        click.echo(json.dumps({"key": made, "admin": {"keys": {name: entry}}}, ensure_ascii=False, indent=2))
        return
    click.echo("For whoever administers, shown this once:\n")
    click.echo(f"Key:     {made}")
    click.echo(f"Header:  Authorization: Bearer {made}\n")
    click.echo("For the configuration, beside `listen` of the admin port:\n")
    click.echo("admin:")
    click.echo("  keys:")
    # A text in JSON is one in YAML too, whatever stands in it.
    click.echo(f"    {json.dumps(name, ensure_ascii=False)}: {{sha256: {json.dumps(entry['sha256'])}{', read_only: true' * read_only}}}")
