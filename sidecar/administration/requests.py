"""What requests are made of, and how plain data becomes one."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, StrictInt, ValidationError, WithJsonSchema

from sidecar.administration.not_done import InvalidError
from sidecar.administration.operation import Operation, Request
from sidecar.settings.problem import path_text
from sidecar.settings.scalars import ConnectorName, FieldId, Moment, Name, ReportId, Sha256, Text

MOST_AT_ONCE = 1_000

_NAME = r"^[^\s\x00-\x1f\x7f-\x9f]([^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f])?$"  # for schemas: what a name mostly is
_CONNECTOR = r"^\w([\w .-]*[\w.-])?$"
_FIELD = r"^\w([\w .\-/()&+:%€$#!?]*[\w.)%€$#!?])?$"
_TEXT = r"^[^\x00]*$"

Key = Annotated[Name, Field(min_length=1, max_length=200, json_schema_extra={"pattern": _NAME})]
Words = Annotated[Text, Field(json_schema_extra={"pattern": _TEXT})]
Connector = Annotated[ConnectorName, Field(min_length=1, max_length=100, json_schema_extra={"pattern": _CONNECTOR})]
FieldCode = Annotated[FieldId, Field(min_length=1, max_length=100, json_schema_extra={"pattern": _FIELD})]
Report = Annotated[ReportId, Field(min_length=1, max_length=64, json_schema_extra={"pattern": "^[0-9A-Za-z_-]+$"})]
Digest = Annotated[Sha256, Field(json_schema_extra={"pattern": "^[0-9A-Fa-f]{64}$"})]
When = Annotated[Moment, WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2027-01-01T00:00:00Z"]})]
Search = Annotated[Words, Field(max_length=200, description="Only those that have this text in them, in any letter case.")]
Limit = Annotated[StrictInt, Field(ge=1, le=MOST_AT_ONCE, description="Most of them at once.")]

_MESSAGES = {
    "missing": "is missing",
    "too_short": "is empty",
    "too_long": "is too long",
    "string_too_short": "is empty",
    "string_too_long": "is too long",
    "extra_forbidden": "is not a part of this request",
    "string_type": "expected a text",
    "bool_type": "expected true or false",
    "int_type": "expected a whole number",
    "dict_type": "expected keys and values",
    "tuple_type": "expected a list",
    "model_type": "expected keys and values",
}


class Paged(Request):
    """A part of a list, in the order of names."""

    search: Search = ""
    after: Annotated[Words, Field(max_length=200, description="Begin behind this one: `next` of the page before.")] = ""
    limit: Limit = 100


def read_request(operation: Operation, content: Mapping[str, Any]) -> Request:
    """The request, as the operation takes it.

    :raises InvalidError: for the first thing that is wrong with it; never repeats what was sent.
    """
    try:
        return operation.request.model_validate(content)
    except ValidationError as error:
        raise invalid(error) from None


def invalid(error: ValidationError) -> InvalidError:
    """The first thing that a validation complains of."""
    first = error.errors(include_url=False, include_input=False)[0]
    context = first.get("ctx", {})
    message = context["message"] if first["type"] == "complaint" else _MESSAGES.get(first["type"], first["msg"])
    return InvalidError(path_text(first["loc"]), message, context.get("remedy", ""))
