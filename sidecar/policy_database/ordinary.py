"""Rows as they nearly always are, read at a fifth of what the classes of the configuration take for it.

Whatever is not quite ordinary gives None and is for the strict reader to judge. A law says that both read the same.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from sys import intern
from typing import Any

from sidecar.policy.model import User, UserToken
from sidecar.policy.where import Attribute

Row = Mapping[str, Any]


def ordinary_user(row: Row, groups: frozenset[str]) -> User | None:
    """The user, if his row, with its JSON as text, says nothing that must be looked at twice.

    :param groups: those that he is a member of.
    """
    name, email, blocked, system = row["name"], row["email"], row["blocked"], row["system"]
    applications, attributes = _applications(row["applications"]), _attributes(row["attributes"])
    if applications is None or attributes is None or not (_is_name(name) and _is_text(email)):
        return None
    if blocked not in (0, 1) or system not in (0, 1):
        return None
    return User(name, email.strip(), applications, bool(blocked), bool(system), attributes, groups)


def ordinary_token(row: Row) -> UserToken | None:
    """The token, likewise."""
    digest, app_connector, user, description = bytes(row["digest"]), row["app_connector"], row["user_name"], row["description"]
    expires = row["expires"]
    if not (len(digest) == 32 and _is_name(app_connector) and _is_name(user) and _is_text(description)):
        return None
    if expires is not None and not _is_in_utc(expires):
        return None
    return UserToken(digest, intern(app_connector), user, description, expires)


def _is_text(value: Any) -> bool:
    """Printable characters only: among them is nothing that a database doesn't keep, or that can't stand in a name."""
    return type(value) is str and (not value or value.isprintable())


def _is_name(value: Any) -> bool:
    return type(value) is str and value.isprintable() and value == value.strip() != ""


def _is_in_utc(value: Any) -> bool:
    return type(value) is datetime and value.tzinfo is UTC


@lru_cache(maxsize=1024)
def _applications(text: Any) -> frozenset[str] | None:
    """Many users have the same: they share one set."""
    names = _json(text)
    return frozenset(map(intern, names)) if type(names) is list and all(map(_is_name, names)) else None


def _attributes(text: Any) -> dict[str, Attribute] | None:
    read = _json(text)
    if type(read) is not dict:
        return None
    for name, value in read.items():
        if not _is_name(name):
            return None
        if type(value) is list and all(map(_is_text, value)):
            read[name] = tuple(value)
        elif not _is_text(value):
            return None
    return read


def _json(text: Any) -> Any:
    try:
        return json.loads(text)
    except (TypeError, ValueError, RecursionError):
        return None
