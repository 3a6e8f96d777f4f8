"""`sidecar user`, `group`, `app`, `filter` and `audit`: the operations on a policy in a database, each as a command."""

import json
import sys
from pathlib import Path
from typing import Any

import click

from sidecar.administration.catalogue import OPERATIONS
from sidecar.administration.operation import Kind, Operation
from sidecar.cli.administering import done, request_for
from sidecar.cli.configuration import config_option, who_option
from sidecar.cli.request_options import content_of, parameters_of, told_of_arguments
from sidecar.cli.results import print_change, print_more, print_state, print_table, what_was_changed

_IN = "The configuration names the database, under `policy.database`."


def _commands(subject: str, about: str) -> click.Group:
    """A group with a command for each operation on a kind of thing, and with groups for longer names."""
    top = click.Group(subject, help=f"{about}\n\n{_IN}", short_help=about)
    for operation in OPERATIONS.values():
        first, *steps, verb = operation.name.split(".")
        if first == subject:
            group = top
            for step in steps:
                group = _group_below(group, step)
            group.add_command(_command(operation, verb))
    return top


def _group_below(group: click.Group, step: str) -> click.Group:
    below = group.commands.get(step)
    if not isinstance(below, click.Group):
        below = click.Group(step, short_help=f"{_PARTS[step]}.", help=f"{_PARTS[step]}.")
        group.add_command(below)
    return below


_PARTS = {
    "get-connector": "The GetConnectors that an app connector lists",
    "update-connector": "The UpdateConnectors that an app connector lists",
    "special": "The special connectors that an app connector lists",
    "address": "Addresses of clients from which an app connector may be used",
    "client-certificate": "The client certificates with which an app connector may be used",
    "otp-keys": "The keys by which an app asks for one-time passwords",
    "field": "The fields of GetConnectors that carry a filter type",
    "report": "The fields of reports that carry a filter type",
}


def _command(operation: Operation, verb: str) -> click.Command:
    def run(config: tuple[Path, ...], as_json: bool, **given: Any) -> None:
        who = given.pop("who") if operation.kind is Kind.CHANGE else ""
        yes = given.pop("yes", True)
        content = content_of(operation, given)
        request_for(operation, content)
        if not yes:
            _confirm(operation, content)
        result = done(config, operation.name, content, who)
        _print(operation, result.model_dump(mode="json"), as_json=as_json)

    told = (f"{operation.title}.", operation.description, told_of_arguments(operation))
    made = click.Command(verb, params=parameters_of(operation), callback=run, help="\n\n".join(told), short_help=told[0])
    config_option(made)
    click.option("--json", "as_json", is_flag=True, help="For machines.")(made)
    if operation.kind is Kind.CHANGE:
        who_option(made)
    if _takes_away_a_thing(operation):
        click.option("--yes", is_flag=True, help="Don't ask.")(made)
    return made


def _takes_away_a_thing(operation: Operation) -> bool:
    """Whether something goes as a whole, with all that belongs to it."""
    return operation.name.count(".") == 1 and operation.name.endswith(".remove")


def _confirm(operation: Operation, content: dict[str, Any]) -> None:
    if not _can_be_asked():
        raise click.UsageError("nobody can be asked whether this is meant: say --yes")
    question = f"{operation.title}: `{content['name']}`, with all that belongs to it?"
    if not click.confirm(question, err=True):
        click.echo("nothing was changed", err=True)
        raise SystemExit(1)


def _can_be_asked() -> bool:
    return sys.stdin.isatty()


def _print(operation: Operation, result: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(result, ensure_ascii=False, indent=2))
    elif operation.kind is Kind.CHANGE:
        print_change(operation.name, result)
    elif "items" in result:
        print_table([_row(operation, item) for item in result["items"]])
        print_more(result["next"])
    else:
        print_state(result)


def _row(operation: Operation, item: dict[str, Any]) -> dict[str, Any]:
    """An entry of the audit by what it changed; a thing as it is, named only what it holds by name."""
    if operation.name == "audit.list":
        shown = {key: value for key, value in item.items() if key not in ("before", "after")}
        return {**shown, "moment": item["moment"][:19].replace("T", " "), "changes": what_was_changed(item)}
    return {key: list(value) if isinstance(value, dict) else value for key, value in item.items()}


user = _commands("user", "List, add, change, block and remove users.")
group = _commands("group", "List, add and remove user groups, and who is in them.")
app = _commands("app", "List, add, change, block and remove app connectors.")
filter_ = _commands("filter", "List, add, change and remove filter types and filters.")
audit = _commands("audit", "List who changed what.")
