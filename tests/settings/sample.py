"""A small configuration that loads without a problem, for tests to bend."""

import copy
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from sidecar.store.file import Loaded, load

NOW = datetime(2026, 6, 1, tzinfo=UTC)
SECRET = "5EC2E7" * 10 + "5EC2"  # 64 hexadecimal characters that must never be seen again
ENVIRON = {"PROFIT_TOKEN": SECRET}
SHA256 = "ab" * 32

SAMPLE: dict[str, Any] = {
    "environments": {
        "O12345AA": {"rest": "https://backend.example/ProfitRestServices", "credential": {"afas_token": "${PROFIT_TOKEN}"}},
    },
    "groups": {"consultancy": ["j.devries"], "management": ["m.jansen"], "app": ["j.devries", "m.jansen"]},
    "users": {
        "j.devries": {
            "email": "j.devries@example.com",
            "applications": ["pocket"],
            "attributes": {"employee": "1001", "departments": ["CONS", "ICT"]},
        },
        "m.jansen": {"email": "m.jansen@example.com", "applications": ["insite"]},
    },
    "app_connectors": {
        "hours": {
            "environment": "O12345AA",
            "group": "app",
            "blocked": False,
            "get_connectors": ["Profit_Hours"],
            "unfiltered_get_connectors": ["Profit_Countries"],
            "update_connectors": {"PtRealization": ["insert"]},
            "tokens": [{"user": "j.devries", "description": "iPhone", "sha256": SHA256}],
        },
    },
    "filter_types": {
        "department": {
            "fields": {"Profit_Hours": {"department": "Afdeling"}},
            "filters": {"consultancy": "department in @user.departments", "management": "everything"},
        },
    },
}

ENVIRONMENT = "environments: {E: {rest: 'https://backend.example', credential: {passthrough: true}}}\n"
"""The least that a configuration needs."""


def bent(path: str, value: Any) -> dict[str, Any]:
    """The sample with another value at a path such as `users/j.devries/email`; None takes the key out."""
    content = copy.deepcopy(SAMPLE)
    *steps, last = path.split("/")
    part = content
    for step in steps:
        part = part.setdefault(step, {})
    if value is None:
        del part[last]
    else:
        part[last] = value
    return content


def load_content(folder: Path, content: Mapping[str, Any], environ: Mapping[str, str] = ENVIRON) -> Loaded:
    """Load a configuration of one file."""
    return load_text(folder, yaml.safe_dump(dict(content), sort_keys=False, allow_unicode=True), environ)


def load_text(folder: Path, text: str, environ: Mapping[str, str] = ENVIRON) -> Loaded:
    """Load a configuration of one file, `config.yaml` in `folder`."""
    file = folder / "config.yaml"
    file.write_bytes(text.encode())
    return load([file], environ, NOW)
