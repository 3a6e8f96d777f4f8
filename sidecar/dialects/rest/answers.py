"""Answers that the sidecar gives or filters itself: an empty result, and metainfo reduced to what the caller may use."""

import json
from collections.abc import Iterable
from typing import Any

from sidecar.dialects.call import Page

_DEFAULT_SKIP, _DEFAULT_TAKE = 0, 100


class UnknownShapeError(ValueError):
    """The backend's metainfo is not of the shape in the wire reference (6.2)."""


def no_rows(page: Page) -> bytes:
    """The answer to a question to which policy leaves no row, as the backend spells it (wire reference 6.1)."""
    skip = _DEFAULT_SKIP if page.skip is None else page.skip
    take = _DEFAULT_TAKE if page.take is None else page.take
    return _dump({"skip": skip, "take": take, "rows": []})


def reduce_metainfo(body: bytes, get_connectors: Iterable[str], update_connectors: Iterable[str], info: dict[str, str]) -> bytes:
    """The backend's metainfo with only these connectors, under their canonical names, and with our own `info`.

    :param get_connectors: canonical names that the caller may use.
    :param info: what replaces the backend's, which would tell its names and the expiry of its own token.
    :raises UnknownShapeError: when the body is not metainfo.
    """
    try:
        document = json.loads(body.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise UnknownShapeError("not JSON") from None
    if not isinstance(document, dict):
        raise UnknownShapeError("not an object")
    return _dump(
        {
            "updateConnectors": _listed(document, "updateConnectors", update_connectors),
            "getConnectors": _listed(document, "getConnectors", get_connectors),
            "info": info,
        }
    )


def _listed(document: dict[str, Any], key: str, names: Iterable[str]) -> list[dict[str, str]]:
    items = document.get(key, [])
    if not isinstance(items, list):
        raise UnknownShapeError(f"{key} is not a list")
    canonical = {name.lower(): name for name in names}
    kept: list[dict[str, str]] = []
    for item in items:
        if not (isinstance(item, dict) and isinstance(item.get("id"), str)):
            raise UnknownShapeError(f"an entry of {key} has no id")
        name = canonical.pop(item["id"].lower(), None)
        if name is not None:
            description = item.get("description")
            kept.append({"id": name, "description": description if isinstance(description, str) else name})
    return kept


def _dump(document: dict[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
