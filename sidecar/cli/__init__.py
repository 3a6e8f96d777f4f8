"""The `sidecar` command: what it can do, each in a file of its own that is imported when it is called."""

from importlib import import_module

import click

import sidecar

COMMANDS = {
    "run": ("Run the proxy in front of the backend.", "sidecar.cli.run:run"),
    "check": ("Check a configuration and tell every problem.", "sidecar.cli.check:check"),
    "explain": ("Explain why a request would be allowed or refused.", "sidecar.cli.explain:explain"),
    "user": ("List, add, change, block and remove users.", "sidecar.cli.administer:user"),
    "group": ("List, add and remove user groups, and who is in them.", "sidecar.cli.administer:group"),
    "app": ("List, add, change, block and remove app connectors.", "sidecar.cli.administer:app"),
    "filter": ("List, add, change and remove filter types and filters.", "sidecar.cli.administer:filter_"),
    "token": ("Make, list and revoke user tokens.", "sidecar.cli.token:token"),
    "audit": ("List who changed what.", "sidecar.cli.administer:audit"),
    "otp": ("Make what one-time passwords need.", "sidecar.cli.otp:otp"),
    "admin": ("Make keys for the administration API.", "sidecar.cli.admin:admin"),
    "db": ("Make, change, fill, read and check a database of policy.", "sidecar.cli.db:db"),
    "schema": ("Print the JSON Schema of the configuration.", "sidecar.cli.schema:schema"),
    "demo": ("See it work, with a small backend of its own.", "sidecar.cli.demo:demo"),
}
"""By name: what `sidecar --help` says, and where the command is. So help needs none of the imports."""


class _LazyGroup(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name][1].partition(":")
        command: click.Command = getattr(import_module(module), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, about) for name, (about, _) in COMMANDS.items()])


@click.group(
    cls=_LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 fine; 1 problems were found, or what was asked is refused; 2 wrong usage; 3 could not start or read.",
)
@click.version_option(sidecar.__version__, prog_name="sidecar")
def main() -> None:
    """An authorization sidecar for ERP connectors.

    It stands between apps and the backend, and lets each user see only the rows that he may see.
    """
