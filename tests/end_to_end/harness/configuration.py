"""The configuration under test, in the format that users write, and the tokens that go with it. Tests change what they are about."""

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

from tests.end_to_end.harness.backend import BACKEND_TOKEN_DATA
from tests.end_to_end.harness.rows import FILTERS, GUARDS, PEOPLE
from tests.evaluation.meaning import spell

Configuration = dict[str, Any]

BASE = "/ProfitRestServices"
ENVIRON = {"PROFIT_TOKEN": BACKEND_TOKEN_DATA}
OUTSIDERS = ("x.blocked", "x.noemail", "x.noapps", "x.group")


def token_data(user: str, app: str = "hours") -> str:
    """The 64 characters of the user's token for this app connector."""
    return hashlib.sha256(f"token of {user} for {app}".encode()).hexdigest().upper()


def token_xml(user: str, app: str = "hours") -> str:
    return f"<token><version>1</version><data>{token_data(user, app)}</data></token>"


def authorization(user: str, app: str = "hours") -> str:
    """The value of the header that proves it."""
    return f"AfasToken {base64.b64encode(token_xml(user, app).encode()).decode()}"


BACKEND_XML = f"<token><version>1</version><data>{BACKEND_TOKEN_DATA}</data></token>"
BACKEND_AUTHORIZATION = f"AfasToken {base64.b64encode(BACKEND_XML.encode()).decode()}"


def _token(user: str, app: str, **more: str) -> dict[str, str]:
    sha256 = hashlib.sha256(token_data(user, app).encode()).hexdigest()
    return {"user": user, "description": f"phone of {user}", "sha256": sha256, **more}


def _addresses(backend_port: int) -> dict[str, str]:
    backend = f"http://127.0.0.1:{backend_port}"
    return {"rest": f"{backend}{BASE}", "soap": f"{backend}/ProfitServices"}


def configuration(backend_port: int) -> Configuration:
    """A fresh one, for a backend on this port."""
    users: dict[str, Any] = {
        name: {
            "email": f"{name}@example.com",
            "applications": ["pocket"],
            "attributes": {attribute: list(values) for attribute, values in person.attributes.items()},
        }
        for name, person in PEOPLE.items()
    }
    sound = {"email": "x@example.com", "applications": ["pocket"]}
    users |= {
        "x.blocked": {**sound, "blocked": True},
        "x.noemail": {"applications": ["pocket"]},
        "x.noapps": {"email": "x@example.com"},
        "x.group": sound,
    }
    hours: dict[str, Any] = {
        "description": "Book hours",
        "environment": "O12345AA",
        "group": "staff",
        "blocked": False,
        "get_connectors": ["Profit_Hours", "Profit_Ledger", "Profit_Unguarded"],
        "unfiltered_get_connectors": ["Profit_Countries"],
        "update_connectors": {"PtRealization": ["insert", "update"], "KnSubject": ["insert", "update", "delete"], "FbSales": ["insert"]},
        "special_connectors": {"version": None, "data": None, **dict.fromkeys(("file", "image", "subject", "report"), "unchecked")},
        "tokens": [_token(user, "hours") for user in (*PEOPLE, *OUTSIDERS)],
    }
    return {
        "listen": "127.0.0.1:0",
        "admin": {"listen": "127.0.0.1:0"},
        "environments": {
            "O12345AA": {**_addresses(backend_port), "credential": {"afas_token": "${PROFIT_TOKEN}"}},
            "O12345BB": {**_addresses(backend_port), "credential": {"passthrough": True}},
        },
        "groups": {
            **{group: [name for name, person in PEOPLE.items() if group in person.groups] for group in FILTERS["department"]},
            "staff": [*PEOPLE, *OUTSIDERS[:3]],
        },
        "users": users,
        "app_connectors": {
            "hours": hours,
            **{name: {**hours, **change, "tokens": [_token("m.jansen", name)]} for name, change in _VARIANTS.items()},
        },
        "filter_types": {
            name: {
                "fields": {connector: dict(fields) for connector, fields in GUARDS[name].items()},
                "filters": {group: spell(node) for group, node in filters.items()},
            }
            for name, filters in FILTERS.items()
        },
        "timeouts": {"drain": 5},
    }


_VARIANTS: dict[str, dict[str, Any]] = {
    "locked": {"blocked": True},
    "early": {"valid_from": "2999-01-01"},
    "late": {"valid_until": "2001-01-01"},
    "elsewhere": {"ip": {"allow": ["192.0.2.0/24"]}},
    "denied": {"ip": {"deny": ["127.0.0.0/8"]}},
    "own_token": {"environment": "O12345BB"},
}
"""Further app connectors, each with a token of m.jansen only, and what sets it apart."""


def write(path: Path, content: Configuration) -> None:
    """Put the configuration in place at once. JSON is YAML."""
    draft = path.with_suffix(".draft")
    draft.write_text(json.dumps(content, indent=1), encoding="utf-8")
    draft.replace(path)
