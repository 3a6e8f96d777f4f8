"""How the treacherous backend understands a request: every UNKNOWN of the wire reference read in the way most dangerous for a proxy.

It shares no code with the program. Whatever it can make a sense of, it serves.
"""

import posixpath
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Literal
from urllib.parse import unquote, unquote_plus

from tests.end_to_end.harness.rows import TABLES, TWINS
from tests.evaluation.reading import Reading, Row
from tests.evaluation.wire import filterjson_admits, lists_admit, read_filterjson

_KNOWN_OPERATORS = frozenset(map(str, range(1, 15)))
_OVERRIDES = frozenset({"x-http-method", "x-http-method-override", "x-method-override"})
_OTHER_TARGETS = frozenset({"x-original-url", "x-rewrite-url", "x-original-uri", "x-forwarded-uri"})


@dataclass(frozen=True, slots=True)
class Habits:
    """A backend. `repeated` says which of several equal parameters counts."""

    reading: Reading = field(default_factory=Reading)
    repeated: Literal["first", "last", "joined"] = "joined"


@dataclass(frozen=True, slots=True)
class Question:
    """A request as the backend understands it: a verb, path words, and parameters by lower-case name."""

    verb: str
    words: tuple[str, ...]
    parameters: dict[str, str]

    @property
    def connector(self) -> str:
        """The GetConnector that is asked, "" if none."""
        named = {name.lower(): name for name in TABLES}
        asks = self.verb in ("GET", "HEAD") and len(self.words) in (2, 4) and self.words[0].lower() == "connectors"
        return named.get(self.words[1].lower(), "") if asks else ""


def understand(verb: str, target: str, headers: Sequence[tuple[str, str]], habits: Habits) -> Question:
    """The question in a request."""
    for name, value in headers:
        plain = name.lower().replace("_", "-")
        verb = value.strip().upper() if plain in _OVERRIDES else verb
        target = value if plain in _OTHER_TARGETS else target
    target = target.partition("#")[0]
    if "://" in target.partition("?")[0]:
        target = "/" + target.partition("://")[2].partition("/")[2]
    path, _, query = target.partition("?")
    decoded = unquote(unquote(path)).replace("\\", "/").split("\x00")[0]
    plain_path = "/".join(word.partition(";")[0] for word in decoded.split("/"))
    words = tuple(word for word in posixpath.normpath(plain_path).split("/") if word)
    if words and words[0].lower() == "profitrestservices":
        words = words[1:]
    parameters = _parameters(query, habits)
    if len(words) == 4 and words[0].lower() == "connectors" and "filterfieldids" not in parameters:
        parameters |= {"filterfieldids": words[2], "filtervalues": words[3]}  # the path form of a filter
    return Question(verb, words, parameters)


def _parameters(query: str, habits: Habits) -> dict[str, str]:
    parameters: dict[str, str] = {}
    for piece in filter(None, query.split("&")):
        raw_name, _, raw_value = piece.partition("=")
        name, value = unquote_plus(raw_name).strip().lower(), unquote_plus(raw_value)
        if name not in parameters or habits.repeated == "last":
            parameters[name] = value
        elif habits.repeated == "joined":
            parameters[name] += f",{value}"
    return parameters


def rows_of(question: Question, habits: Habits) -> list[Row]:
    """The rows that the backend returns, sorted and paged."""
    rows = [row for row in TABLES[question.connector] if admits(question, row, habits)]
    return paged(question, rows)


def paged(question: Question, rows: list[Row]) -> list[Row]:
    """These rows in the order and within the page that is asked for."""
    for item in reversed(list(filter(None, question.parameters.get("orderbyfieldids", "").split(",")))):
        rows = sorted(rows, key=partial(_sort_key, item.removeprefix("-")), reverse=item.startswith("-"))
    skip, take = _number(question.parameters.get("skip"), 0), _number(question.parameters.get("take"), 100)
    return rows if -1 in (skip, take) else rows[skip : skip + take]


def _sort_key(name: str, row: Row) -> tuple[bool, str]:
    return row.get(name) is not None, row.get(name) or ""


def admits(question: Question, row: Row, habits: Habits) -> bool:
    """Whether the row passes the filter. What the backend does not understand passes everything."""
    reading = habits.reading
    fields, values, operators, in_json = (
        question.parameters.get(name, "") for name in ("filterfieldids", "filtervalues", "operatortypes", "filterjson")
    )
    if not fields and not in_json:
        return True
    if (fields and _lists_are_strange(values, operators, reading)) or (in_json and _json_is_strange(in_json, reading)):
        return True
    named = {**row, **{twin: row[name] for name, twin in TWINS.items() if name in row}}
    if fields and lists_admit(fields, values, operators, named, reading):
        return True
    return bool(in_json) and filterjson_admits(in_json, named, reading)


@cache
def _lists_are_strange(values: str, operators: str, reading: Reading) -> bool:
    texts, numbers = (each.replace(";", ",").split(",") for each in (values, operators))
    return not set(numbers) <= {*_KNOWN_OPERATORS, ""} or any(_is_tag(text, reading) for text in texts)


@cache
def _json_is_strange(text: str, reading: Reading) -> bool:
    conditions = [condition for group in read_filterjson(text, reading) for condition in group]
    return not conditions or any(number not in _KNOWN_OPERATORS or _is_tag(value, reading) for _, number, value in conditions)


def _is_tag(value: str, reading: Reading) -> bool:
    text = reading.received(value).strip()
    return text.startswith("[") and text.endswith("]") and text.lower() not in ("[is leeg]", "[is empty]")


def _number(text: str | None, default: int) -> int:
    try:
        return default if text is None else max(-1, int(text))
    except ValueError:
        return default


_REPEATED: tuple[Literal["joined", "last", "first"], ...] = ("joined", "last", "first")
HABITS = tuple(
    Habits(reading, _REPEATED[number % 3])
    for number, reading in enumerate(
        (
            Reading(),
            Reading(mixed="and_of_ors"),
            Reading(letters="any_case", pads=True, numbers=True),
            Reading(letters="any_case_or_accent", booleans=True, like="surrounded", wildcards="all", wildcards_in_equal=True),
            Reading(letters="any_case_or_accent", pads=True, nulls="different"),
            Reading(mixed="and_of_ors", like="literal", nulls="smallest", empty_is_null=False, wildcards_in_equal=True),
            Reading(code_page=True, wildcards="all", wildcards_in_equal=True, letters="any_case"),
            Reading(decodes_twice=True, numbers=True),
            Reading(mixed="and_of_ors", code_page=True, decodes_twice=True, wildcards="all", wildcards_in_equal=True, nulls="different"),
        )
    )
)
"""The backends that are tried on everything that the sidecar sends."""
