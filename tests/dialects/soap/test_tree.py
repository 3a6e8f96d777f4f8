"""XML has one reading here or none: the known attacks on parsers, and on those who come after another parser, are refused, and quickly."""

import re
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.dialects.soap import tree
from sidecar.dialects.soap.printing import print_tree
from sidecar.dialects.soap.tree import Attribute, Element, UnreadableXmlError, read_as_spelled, read_bytes, read_text
from tests.dialects.soap.attacks import ATTACKS, WHOLE
from tests.dialects.soap.messages import ENVELOPES, around


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_is_refused_quickly(name: str) -> None:
    text = ATTACKS[name]
    started = process_time()
    with pytest.raises(UnreadableXmlError) as caught:
        read_bytes(text.encode())
    assert process_time() - started < 2
    assert len(str(caught.value)) < 100


@pytest.mark.parametrize("name", sorted({*ATTACKS} - {"UTF-16 named", "declaration late", "white space"}))
def test_within_a_value_it_is_refused_as_well(name: str) -> None:
    with pytest.raises(UnreadableXmlError):
        read_text(ATTACKS[name].removeprefix("\ufeff"))


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xfe" + "<a/>".encode("utf-16-le"),
        "<a/>".encode("utf-16"),
        "<a/>".encode("utf-16-le"),  # expat would take these two for UTF-16, whatever encoding it was told
        "<a/>".encode("utf-16-be"),
        "<a/>".encode("utf-32"),
        '<?xml version="1.0"?><a>é</a>'.encode("latin-1"),
        b"<a>\xc0\xbc</a>",  # an overlong <
        b"<a>\xed\xa0\x80</a>",  # a surrogate
        b"<a>\xf5\x80\x80\x80</a>",
        b"<a>\xc3</a>",
        b"<a>\xef\xbf\xbf</a>",
        b"\x4c\x81\x61\x6e",  # <a/> in EBCDIC
    ],
)
def test_what_is_not_utf_8_is_refused(data: bytes) -> None:
    with pytest.raises(UnreadableXmlError):
        read_bytes(data)


@pytest.mark.parametrize("text", ["<\0a\0/\0>\0", "\0<\0a\0/\0>"])
def test_nul_makes_no_other_encoding_of_a_value(text: str) -> None:
    with pytest.raises(UnreadableXmlError):
        read_text(text)


def test_a_lone_surrogate_in_a_value_is_refused() -> None:
    with pytest.raises(UnreadableXmlError, match="surrogate"):
        read_text("<a>\ud800</a>")


def test_a_byte_order_mark_within_a_value_is_refused() -> None:
    assert read_bytes("\ufeff<a/>".encode()) == Element("", "a")
    with pytest.raises(UnreadableXmlError):
        read_text("\ufeff<a/>")


@pytest.mark.parametrize(
    "text",
    [
        '<x:a xmlns:x="u"><x:b>1 &lt; 2</x:b></x:a>',
        '<a xmlns="u"><b>1 &#60; 2</b></a>',
        '<a xmlns="u">\n<b><![CDATA[1 < 2]]></b>\r\n</a>',
        '<a xmlns="u"><b><![CDATA[1 ]]><![CDATA[< 2]]></b></a>',
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?><a xmlns="u"><!-- b --><b>1 &lt; 2</b><!----></a><!-- -->',
        '<y:a xmlns:y="u"><y:b xmlns:y="u">1 &lt; 2</y:b></y:a>',
        '<a xmlns="u"><x:b xmlns:x="u" xmlns="other">1 &lt; 2</x:b></a>',
    ],
)
def test_a_tree_has_names_by_namespace_and_values_and_nothing_else(text: str) -> None:
    assert read_bytes(text.encode()) == Element("u", "a", (), (Element("u", "b", (), (), "1 < 2"),), "")


def test_line_ends_and_references_are_read_as_xml_has_it() -> None:
    text = read_text('<a b=" 1\t\n&#9;&#10;&#13;">\r\n&#13; x\t</a>')
    assert text == Element("", "a", (Attribute("", "b", " 1  \t\n\r"),), (), "\n\r x\t")


def test_as_spelled_a_tree_keeps_prefixes_and_declarations() -> None:
    root = read_as_spelled(b'<x:a xmlns:x="u" x:b="1"/>')
    assert root == Element("", "x:a", (Attribute("", "xmlns:x", "u"), Attribute("", "x:b", "1")))


def test_the_bounds_leave_room_for_what_is_meant() -> None:
    assert len(read_text(f"<a>{'<b/>' * (tree._MOST_PARTS - 1)}</a>").children) == tree._MOST_PARTS - 1
    assert read_text("<a>" * tree._MOST_DEPTH + "</a>" * tree._MOST_DEPTH).name == "a"
    assert len(read_text(f"<a>{'x' * 5_000_000}</a>").text) == 5_000_000


names = st.from_regex(re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,8}"), fullmatch=True)
values = st.text(st.characters(codec="utf-8", exclude_characters="\ufffe\uffff", exclude_categories=["Cc"]) | st.sampled_from("\t\n\r<&]"))
attributes = st.dictionaries(names, values, max_size=3).map(
    lambda drawn: tuple(Attribute("", name, value) for name, value in drawn.items())
)
leaves = st.builds(Element, st.just(""), names, attributes, st.just(()), values)
trees = st.recursive(
    leaves,
    lambda parts: st.builds(Element, st.just(""), names, attributes, st.lists(parts, min_size=1, max_size=3).map(tuple), st.just("")),
    max_leaves=8,
)


@given(trees)
def test_a_printed_tree_reads_as_the_same_tree(root: Element) -> None:
    text = print_tree(root)
    assert text.isascii()
    assert read_text(text) == root


@pytest.mark.parametrize(
    "root", [Element("", "é"), Element("u", "a"), Element("", "a", (), (), "\0"), Element("", "a", (Attribute("", "b", "\ud800"),))]
)
def test_what_cannot_be_said_is_not_printed(root: Element) -> None:
    with pytest.raises(ValueError, match=r".+"):
        print_tree(root)


def test_an_envelope_is_not_an_attack() -> None:
    assert read_bytes(WHOLE.encode()).name == "Envelope"
    assert read_bytes(around("<a/>", "1.2").encode()).namespace == ENVELOPES["1.2"]


@pytest.mark.parametrize(
    "tag", ["<a " + "b='' " * 50_000 + "/>", f"<a b='{'c' * 200_000}'/>", f"<{'a' * 200_000}/>", f"<a><!--{'b' * 200_000}--></a>"]
)
def test_what_is_judged_at_its_end_only_is_not_read_to_it(tag: str) -> None:
    """`Parse` lets nothing else run: half a million attributes would hold up everybody for a third of a second."""
    with pytest.raises(UnreadableXmlError, match="a tag or comment of more than"):
        read_text(tag)


@pytest.mark.parametrize("piece", range(12, 60))
def test_it_makes_no_difference_how_a_document_is_cut(piece: int, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "<a x='€'><!-- é -->\r\n<b>é&lt;]]&gt;\r\n€😀</b><c><![CDATA[]] > <é>\r]]]></c><d> </d></a>"
    whole = read_text(text)
    assert whole.children[1].text == "]] > <é>\n]"
    monkeypatch.setattr(tree, "_LONGEST_TAG", piece)
    assert read_text(text) == whole
