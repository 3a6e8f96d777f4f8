"""What a value may turn into in the backend's hands."""

import pytest

from sidecar.filters.values import has_control_characters, is_bracket_tag, is_field_id, may_be_wildcard


@pytest.mark.parametrize(
    "value", ["[Vandaag]", " [Medewerker] ", "[a]..[b]", "[]", "［OE］", "〚OE〛", "\u200b[OE]\ufeff", "[O\u00adE]", "﹇OE﹈"]
)
def test_text_in_brackets_may_be_a_tag(value: str) -> None:
    assert is_bracket_tag(value)


@pytest.mark.parametrize("value", ["", "x", "[x", "x]", "[x] y", "x [y]", "(x)"])
def test_a_bracket_at_one_end_is_plain_text(value: str) -> None:
    assert not is_bracket_tag(value)


@pytest.mark.parametrize(
    "value", ["%", "a_b", "a*", "a?", "[a-z]", "^a", "％", "＿", "＊", "？", "a٪", "a\u0332", "a\u0331", "ˍ", "a∗b", "▄"]
)
def test_what_some_backend_takes_for_a_pattern_counts_as_one(value: str) -> None:
    assert may_be_wildcard(value)


@pytest.mark.parametrize("value", ["CONS", "1001", "José", "e\u0301", "A-1", "Jansen & Zn.", "€ 5", "東京", "a–b", "2021-01-01T00:00:00"])
def test_ordinary_values_are_no_patterns(value: str) -> None:
    assert not may_be_wildcard(value)


@pytest.mark.parametrize("value", ["\0", "a\tb", "a\r\nb", "\x7f", "\x85", "\ud800", "\U000e0fff", "\uffff"])
def test_control_characters_surrogates_and_unassigned_code_points_are_found(value: str) -> None:
    assert has_control_characters(value)


@pytest.mark.parametrize("value", ["", "José", "a b", "a\u00a0b", "😀", "a\u200db"])
def test_printable_text_and_joiners_are_no_control_characters(value: str) -> None:
    assert not has_control_characters(value)


@pytest.mark.parametrize(
    "text", ["A", "AdminId", "Naam medewerker", "Bedrag_(€)", "Uren/dag", "Marge%", "Is actief?", "A.B", "Größe", "1e"]
)
def test_names_as_metainfo_gives_them_are_field_ids(text: str) -> None:
    assert is_field_id(text)


@pytest.mark.parametrize(
    "text",
    ["", " A", "A ", "A,B", "A;B", "A'", 'A"', "[A]", "A=B", "A<", "A|B", "A\\", "A\n", "A\0", "A；B", "A，B", "＂A", "*", "@A", "A" * 101],
)
def test_separators_quotes_and_brackets_are_in_no_field_id(text: str) -> None:
    assert not is_field_id(text)
