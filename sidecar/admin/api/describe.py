"""What the API can do, as OpenAPI 3.1: made of the operations' own models, so that it can't say anything else than they do."""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import core_schema

import sidecar
from sidecar.admin.api.content import MOST_BYTES
from sidecar.admin.api.entity_tag import IF_MATCH
from sidecar.admin.api.problem import CONTENT_TYPE, STATUS, Why
from sidecar.admin.api.routes import ROUTES, Route, showing
from sidecar.admin.api.target import PREFIX
from sidecar.administration.operation import Kind

DESCRIPTION = ("openapi.json",)
"""Where it is, below `PREFIX`."""

Schema = dict[str, Any]

_COMPONENTS = "#/components/schemas/"
_ABOUT = f"""Administers the policy of a connector sidecar that stands in a database: the operations of the command line, over HTTP.

Every request needs a key: `Authorization: Bearer <key>`; `sidecar admin key` makes them. Names in a path are percent-encoded, a slash too.
A change that was made is in force on every replica within a second, and stands in the audit under the name of the key.
`warnings` in an answer tell what is hardly meant; the change was made all the same. What is sent may have {MOST_BYTES} bytes.
What is not done is answered by a problem (RFC 9457): `reason` is for programs, `detail` and `remedy` are for people."""


class _Generator(GenerateJsonSchema):
    """Without titles, which only repeat the keys."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def dict_schema(self, schema: core_schema.DictSchema) -> Schema:
        """Where keys have a pattern, no other keys are taken."""
        made = super().dict_schema(schema)
        for pattern, value in made.pop("patternProperties", {}).items():
            made |= {"propertyNames": {**made.get("propertyNames", {}), "pattern": pattern}, "additionalProperties": value}
        return made


@cache
def description() -> Schema:
    """The document."""
    schemas: Schema = {"Problem": _problem()}
    paths: dict[str, Schema] = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Connector sidecar: administration", "version": sidecar.__version__, "description": _ABOUT},
        "servers": [{"url": PREFIX}],
        "security": [{"key": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer", "description": "A key that `sidecar admin key` made."}},
            "responses": _every_failure(),
            "schemas": dict(sorted(schemas.items())),
        },
    }


def description_text() -> str:
    """The document as it stands in the reference."""
    return json.dumps(description(), indent=2, ensure_ascii=False) + "\n"


@cache
def parameters_of(route: Route) -> Mapping[str, Schema]:
    """The parameters of its query, each with its schema: what a request without content takes beside the name in the path."""
    fields = _fields(route) if route.method in ("GET", "DELETE") else {"properties": {}}
    return {name: _without_null(part) for name, part in fields["properties"].items()}


def _fields(route: Route) -> Schema:
    """The schema of what the operation takes beside the name in the path."""
    whole = _resolved(route.operation.request)
    properties = dict(whole["properties"])
    key = properties.pop(route.key, None)
    required = [name for name in whole.get("required", ()) if name != route.key]
    if key is not None and route.key not in whole.get("required", ()):
        properties, required = {}, []  # which are other ways to say which one
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _resolved(model: type[BaseModel]) -> Schema:
    schema: Schema = model.model_json_schema(schema_generator=_Generator, ref_template=f"{_COMPONENTS}{{model}}")
    return {"properties": {}, **schema}


def _without_null(part: Schema) -> Schema:
    """A parameter is there or not, and never null."""
    options = [option for option in part.get("anyOf", ()) if option.get("type") != "null"]
    rest = {key: value for key, value in part.items() if key != "anyOf" and not (key == "default" and value is None)}
    return {**rest, **options[0]} if len(options) == 1 else part


def _operation(route: Route, schemas: Schema) -> Schema:
    operation = route.operation
    schemas.update(_resolved(operation.request).get("$defs", {}))
    told: Schema = {
        "operationId": operation.name,
        "tags": [route.collection],
        "summary": operation.title,
        "description": operation.description,
        "parameters": list(_parameters(route)),
        "responses": _responses(route, schemas),
    }
    fields = _fields(route)
    if route.method not in ("GET", "DELETE") and fields["properties"]:
        name = operation.request.__name__
        schemas[name] = {**fields, "description": (operation.request.__doc__ or "").strip()}
        content = {"application/json": {"schema": {"$ref": f"{_COMPONENTS}{name}"}}}
        told["requestBody"] = {"required": bool(fields["required"]), "content": content}
    return told


def _parameters(route: Route) -> Iterator[Schema]:
    if route.key:
        schema = _without_null(_resolved(route.operation.request)["properties"][route.key])
        yield {"name": route.key, "in": "path", "required": True, **_described(schema)}
    for name, part in parameters_of(route).items():
        yield {"name": name, "in": "query", "required": name in _fields(route)["required"], **_described(part)}
    if _takes_if_match(route):
        about = "What `ETag` said of it: it is changed only if it still is as it was then."
        yield {
            "name": "If-Match",
            "in": "header",
            "required": False,
            "description": about,
            "schema": {"type": "string", "pattern": IF_MATCH},
        }


def _takes_if_match(route: Route) -> bool:
    return bool(route.key) and route.operation.kind is not Kind.READ and showing(route.collection) is not None


def _described(schema: Schema) -> Schema:
    rest = {key: value for key, value in schema.items() if key not in ("description", "examples")}
    return {"description": schema.get("description", ""), "schema": rest}


def _responses(route: Route, schemas: Schema) -> Schema:
    result = route.operation.result.model_json_schema(
        mode="serialization", schema_generator=_Generator, ref_template=f"{_COMPONENTS}{{model}}"
    )
    schemas.update(result.pop("$defs", {}))
    name = route.operation.result.__name__.replace("[", "_").replace("]", "_")
    schemas[name] = result
    headers: Schema = {}
    if showing(route.collection) is route:
        headers["ETag"] = {"description": "For `If-Match`; not of a part of it.", "required": False, "schema": {"type": "string"}}
    if route.makes and showing(route.collection):
        headers["Location"] = {"description": "Where it is.", "required": True, "schema": {"type": "string"}}
    success = {"description": "Done.", "headers": headers, "content": {"application/json": {"schema": {"$ref": f"{_COMPONENTS}{name}"}}}}
    return {"201" if route.makes else "200": success, **_failures(route)}


def _failures(route: Route) -> Schema:
    return {status: {"$ref": f"#/components/responses/{status}"} for status in sorted({str(STATUS[why].value) for why in _possible(route)})}


def _every_failure() -> Schema:
    return {str(status.value): _failure(status) for status in sorted({*STATUS.values()})}


def _failure(status: HTTPStatus) -> Schema:
    reasons = ", ".join(f"`{why}`" for why in Why if STATUS[why] is status)
    content = {CONTENT_TYPE: {"schema": {"$ref": f"{_COMPONENTS}Problem"}}}
    return {"description": f"{status.phrase}: {reasons}.", "headers": _HEADERS.get(status, {}), "content": content}


_HEADERS: Mapping[HTTPStatus, Schema] = {
    HTTPStatus.UNAUTHORIZED: {"WWW-Authenticate": {"description": "The scheme.", "required": True, "schema": {"type": "string"}}},
    HTTPStatus.TOO_MANY_REQUESTS: {"Retry-After": {"description": "Seconds.", "required": True, "schema": {"type": "integer"}}},
    HTTPStatus.SERVICE_UNAVAILABLE: {"Retry-After": {"description": "Seconds.", "required": True, "schema": {"type": "integer"}}},
}


def _possible(route: Route) -> Iterator[Why]:
    yield from (Why.MALFORMED, Why.UNAUTHORIZED, Why.TOO_MANY_TRIES, Why.INVALID, Why.REFUSED, Why.NOT_FOUND, Why.FAULT, Why.UNAVAILABLE)
    if route.operation.kind is not Kind.READ:
        yield from (Why.READ_ONLY, Why.ALREADY_THERE)
    if route.method not in ("GET", "DELETE"):
        yield from (Why.MEDIA_TYPE, Why.TOO_LARGE, Why.TOO_SLOW)
    if _takes_if_match(route):
        yield Why.OVERWRITTEN


def _problem() -> Schema:
    text = {"type": "string"}
    return {
        "type": "object",
        "description": "What was not done, and why (RFC 9457).",
        "properties": {
            "type": {"const": "about:blank"},
            "title": text,
            "status": {"type": "integer"},
            "detail": {"type": "string", "description": "What is wrong, as the command line says it."},
            "reason": {"enum": [why.value for why in Why], "description": "What kind of problem it is, for programs."},
            "remedy": {"type": "string", "description": "What to do about it."},
            "place": {"type": "string", "description": "The key within the request that is wrong."},
        },
        "required": ["type", "title", "status", "detail", "reason"],
        "additionalProperties": False,
    }
