"""The parts of a request as arguments and options of a command, and back: made from the request's own description."""

from collections.abc import Iterator, Mapping
from typing import Any

import click

from sidecar.administration.operation import Argument, Operation

Schema = Mapping[str, Any]


def parameters_of(operation: Operation) -> list[click.Parameter]:
    """An argument for each part that stands without a name, an option for each other one."""
    required = operation.request.model_json_schema().get("required", ())
    made: list[click.Parameter] = []
    for name, part in _parts(operation).items():
        kind = _argument if _is_argument(operation, name) else _option
        made.append(kind(name, part, required=name in required))
    return made


def told_of_arguments(operation: Operation) -> str:
    """A line for each argument, since a command tells of its options only."""
    lines = []
    for name, part in _parts(operation).items():
        if _is_argument(operation, name):
            words = part.get("items", part).get("enum")
            among = f" One of {', '.join(words)}." if words else ""
            many = part["type"] in ("array", "object")
            lines.append(f"{(_singular(name) if many else name).upper()}: {part.get('description', '')}{among}")
    return "\n\n".join(lines)


def content_of(operation: Operation, given: Mapping[str, Any]) -> dict[str, Any]:
    """What was given, as the request takes it; what was not is left out."""
    content: dict[str, Any] = {}
    for name, part in _parts(operation).items():
        value = given.get(name)
        if value is None or value == () or (value is False and part.get("default") is False):
            continue
        content[name] = _pairs(name, value) if part["type"] == "object" else list(value) if isinstance(value, tuple) else value
    return content


def _parts(operation: Operation) -> dict[str, Schema]:
    schema = operation.request.model_json_schema()
    return {name: _resolved(schema, part) for name, part in schema.get("properties", {}).items()}


def _resolved(schema: Schema, part: Schema) -> Schema:
    """The one kind of value that it takes, with its description; "or nothing" is left aside."""
    for option in part.get("anyOf", ()):
        if option.get("type") != "null":
            return {**_resolved(schema, option), **{key: part[key] for key in ("description", "default") if key in part}}
    if "$ref" in part:
        return {**schema["$defs"][part["$ref"].rsplit("/", 1)[1]], **{key: value for key, value in part.items() if key != "$ref"}}
    if "items" in part:
        return {**part, "items": _resolved(schema, part["items"])}
    return part


def _is_argument(operation: Operation, name: str) -> bool:
    return any(isinstance(each, Argument) for each in operation.request.model_fields[name].metadata)


def _argument(name: str, part: Schema, *, required: bool) -> click.Argument:
    many = part["type"] in ("array", "object")
    metavar = f"{_singular(name).upper()}=VALUE" if part["type"] == "object" else _singular(name).upper() if many else name.upper()
    shown = f"{metavar}{'...' * many}"
    return click.Argument(
        [name],
        type=_type(part),
        nargs=-1 if many else 1,
        required=required,
        metavar=shown if required else f"[{shown}]",
    )


def _option(name: str, part: Schema, *, required: bool) -> click.Option:
    many = part["type"] in ("array", "object")
    flag = (_singular(name) if many else name).replace("_", "-")
    told = {"help": part.get("description", ""), "required": required}
    if part["type"] == "boolean":
        either = part.get("default") is None
        names = f"--{flag}/--not-{flag}" if either else f"--{flag}"
        return click.Option([names, name], is_flag=True, default=None if either else False, **told)
    if many:
        metavar = "NAME=VALUE" if part["type"] == "object" else None
        told["help"] = f"{told['help']} May be given several times."
        return click.Option([f"--{flag}", name], multiple=True, type=_type(part), metavar=metavar, **told)
    default = part.get("default") or None
    return click.Option([f"--{flag}", name], type=_type(part), default=default, show_default=default is not None, **told)


def _type(part: Schema) -> click.Choice[str] | click.types.IntParamType | click.types.StringParamType:
    value = part.get("items", part)
    if "enum" in value:
        return click.Choice(value["enum"])
    return click.INT if value.get("type") == "integer" else click.STRING


def _singular(name: str) -> str:
    return name.removesuffix("s") if not name.endswith("ss") else name


def _pairs(name: str, texts: tuple[str, ...]) -> dict[str, Any]:
    """`name=value`, several times; a name that comes again makes a list."""
    pairs: dict[str, Any] = {}
    for key, value in _split(name, texts):
        known = pairs.get(key)
        pairs[key] = value if known is None else [*known, value] if isinstance(known, list) else [known, value]
    return pairs


def _split(name: str, texts: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for text in texts:
        key, separator, value = text.partition("=")
        if not separator:
            raise click.UsageError(f"{name}: expected NAME=VALUE")
        yield key, value
