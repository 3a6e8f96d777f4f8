"""The JSON Schema of the configuration, for editors and for "did you mean"."""

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from sidecar.settings.model import Settings
from sidecar.settings.problem import KeyPath


class _Generator(GenerateJsonSchema):
    """Without titles, which only repeat the keys."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


@cache
def json_schema() -> dict[str, Any]:
    """The schema, draft 2020-12."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Settings.model_json_schema(schema_generator=_Generator)}


def schema_text() -> str:
    """The schema as it stands in `sidecar/config.schema.json`."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


def keys_at(path: KeyPath) -> list[str]:
    """The keys that the format knows for the mapping at this path."""
    parts = [json_schema()]
    for step in path:
        parts = [below for part in parts for below in _below(part, step)]
    return [key for part in parts for option in _options(part) for key in option.get("properties", ())]


def places_of(key: str) -> tuple[str, ...]:
    """The mappings that have this key, by their paths, such as `app_connectors.<name>`."""
    return tuple(path for path, keys in _mappings() if key in keys)


@cache
def _mappings() -> tuple[tuple[str, frozenset[str]], ...]:
    return tuple(_walk(json_schema(), ""))


def _walk(part: dict[str, Any], path: str) -> Iterator[tuple[str, frozenset[str]]]:
    for option in _options(part):
        properties = option.get("properties", {})
        if properties:
            yield path, frozenset(properties)
        for step, below in (*properties.items(), ("<name>", option.get("additionalProperties")), ("", option.get("items"))):
            if isinstance(below, dict):
                yield from _walk(below, f"{path}.{step}".strip(".") if step else f"{path}[]")


def _below(part: dict[str, Any], step: str | int) -> Iterator[dict[str, Any]]:
    for option in _options(part):
        if isinstance(step, int):
            below = option.get("items")
        else:
            below = option.get("properties", {}).get(step) or option.get("additionalProperties")
        if isinstance(below, dict):
            yield below


def _options(part: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if "$ref" in part:
        yield from _options(json_schema()["$defs"][part["$ref"].rsplit("/", 1)[1]])
    for alternative in (*part.get("anyOf", ()), *(each for each in part.get("oneOf", ()) if "required" not in each)):
        yield from _options(alternative)
    yield part
