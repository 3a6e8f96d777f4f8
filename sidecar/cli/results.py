"""What operations give, for people: tables, a line for each value, and what a change changed."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import click

_NOTHING = "-"


def print_table(rows: Sequence[Mapping[str, Any]]) -> None:
    """A column for each key of the first row; nothing where there is no row."""
    if not rows:
        return
    lines = [[key.replace("_", " ").upper() for key in rows[0]], *([_told(*entry) for entry in row.items()] for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    for line in lines:
        click.echo("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip())


def print_state(state: Mapping[str, Any]) -> None:
    """A line for each value, a table for each list of things, a line for each sentence of advice."""
    tables = {key: value for key, value in state.items() if isinstance(value, list) and value and isinstance(value[0], Mapping)}
    single = {key.replace("_", " "): value for key, value in state.items() if key not in tables and key not in ("advice", "next")}
    width = max(len(key) for key in single) + 1
    for key, value in single.items():
        for number, line in enumerate(_lines(value)):
            click.echo(f"{'' if number else key + ':':<{width}} {line}")
    for rows in tables.values():
        click.echo()
        print_table(rows)
    print_more(state.get("next"))
    print_warnings(state.get("advice", ()), "advice")


def print_more(following: str | None) -> None:
    """How to get at the rest, if there is one."""
    if following is not None:
        click.echo(f"there is more: --after {following}", err=True)


def print_change(what: str, result: Mapping[str, Any]) -> None:
    """What was done, and every value that is otherwise now; warnings apart."""
    click.echo(f"{what} {result['subject']}")
    for key, before, after in differences(result["before"], result["after"]):
        click.echo(f"  {key.replace('_', ' ')}: {before} -> {after}")
    gone = {key: value for key, value in result.items() if key not in ("subject", "before", "after", "warnings")}
    for key, value in gone.items():
        click.echo(f"  gone along: {key}: {_cell(value)}")
    print_warnings(result["warnings"])


def print_warnings(warnings: Sequence[str], word: str = "warning") -> None:
    """A line for each."""
    for warning in warnings:
        click.echo(f"{word}: {warning}", err=word == "warning")


def differences(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> Iterator[tuple[str, str, str]]:
    """Each value that differs, before and after; of what was made or removed nothing, since all of it does."""
    for key in after if before is not None and after is not None else ():
        if before is not None and after is not None and before.get(key) != after[key]:
            yield key, _cell(before.get(key)), _cell(after[key])


def what_was_changed(entry: Mapping[str, Any]) -> str:
    """An entry of the audit in a line: every value that is otherwise; of what was made or removed those that say something."""
    before, after = entry["before"], entry["after"]
    if before is not None and after is not None:
        return "; ".join(f"{_spelled(key)}: {was} -> {now}" for key, was, now in differences(before, after))
    told = {key: _cell(value) for key, value in (after or before or {}).items() if value is not False and value != entry["subject"]}
    return "; ".join(f"{_spelled(key)}: {cell}" for key, cell in told.items() if cell != _NOTHING)


def _spelled(key: str) -> str:
    """In words; of an import that is the name of a table."""
    return key.removeprefix("policy_").replace("_", " ")


def _told(key: str, value: Any) -> str:
    """The reasons why somebody may not use something are sentences, the items of other lists are words."""
    return " ".join(value) or _NOTHING if key == "why_not" else _cell(value)


def _lines(value: Any) -> list[str]:
    if isinstance(value, Mapping) and value:
        return [f"{key}: {_cell(item)}" for key, item in value.items()]
    return [_cell(value)]


def _cell(value: Any) -> str:
    match value:
        case True:
            return "yes"
        case False:
            return "no"
        case None | "":
            return _NOTHING
        case list():
            return ", ".join(_cell(item) for item in value) or _NOTHING
        case Mapping():
            return "; ".join(f"{key}: {_cell(item)}" for key, item in value.items()) or _NOTHING
        case _:
            return "".join(character if character.isprintable() else " " for character in str(value))
