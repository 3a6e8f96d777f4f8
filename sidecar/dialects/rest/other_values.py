"""The same question with other values: tells targets that differ in nothing but the values of their filter, without reading them again."""

import re
from typing import NamedTuple

from sidecar.dialects.rest.target import LONGEST_QUERY

_NAME = "filtervalues="
_PLAIN = re.compile(r"[A-Za-z0-9_.:/,-]+")
"""Values whose every character stands for itself, wherever it is written or read; with the comma that separates them."""


class Valued(NamedTuple):
    """A target, cut around its `filtervalues`; and those values, decoded, none empty."""

    before: str
    values: tuple[str, ...]
    after: str


def cut_values(target: str) -> Valued | None:
    """The target, cut around the values of its filter; None where it has none that are beyond doubt: plainly named, of plain characters.

    This judges nothing. It serves to recognise a target like one that `read` took for a call with conditions on as many values, joined by
    `,`. If the texts before and after are the same, `read` takes this one for the same call but for the values:

    - What is cut out is a whole parameter's value: its name begins behind the first `?`, or an `&` after that, and it ends before an `&`
      or with the target.
    - It is the only `filtervalues`: any other, in whatever spelling, stands before or after, and `read` would have refused it there.
    - Any operator that takes a value takes one of these, and no such target is too long for `read`.
    """
    question, name = target.find("?"), target.rfind(_NAME)
    if not 0 <= question < name or (question != name - 1 and target[name - 1] != "&") or len(target) > LONGEST_QUERY:
        return None
    start = name + len(_NAME)
    end = target.find("&", start)
    raw = target[start:end] if end >= 0 else target[start:]
    text = raw if "%" not in raw else _decoded(raw)
    if _PLAIN.fullmatch(text) is None:
        return None
    values = tuple(text.split(","))
    if "" in values:
        return None
    return Valued(target[:start], values, target[end:] if end >= 0 else "")


def _decoded(raw: str) -> str:
    """The text, with the escapes decoded that clients write for plain characters; any other stays, and is not plain."""
    text = raw.replace("%2C", ",").replace("%3A", ":").replace("%2F", "/")
    return text.replace("%2c", ",").replace("%3a", ":").replace("%2f", "/")
