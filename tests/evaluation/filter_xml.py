"""Which rows a backend returns for a filter XML, and filter XML as clients spell it. Written from the wire reference's section 3.3 only.

As lenient as the JSON's reader: letter case, unknown names and missing labels are no error; what is not XML returns no row.
"""

from collections.abc import Callable
from dataclasses import dataclass
from xml.etree import ElementTree

from hypothesis import strategies as st

from tests.evaluation.reading import Reading, Row
from tests.evaluation.wire import Spelled, _holds
from tests.evaluation.worlds import spelled_conditions


def filterxml_admits(text: str, row: Row, reading: Reading) -> bool:
    """The XML spelling."""
    return any(all(_holds(condition, row, reading) for condition in group) for group in read_filterxml(text, reading))


def read_filterxml(text: str, reading: Reading) -> list[list[Spelled]]:
    """Groups of conditions; none if it is not XML."""
    try:
        root = ElementTree.fromstring(reading.received(text))  # noqa: S314  our own and generated texts only
    except ElementTree.ParseError:
        return []
    return [[_condition(field) for field in _children(item, "field")] for item in _children(root, "filter")]


def _children(parent: ElementTree.Element, name: str) -> list[ElementTree.Element]:
    return [child for child in parent if child.tag.lower() == name]


def _condition(field: ElementTree.Element) -> Spelled:
    attributes = {name.lower(): value for name, value in field.attrib.items()}
    return attributes.get("fieldid", ""), attributes.get("operatortype", "1"), "".join(field.itertext())


@dataclass(frozen=True, slots=True)
class FilterXml:
    """A client's filter XML."""

    text: str

    def admits(self, row: Row, reading: Reading) -> bool:
        return filterxml_admits(self.text, row, reading)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")


def _in_references(text: str) -> str:
    return "".join(f"&#x{ord(character):X};" for character in text)


def _in_cdata(text: str) -> str:
    return "<![CDATA[" + text.replace("]]>", "]]]]><![CDATA[>") + "]]>"


SPELLINGS: list[Callable[[str], str]] = [_escaped, _in_references, _in_cdata]
"""Ways to write a text between tags."""


@st.composite
def xml_filters(draw: st.DrawFn) -> FilterXml:
    """The documented shape, in the ways in which clients vary it."""
    groups = draw(st.lists(st.lists(spelled_conditions, min_size=1, max_size=3), min_size=1, max_size=3))
    spell = draw(st.sampled_from(SPELLINGS))
    with_labels, gap = draw(st.booleans()), draw(st.sampled_from(["", "\n  "]))
    declaration = draw(st.sampled_from(["", '<?xml version="1.0" encoding="utf-8"?>', '<?xml version="1.0" encoding="utf-16"?>\n']))

    def field(condition: Spelled) -> str:
        name, operator, value = condition
        attributes = [f'FieldId="{_escaped(name)}"', f"OperatorType='{operator}'"]
        if draw(st.booleans()):
            attributes.reverse()
        return f"{gap}<Field {' '.join(attributes)}{f'>{spell(value)}</Field>' if value else ' />'}"

    def labelled(number: int) -> str:
        return f' FilterId="Filter {number}"' if with_labels else ""

    filters = [f"{gap}<Filter{labelled(number)}>{''.join(map(field, group))}{gap}</Filter>" for number, group in enumerate(groups, start=1)]
    return FilterXml(f"{declaration}<Filters>{''.join(filters)}{gap}</Filters>")
