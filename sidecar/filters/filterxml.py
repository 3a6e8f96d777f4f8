"""The XML spelling, as SOAP has it: Fields within a Filter are joined by AND, Filters by OR (wire reference 3.3). One reading only.

What is read here is a tree already; whoever parsed it saw to it that the text had one reading as XML.
"""

import re
from collections.abc import Sequence
from typing import Protocol

from sidecar.errors import Reason, Refusal
from sidecar.filters.predicate import Condition, Group, Predicate
from sidecar.filters.reading import read_condition

MOST_READ = 1_000
"""Conditions in a client's filter."""

MOST_WRITTEN = 10_000
"""Conditions in a narrowed filter. 400 OR groups are allowed; this bounds what they hold, to about a megabyte."""

NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ESCAPES = (
    ("&", "&amp;"),
    ("<", "&lt;"),
    (">", "&gt;"),
    ('"', "&quot;"),
    ("\t", "&#9;"),  # parsers make spaces of these three in attributes, and a line feed of the last one everywhere
    ("\n", "&#10;"),
    ("\r", "&#13;"),
    ("%", "&#37;"),  # means nothing here; escaped for whoever percent-decodes what needs no decoding
)


class XmlAttribute(Protocol):
    """An attribute; `namespace` is empty where it has none."""

    @property
    def namespace(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def value(self) -> str: ...


class XmlElement(Protocol):
    """An element with either children or text; `namespace` is empty where it has none."""

    @property
    def namespace(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def attributes(self) -> Sequence[XmlAttribute]: ...
    @property
    def children(self) -> "Sequence[XmlElement]": ...
    @property
    def text(self) -> str: ...


def escape_xml(text: str) -> str:
    """The text as it may stand in XML, between tags and in quotation marks alike.

    ASCII only, so that a look-alike of a bracket stays one where the backend works in a Windows code page.

    :raises ValueError: for characters that XML cannot say at all; most control characters and lone surrogates are such.
    """
    if NOT_IN_XML.search(text):
        raise ValueError("a character that XML has no way to say")
    for character, escape in _ESCAPES:
        text = text.replace(character, escape)
    return text if text.isascii() else text.encode("ascii", "xmlcharrefreplace").decode("ascii")


def read_filterxml(root: XmlElement) -> Predicate:
    """The predicate in a filter's tree.

    :raises Refusal: for any other shape: unknown, missing or mis-cased names, namespaces, no Filter, a Filter without Field.
    """
    _check(root, "Filters", "the root", frozenset())
    labels: list[str] = []
    groups: list[Group] = []
    read = 0
    for number, item in enumerate(_nonempty(root, "Filters"), start=1):
        place = f"Filter {number}"
        labels.extend(_check(item, "Filter", place, frozenset({"FilterId"})).values())
        fields = _nonempty(item, place)
        read += len(fields)
        if read > MOST_READ:
            raise Refusal(Reason.FILTER_TOO_LARGE, f"the filter has more than {MOST_READ} conditions")
        groups.append(tuple(dict.fromkeys(_read_field(field, f"{place}, Field {at}") for at, field in enumerate(fields, start=1))))
    if len(set(labels)) != len(labels):
        raise Refusal(Reason.FILTER_MALFORMED, "two Filters have the same FilterId; number them")
    return Predicate(tuple(groups))


def write_filterxml(predicate: Predicate) -> str:
    """The XML with this meaning, in ASCII.

    :raises ValueError: for a predicate without groups or with an empty group: an empty list of filters may well mean "all rows"; and for
        a value that XML cannot carry.
    :raises Refusal: FILTER_TOO_LARGE when it would have more than `MOST_WRITTEN` conditions.
    """
    if not predicate.groups or not all(predicate.groups):
        raise ValueError("everything and nothing have no filter XML")
    if sum(map(len, predicate.groups)) > MOST_WRITTEN:
        raise Refusal(
            Reason.FILTER_TOO_LARGE,
            f"narrowed to the rows that you may see, the filter has more than {MOST_WRITTEN} conditions; ask for less",
        )
    filters = [
        f'<Filter FilterId="Filter {number}">{"".join(map(_field, group))}</Filter>'
        for number, group in enumerate(predicate.groups, start=1)
    ]
    return f"<Filters>{''.join(filters)}</Filters>"


def _field(condition: Condition) -> str:
    field, operator, value = condition
    attributes = f'FieldId="{escape_xml(field)}" OperatorType="{operator.value}"'
    if not operator.takes_value:
        return f"<Field {attributes} />"
    if not value.strip():
        # Many parsers drop text that is white space only, and what remains could be read as no condition.
        raise ValueError("a value of white space only")
    return f"<Field {attributes}>{escape_xml(value)}</Field>"


def _read_field(item: XmlElement, place: str) -> Condition:
    attributes = _check(item, "Field", place, frozenset({"FieldId", "OperatorType"}))
    for name in ("FieldId", "OperatorType"):
        if name not in attributes:
            raise Refusal(Reason.FILTER_MALFORMED, f"{place} lacks {name}")
    if item.children:
        raise Refusal(Reason.FILTER_MALFORMED, f"{place} holds elements; it takes a value")
    condition = read_condition(attributes["FieldId"], attributes["OperatorType"], item.text, place)
    if not condition.operator.takes_value:
        return condition._replace(value="")
    if not item.text.strip():
        raise Refusal(Reason.FILTER_MALFORMED, f"{place}: a value of white space only has no certain meaning")
    return condition


def _check(item: XmlElement, name: str, place: str, known: frozenset[str]) -> dict[str, str]:
    """The attributes of an element that must have this name, and none but the known ones."""
    if item.name != name or item.namespace:
        raise Refusal(Reason.FILTER_MALFORMED, f"{place} must be <{name}>, spelled like this and in no namespace")
    unknown = next((each for each in item.attributes if each.namespace or each.name not in known), None)
    if unknown is not None:
        raise Refusal(Reason.FILTER_MALFORMED, f"{place} has an unknown attribute {unknown.name[:50]!r}; letter case counts")
    return {each.name: each.value for each in item.attributes}


def _nonempty(item: XmlElement, place: str) -> Sequence[XmlElement]:
    if not item.children:
        raise Refusal(Reason.FILTER_MALFORMED, f"{place} has nothing in it; leave filtersXml empty where no filter is meant")
    return item.children
