"""The JSON Schema: current, with a description for every key, and of one mind with the loader."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sidecar
from sidecar.settings.schema import json_schema, keys_at, schema_text

COPY = Path(sidecar.__file__).parent / "config.schema.json"


def _properties(schema: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(schema, dict):
        if isinstance(schema.get("properties"), dict):
            yield from schema["properties"].items()
        for part in schema.values():
            yield from _properties(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from _properties(part)


def test_the_committed_schema_is_current() -> None:
    assert COPY.read_text("utf-8") == schema_text(), "write it anew: sidecar schema > sidecar/config.schema.json"


def test_every_key_has_a_description() -> None:
    keys = list(_properties(json_schema()))
    assert len(keys) > 50
    assert [key for key, schema in keys if not schema.get("description")] == []


def test_no_key_but_the_known_ones_is_allowed_anywhere() -> None:
    definitions = [json_schema(), *json_schema()["$defs"].values()]
    objects = [schema for schema in definitions if "properties" in schema]
    assert len(objects) > 10
    assert [schema.get("title") for schema in objects if schema.get("additionalProperties") is not False] == []


def test_the_known_keys_of_a_part_are_found_by_path() -> None:
    assert keys_at(("admin",)) == ["listen", "tls", "keys"]
    assert keys_at(("app_connectors", "hours", "ip")) == ["allow", "deny"]
    assert keys_at(("tokens", 3)) == ["user", "description", "sha256", "expires", "app_connector"]
    assert keys_at(("environments", "O12345AA", "credential", "afas_token")) == ["file"]
    assert keys_at(("users", "x", "email")) == []
