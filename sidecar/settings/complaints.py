"""Errors of validation, put as people understand them: the key path, what is wrong, and the key or value that was probably meant."""

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from sidecar.settings.part import SecretFile
from sidecar.settings.problem import KeyPath
from sidecar.settings.report import Report
from sidecar.settings.schema import keys_at, places_of
from sidecar.settings.tree import Node, find

_MESSAGES = {
    "model_type": "expected keys and values",
    "dict_type": "expected keys and values",
    "tuple_type": "expected a list",
    "string_type": "expected a text",
    "bool_type": "expected true or false, without quotes",
    "int_type": "expected a whole number",
    "float_type": "expected a number",
    "finite_number": "expected a number",
}
_BOUNDS = {
    "greater_than_equal": ("ge", "at least {}"),
    "greater_than": ("gt", "more than {}"),
    "less_than_equal": ("le", "at most {}"),
    "too_short": ("min_length", "a list of at least {}"),
}
_REMEDIES = {"tuple_type": "such as [one, two]", "model_type": "such as {key: value}", "dict_type": "such as {key: value}"}


def report_complaints(error: ValidationError, root: Node, report: Report) -> list[KeyPath]:
    """Add every error of a validation to the report. What was written is quoted only where it can't be a secret.

    :returns: the paths of the parts without which the rest would be valid, as far as can be told.
    """
    return [_report(details, root, report) for details in error.errors(include_url=False)]


def _report(details: ErrorDetails, root: Node, report: Report) -> KeyPath:
    kind, context = details["type"], details.get("ctx", {})
    path = _path_of(details["loc"], root)
    if kind == "missing":
        report.error((*path, str(details["loc"][-1])), "is missing")
    elif report.complained_of(path):
        pass  # a variable that is not set, say, of which more is wrong now
    elif kind == "complaint":
        report.error(path, context["message"], context["remedy"])
    elif kind == "extra_forbidden":
        report.error(path, "is not a key of this part", _key_meant(path, report))
    elif kind in ("enum", "literal_error"):
        expected = [item.strip("' ") for item in str(context["expected"]).replace(" or ", ",").split(",")]
        written = details["input"]
        remedy = report.did_you_mean(written, expected) if isinstance(written, str) else ""
        report.error(path, f"expected one of {', '.join(expected)}", remedy)
    elif kind in _BOUNDS:
        bound, words = _BOUNDS[kind]
        report.error(path, f"expected {words.format(context[bound])}")
    elif context.get("class_name") == SecretFile.__name__:
        report.error(path, "expected the file that holds it", "write it as {file: path}")
    else:
        report.error(path, _MESSAGES.get(kind, details["msg"]), _REMEDIES.get(kind, ""))
    return path


def _key_meant(path: KeyPath, report: Report) -> str:
    """The nearest key of this part, or else the part that has this key."""
    remedy = report.did_you_mean(str(path[-1]), keys_at(path[:-1]))
    places = places_of(str(path[-1]))
    if remedy.startswith("did you mean") or len(places) != 1:
        return remedy
    return f"it belongs into `{places[0]}`" if places[0] else "it belongs to the top level"


def _path_of(location: tuple[str | int, ...], root: Node) -> KeyPath:
    """The path in the file: without a key that is missing, and the names that validation gives to alternatives."""
    path: KeyPath = ()
    for step in location:
        if find(root, (*path, step)) is not None:
            path = (*path, step)
    return path
