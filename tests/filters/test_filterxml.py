"""The XML spelling: the one documented shape is read, every other refused; what is written is ASCII and cannot be broken open."""

from xml.etree import ElementTree

import pytest
from hypothesis import given

from sidecar.dialects.soap.tree import read_text
from sidecar.errors import Reason, Refusal
from sidecar.filters.filterxml import MOST_READ, MOST_WRITTEN, escape_xml, read_filterxml, write_filterxml
from sidecar.filters.predicate import EVERYTHING, NOTHING, Condition, Operator, Predicate, single, union
from tests.evaluation import worlds
from tests.evaluation.filter_xml import FilterXml, filterxml_admits, xml_filters
from tests.evaluation.reading import Reading, Row
from tests.filters.predicates import admitted, predicates

A, B = (Condition(field, Operator.EQUAL, "1") for field in "AB")
FIELD = '<Field FieldId="A" OperatorType="1">1</Field>'


def filters(*contents: str) -> str:
    return f"<Filters>{''.join(f'<Filter>{content}</Filter>' for content in contents)}</Filters>"


def read(text: str) -> Predicate:
    return read_filterxml(read_text(text))


def without_markers(predicate: Predicate) -> Predicate:
    """What stands as the value of operators 8 and 9 means nothing, and is not written."""
    groups = [[each if each.operator.takes_value else each._replace(value="") for each in group] for group in predicate.groups]
    return Predicate(tuple(tuple(dict.fromkeys(group)) for group in groups))


@pytest.mark.parametrize(
    ("text", "groups"),
    [
        (filters(FIELD), ((A,),)),
        (filters(FIELD, FIELD.replace('"A"', '"B"')), ((A,), (B,))),
        (filters(FIELD + FIELD), ((A,),)),
        (f'<Filters><Filter FilterId="Filter 1">{FIELD}</Filter></Filters>', ((A,),)),
        (f'<Filters>\n  <Filter FilterId="">\n    {FIELD}\n  </Filter>\n</Filters>', ((A,),)),
        (f"<Filters><!-- all of them --><Filter>{FIELD}</Filter></Filters>", ((A,),)),
        (filters("<Field OperatorType='1' FieldId='A'><![CDATA[1]]></Field>"), ((A,),)),
        (filters('<Field FieldId="A" OperatorType="8" />'), ((Condition("A", Operator.EMPTY),),)),
        (filters('<Field FieldId="A" OperatorType="9"></Field>'), ((Condition("A", Operator.NOT_EMPTY),),)),
        (filters('<Field FieldId="A" OperatorType="8">[is leeg]</Field>'), ((Condition("A", Operator.EMPTY),),)),
        (filters('<Field FieldId="A" OperatorType="1">a,b;&lt;c&gt;</Field>'), ((Condition("A", Operator.EQUAL, "a,b;<c>"),),)),
        (filters('<Field FieldId="A" OperatorType="1"> 1 </Field>'), ((Condition("A", Operator.EQUAL, " 1 "),),)),
        (filters('<Field FieldId="A" OperatorType="1">&#233;&#x1F600;</Field>'), ((Condition("A", Operator.EQUAL, "é😀"),),)),
    ],
)  # fmt: skip
def test_the_documented_shape_is_read_as_clients_vary_it(text: str, groups: tuple[tuple[Condition, ...], ...]) -> None:
    assert read(text).groups == groups


@pytest.mark.parametrize(
    "text",
    [
        "<Filters/>",
        "<Filters> </Filters>",
        "<Filters>x</Filters>",
        filters(""),
        filters("x"),
        filters(FIELD, ""),
        filters(filters(FIELD)),
        f"<Filter>{FIELD}</Filter>",
        f"<Filters>{FIELD}</Filters>",
        f"<filters><Filter>{FIELD}</Filter></filters>",  # letter case
        f"<Filters><filter>{FIELD}</filter></Filters>",
        filters(FIELD.replace("Field ", "field ").replace("/Field", "/field")),
        filters(FIELD.replace("FieldId", "fieldId")),
        filters(FIELD.replace("OperatorType", "Operatortype")),
        f'<Filters><Filter filterid="1">{FIELD}</Filter></Filters>',
        f'<Filters x="1"><Filter>{FIELD}</Filter></Filters>',  # unknown attributes
        f'<Filters><Filter Join="OR">{FIELD}</Filter></Filters>',
        filters(FIELD.replace("<Field ", '<Field Not="1" ')),
        filters(FIELD.replace("FieldId", "xml:FieldId")),
        filters(FIELD.replace(' FieldId="A"', "")),
        filters(FIELD.replace(' OperatorType="1"', "")),
        f'<Filters xmlns="urn:x"><Filter>{FIELD}</Filter></Filters>',  # namespaces
        f'<x:Filters xmlns:x="urn:x"><Filter>{FIELD}</Filter></x:Filters>',
        filters('<x:Field xmlns:x="urn:x" FieldId="A" OperatorType="1">1</x:Field>'),
        f'<Filters><Filter FilterId="1">{FIELD}</Filter><Filter FilterId="1">{FIELD}</Filter></Filters>',
        filters('<Field FieldId="A" OperatorType="1"><b>1</b></Field>'),
        filters('<Field FieldId="A" OperatorType="1"/>'),
        filters('<Field FieldId="A" OperatorType="1"> </Field>'),
        filters('<Field FieldId="A" OperatorType="1">&#160;</Field>'),
        filters('<Field FieldId="A" OperatorType="1">a&#10;b</Field>'),
        filters('<Field FieldId="A" OperatorType="8">x</Field>'),
        filters('<Field FieldId="A" OperatorType="8"><b/></Field>'),
        filters('<Field FieldId="A" OperatorType="0">1</Field>'),
        filters('<Field FieldId="A" OperatorType=" 1">1</Field>'),
        filters('<Field FieldId="A" OperatorType="16">1</Field>'),
        filters('<Field FieldId="" OperatorType="1">1</Field>'),
        filters('<Field FieldId="A&quot;" OperatorType="1">1</Field>'),
    ],
)  # fmt: skip
def test_any_other_shape_is_refused_as_malformed(text: str) -> None:
    with pytest.raises(Refusal) as caught:
        read(text)
    assert caught.value.reason is Reason.FILTER_MALFORMED


@pytest.mark.parametrize(("operator", "value"), [("15", "*x"), ("1", "[Gebruiker]"), ("2", "[Vandaag - 1]..[Vandaag]")])
def test_what_the_backend_would_interpret_is_not_supported(operator: str, value: str) -> None:
    with pytest.raises(Refusal) as caught:
        read(filters(f'<Field FieldId="A" OperatorType="{operator}">{value}</Field>'))
    assert caught.value.reason is Reason.FILTER_NOT_SUPPORTED


def test_a_refusal_names_the_place() -> None:
    with pytest.raises(Refusal) as caught:
        read(filters(FIELD, FIELD + FIELD.replace('"1"', '"99"')))
    assert "Filter 2, Field 2" in caught.value.detail


def test_a_client_may_not_ask_for_more_conditions_than_anybody_means() -> None:
    assert len(read(filters(*[FIELD] * MOST_READ)).groups) == MOST_READ
    with pytest.raises(Refusal) as caught:
        read(filters(FIELD * (MOST_READ - 1), FIELD + FIELD))
    assert caught.value.reason is Reason.FILTER_TOO_LARGE


def test_what_is_written_has_the_documented_names() -> None:
    predicate = Predicate(((A, Condition("B", Operator.EMPTY, "null")), (Condition("C", Operator.EQUAL, "x<\">&'y"),)))
    assert write_filterxml(predicate) == (
        '<Filters><Filter FilterId="Filter 1"><Field FieldId="A" OperatorType="1">1</Field><Field FieldId="B" OperatorType="8" /></Filter>'
        '<Filter FilterId="Filter 2"><Field FieldId="C" OperatorType="1">x&lt;&quot;&gt;&amp;\'y</Field></Filter></Filters>'
    )


@pytest.mark.parametrize(
    "value", ["</Field>", "]]>", "&lt;", "＜", "＆lt；", "％3C", "%3C/Field%3E", "%u003C", "é", "\u2028", "😀", "<!--", "&#60;"]
)
def test_nothing_in_a_value_becomes_markup_on_the_way(value: str) -> None:
    predicate = single("A", Operator.EQUAL, f"x{value}")
    text = write_filterxml(predicate)
    assert text.isascii()
    assert text == Reading(code_page=True, decodes_twice=True).received(text)
    assert read(text) == predicate


@pytest.mark.parametrize("predicate", [EVERYTHING, NOTHING, Predicate(((A,), ()))])
def test_a_filter_that_a_backend_could_take_for_no_filter_is_never_written(predicate: Predicate) -> None:
    with pytest.raises(ValueError, match="no filter XML"):
        write_filterxml(predicate)


@pytest.mark.parametrize("value", ["", " ", "\t", "\u00a0", "a\0b", "\x1b", "\ud800", "\ufffe"])
def test_a_value_that_xml_would_lose_is_never_written(value: str) -> None:
    with pytest.raises(ValueError, match=r"white space only|no way to say"):
        write_filterxml(single("A", Operator.EQUAL, value))


def test_what_is_written_is_bounded() -> None:
    predicate = union(single("A", Operator.EQUAL, str(number)) for number in range(MOST_WRITTEN + 1))
    with pytest.raises(Refusal) as caught:
        write_filterxml(predicate)
    assert caught.value.reason is Reason.FILTER_TOO_LARGE


@pytest.mark.parametrize("text", ["a\tb\nc\rd", '"', "'", "<&>", "ü\u2028\U0010ffff"])
def test_an_escaped_text_is_the_same_text_in_an_attribute_and_between_tags(text: str) -> None:
    root = ElementTree.fromstring(f'<a b="{escape_xml(text)}">{escape_xml(text)}</a>')  # noqa: S314
    assert (root.text, root.attrib["b"]) == (text, text)


@given(predicates)
def test_what_is_written_reads_back_as_it_was(predicate: Predicate) -> None:
    assert read(write_filterxml(predicate)) == without_markers(predicate)


@given(predicates, worlds.rows, worlds.faithful_readings)
def test_what_is_written_admits_what_was_meant(predicate: Predicate, rows: list[Row], reading: Reading) -> None:
    text = write_filterxml(predicate)
    assert [row for row in rows if filterxml_admits(text, row, reading)] == admitted(predicate, rows, reading)


@given(xml_filters(), worlds.rows, worlds.faithful_readings)
def test_what_a_client_spells_is_what_is_read(asked: FilterXml, rows: list[Row], reading: Reading) -> None:
    assert admitted(read(asked.text), rows, reading) == [row for row in rows if asked.admits(row, reading)]
