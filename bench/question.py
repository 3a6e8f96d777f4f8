"""What a request target asks for, read on its own account: shares no code with the sidecar, so that it can tell when that is wrong."""

import json
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlsplit

Conditions = frozenset[tuple[str, str, str]]
"""Field, operator and value of conditions that must all hold."""

_LISTS = ("filterfieldids", "operatortypes", "filtervalues")


class UnreadableError(Exception):
    """No target that a backend should be asked."""


def parameters_of(target: str) -> dict[str, str]:
    """The parameters, decoded.

    :raises UnreadableError: when one occurs twice.
    """
    pairs = parse_qsl(urlsplit(target).query, keep_blank_values=True)
    parameters = dict(pairs)
    if len(parameters) != len(pairs):
        raise UnreadableError("a parameter occurs twice")
    return parameters


def groups_of(parameters: Mapping[str, str]) -> set[Conditions]:
    """The OR groups of the filter; one empty group when there is none. `;` binds weaker than `,`.

    :raises UnreadableError: for unequal lists, and for both spellings at once.
    """
    compact, in_json = any(parameters.get(name) for name in _LISTS), parameters.get("filterjson")
    if compact and in_json:
        raise UnreadableError("two spellings of a filter at once")
    if in_json:
        return {
            frozenset((field["@FieldId"], str(field["@OperatorType"]), field["#text"]) for field in each["Field"])
            for each in json.loads(in_json)["Filters"]["Filter"]
        }
    lists = [[group.split(",") for group in parameters.get(name, "").split(";")] for name in _LISTS]
    if not compact:
        return {frozenset()}
    if not all(parameters.get(name) for name in _LISTS) or len({tuple(map(len, each)) for each in lists}) != 1:
        raise UnreadableError("lists of unequal length")
    return {frozenset(zip(*parts, strict=True)) for parts in zip(*lists, strict=True)}
