"""Ids of files, images, dossier items and reports, which people, apps and backends spell in several ways (wire reference 1.2)."""

import re

_GUID = re.compile(r"\{?([0-9A-Fa-f]{8})-?([0-9A-Fa-f]{4})-?([0-9A-Fa-f]{4})-?([0-9A-Fa-f]{4})-?([0-9A-Fa-f]{12})\}?")


def canonical_id(text: str) -> str:
    """One text for all spellings of an id, in capitals: the 32 characters of a GUID, a number without leading zeros, the rest as it is."""
    guid = _GUID.fullmatch(text)
    if guid is not None:
        return "".join(guid.groups()).upper()
    if text.isascii() and text.isdigit():
        return text.lstrip("0") or "0"
    return text.upper() if text.isascii() else text


def spellings_of_id(text: str) -> tuple[str, ...]:
    """The texts by which a backend may know the id. Of a GUID those with and without dashes, in capital and in small letters."""
    guid = _GUID.fullmatch(text)
    if guid is None:
        return (text,)
    plain, dashed = "".join(guid.groups()).upper(), "-".join(guid.groups()).upper()
    return tuple(dict.fromkeys((plain, dashed, plain.lower(), dashed.lower())))


def is_guid(text: str) -> bool:
    """Whether the id is a GUID, in whatever spelling."""
    return _GUID.fullmatch(text) is not None
