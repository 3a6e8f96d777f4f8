"""The compact lists: what is read, what is refused and why, and what is written."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.errors import Reason, Refusal
from sidecar.filters import compact
from sidecar.filters.compact import CompactFilter, MixedSeparators, read_compact, write_compact
from sidecar.filters.predicate import EVERYTHING, NOTHING, Condition, Operator, Predicate, single
from tests.evaluation import worlds
from tests.evaluation.reading import Reading, Row
from tests.evaluation.wire import lists_admit
from tests.filters.predicates import predicates

A = Condition("A", Operator.EQUAL, "1")
B = Condition("B", Operator.EQUAL, "2")
C = Condition("C", Operator.EQUAL, "3")
PLAIN = Reading()


def refused(lists: CompactFilter, mixed: MixedSeparators = MixedSeparators.REFUSE) -> Refusal:
    with pytest.raises(Refusal) as caught:
        read_compact(lists, mixed)
    return caught.value


@pytest.mark.parametrize(
    ("lists", "groups"),
    [
        (CompactFilter("A", "1", "1"), ((A,),)),
        (CompactFilter("A,B", "1,2", "1,1"), ((A, B),)),
        (CompactFilter("A;B", "1;2", "1;1"), ((A,), (B,))),
        (CompactFilter("A,B;C", "1,2;3", ""), ((A, B), (C,))),
        (CompactFilter("A;B,C", "1;2,3", ""), ((A,), (B, C))),
        (CompactFilter("A,A", "1,1", "1,1"), ((A,),)),
        (CompactFilter("A,B", "1,2", ""), ((A, B),)),
        (CompactFilter("A", "[half open", "6"), ((Condition("A", Operator.CONTAINS, "[half open"),),)),
        (CompactFilter("A", "%x%", "6"), ((Condition("A", Operator.CONTAINS, "%x%"),),)),
        (CompactFilter("A", " x ", "1"), ((Condition("A", Operator.EQUAL, " x "),),)),
        (
            CompactFilter("Naam medewerker (volledig)", "x", "14"),
            ((Condition("Naam medewerker (volledig)", Operator.NOT_ENDS_WITH, "x"),),),
        ),
    ],
)
def test_the_lists_are_read_position_by_position(lists: CompactFilter, groups: tuple[tuple[Condition, ...], ...]) -> None:
    assert read_compact(lists, MixedSeparators.OR_OF_ANDS).groups == groups


def test_missing_operatortypes_mean_equal_throughout() -> None:
    assert read_compact(CompactFilter("A,B", "1,2", "")) == read_compact(CompactFilter("A,B", "1,2", "1,1"))


@pytest.mark.parametrize("operator", list(Operator))
def test_every_operator_but_the_quick_filter_is_read(operator: Operator) -> None:
    value = "x" if operator.takes_value else "null"
    assert read_compact(CompactFilter("A", value, str(operator.value))).groups == ((Condition("A", operator, value),),)


@pytest.mark.parametrize("operator", ["8", "9"])
@pytest.mark.parametrize("value", ["null", '""', "[is leeg]", "", "NULL", " ", "[Is Leeg]", "[is empty]"])
def test_operators_8_and_9_take_whatever_clients_send_for_no_value(operator: str, value: str) -> None:
    (group,) = read_compact(CompactFilter("A,B", f"{value},1", f"{operator},1")).groups
    assert [condition.operator for condition in group] == [Operator(int(operator)), Operator.EQUAL]


@pytest.mark.parametrize(
    ("lists", "reason"),
    [
        (CompactFilter("", "", ""), Reason.FILTER_MALFORMED),
        (CompactFilter("A", "", ""), Reason.FILTER_MALFORMED),
        (CompactFilter("", "1", "1"), Reason.FILTER_MALFORMED),
        (CompactFilter("A,B", "1", "1,1"), Reason.FILTER_MALFORMED),
        (CompactFilter("A", "1,2", "1"), Reason.FILTER_MALFORMED),
        (CompactFilter("A,B", "1,2", "1"), Reason.FILTER_MALFORMED),
        (CompactFilter("A,B", "1;2", "1,1"), Reason.FILTER_MALFORMED),
        (CompactFilter("A,B", "1,2", "1;1"), Reason.FILTER_MALFORMED),
        (CompactFilter("A,", "1,", "1,"), Reason.FILTER_MALFORMED),
        (CompactFilter("A;;B", "1;;2", "1;;1"), Reason.FILTER_MALFORMED),
        (CompactFilter("A, B", "1, 2", "1, 1"), Reason.FILTER_MALFORMED),
        (CompactFilter("A", "1", "0"), Reason.FILTER_MALFORMED),
        (CompactFilter("A", "1", "16"), Reason.FILTER_MALFORMED),
        (CompactFilter("A", "1", "19"), Reason.FILTER_MALFORMED),
        (CompactFilter("A", "1", "01"), Reason.FILTER_MALFORMED),
        (CompactFilter("A", "1", "１"), Reason.FILTER_MALFORMED),
        (CompactFilter("A", "1", "="), Reason.FILTER_MALFORMED),
        (CompactFilter("A", "1", "-1"), Reason.FILTER_MALFORMED),
        (CompactFilter("A", "2021-01-01", "8"), Reason.FILTER_MALFORMED),
        (CompactFilter("A", "x\0", "1"), Reason.FILTER_MALFORMED),
        (CompactFilter("A", "x\r\ny", "1"), Reason.FILTER_MALFORMED),
        (CompactFilter("A'--", "1", "1"), Reason.FILTER_MALFORMED),
        (CompactFilter("A]", "1", "1"), Reason.FILTER_MALFORMED),
        (CompactFilter('A"', "1", "1"), Reason.FILTER_MALFORMED),
        (CompactFilter("A=B", "1", "1"), Reason.FILTER_MALFORMED),
        (CompactFilter("A" * 101, "1", "1"), Reason.FILTER_MALFORMED),
        (CompactFilter("A", "*x", "15"), Reason.FILTER_NOT_SUPPORTED),
        (CompactFilter("A", "[Vandaag]", "1"), Reason.FILTER_NOT_SUPPORTED),
        (CompactFilter("A", " [Vandaag - 3 dagen] ", "2"), Reason.FILTER_NOT_SUPPORTED),
        (CompactFilter("A", "[Jaar]..[Nu]", "1"), Reason.FILTER_NOT_SUPPORTED),
        (CompactFilter("A", "［Gebruiker］", "1"), Reason.FILTER_NOT_SUPPORTED),
        (CompactFilter("A", "[is leeg]", "1"), Reason.FILTER_NOT_SUPPORTED),
    ],
)
def test_what_has_no_certain_meaning_is_refused(lists: CompactFilter, reason: Reason) -> None:
    assert refused(lists, MixedSeparators.OR_OF_ANDS).reason is reason


@pytest.mark.parametrize("lists", [CompactFilter("A,B;C", "1,2;3", "1,1;1"), CompactFilter("A;B,C", "1;2,3", "1;1,1")])
def test_a_mixture_with_two_meanings_is_refused_with_the_way_out(lists: CompactFilter) -> None:
    refusal = refused(lists)
    assert refusal.reason is Reason.FILTER_AMBIGUOUS
    assert "filterjson" in refusal.detail


def test_a_mixture_that_means_the_same_in_both_readings_is_served() -> None:
    assert read_compact(CompactFilter("A,A;A", "1,1;1", "1,1;1")) == Predicate(((A,),))


def test_the_other_reading_is_read_where_the_configuration_says_so() -> None:
    lists = CompactFilter("A,B;C", "1,2;3", "1,1;1")
    assert read_compact(lists, MixedSeparators.AND_OF_ORS).groups == ((A, B), (A, C))


def test_an_and_of_ors_that_multiplies_out_beyond_measure_is_refused() -> None:
    names = ",".join([";".join("AB")] * 9)
    lists = CompactFilter(names, names.replace("A", "1").replace("B", "2"), "")
    assert refused(lists, MixedSeparators.AND_OF_ORS).reason is Reason.FILTER_TOO_LARGE


@pytest.mark.parametrize(
    ("predicate", "lists"),
    [
        (Predicate(((A, B),)), CompactFilter("A,B", "1,2", "1,1")),
        (Predicate(((A,), (B,))), CompactFilter("A;B", "1;2", "1;1")),
        (single("A", Operator.EMPTY), CompactFilter("A", "null", "8")),
        (single("A", Operator.NOT_EMPTY, "[is leeg]"), CompactFilter("A", "null", "9")),
        (single("A", Operator.EQUAL, "José"), CompactFilter("A", "José", "1")),
        (single("A", Operator.CONTAINS, "%groep%"), CompactFilter("A", "%groep%", "6")),
        (Predicate(((A, B), (C,))), None),
        (EVERYTHING, None),
        (NOTHING, None),
        (Predicate(((A,), ())), None),
    ],
)
def test_the_lists_are_written_where_they_have_one_reading(predicate: Predicate, lists: CompactFilter | None) -> None:
    assert write_compact(predicate) == lists


@pytest.mark.parametrize(
    "value",
    # Characters of structure and of quoting; what some backend turns into one of them: best fit to a Windows code page, decoding twice.
    [
        "x,y",
        "x;y",
        'x"y',
        "O'Brien",
        "x\\y",
        "[x",
        "{x",
        " x",
        "x ",
        "x，y",
        "x；y",
        "x\u037ey",
        "x＂y",
        "xʺy",
        "x%2Cy",
        "x%3by",
        "x%u002Cy",
    ],
)
def test_no_value_that_could_break_the_lists_apart_is_written(value: str) -> None:
    assert write_compact(single("A", Operator.EQUAL, value)) is None


def test_no_field_that_could_break_the_lists_apart_is_written() -> None:
    assert write_compact(single("A,B", Operator.EQUAL, "1")) is None
    assert write_compact(single("A%2CB", Operator.EMPTY)) is None


@given(predicates)
def test_what_is_written_reads_back_as_it_was(predicate: Predicate) -> None:
    lists = write_compact(predicate)
    if lists is not None:
        assert read_compact(lists) == marked_empty(predicate)
    lists = write_compact(predicate, MixedSeparators.OR_OF_ANDS)
    if lists is not None:
        assert read_compact(lists, MixedSeparators.OR_OF_ANDS) == marked_empty(predicate)


def marked_empty(predicate: Predicate) -> Predicate:
    """The predicate with `null` beside operators 8 and 9, as the lists spell it; two conditions may become one by it."""

    def marked(condition: Condition) -> Condition:
        return condition if condition.operator.takes_value else Condition(condition.field, condition.operator, "null")

    return Predicate(tuple(tuple(dict.fromkeys(map(marked, group))) for group in predicate.groups))


@given(worlds.compact_filters(), worlds.rows, worlds.readings)
def test_read_as_and_of_ors_a_mixture_never_admits_more_than_as_or_of_ands(asked: worlds.Lists, rows: list[Row], reading: Reading) -> None:
    """Why the lists may be written for a backend that is said to read or-of-ands: if that is wrong, rows are missing, never added."""
    narrow, wide = (Reading(mixed=mixed, letters=reading.letters, nulls=reading.nulls) for mixed in ("and_of_ors", "or_of_ands"))
    assert all(asked.admits(row, wide) for row in rows if asked.admits(row, narrow))


@given(predicates, worlds.rows, st.sampled_from(["and_of_ors", "or_of_ands"]))
def test_lists_written_for_one_reading_admit_no_more_under_the_other(predicate: Predicate, rows: list[Row], mixed: str) -> None:
    lists = write_compact(predicate, MixedSeparators.OR_OF_ANDS)
    if lists is None:
        return
    meant = Reading(mixed="or_of_ands")
    read = Reading(mixed="and_of_ors") if mixed == "and_of_ors" else meant
    assert all(lists_admit(*lists, row, meant) for row in rows if lists_admit(*lists, row, read))


_fields = st.sampled_from(["A", "B", "Datum (begin)", "", "[x", "a\u00ebb", "a=b"])
_operators = st.sampled_from(["1", "2", "8", "9", "15", "x", "", "01"])
_values = st.sampled_from(["1", "null", "", "[x]", "[x", "a\x00", " x ", "\u00e9", "\u301ax\u301b", "a b"])


@st.composite
def lists(draw: st.DrawFn) -> CompactFilter:
    """Three lists, mostly of one shape, some of whose items are wrong."""
    count, separator = draw(st.integers(1, 3)), draw(st.sampled_from([","] * 4 + [";"]))
    texts = []
    for items in (_fields, _values, _operators):
        texts.append(separator.join(draw(st.lists(items, min_size=count, max_size=count))))
        if not draw(st.integers(0, 9)):
            texts[-1] += draw(st.sampled_from([",", ";", ",1", ";1"]))
    return CompactFilter(*texts)._replace(**({"operatortypes": ""} if draw(st.booleans()) else {}))


@given(lists(), st.sampled_from(MixedSeparators))
def test_what_is_known_of_a_conjunctions_shape_changes_no_reading(asked: CompactFilter, mixed: MixedSeparators) -> None:
    def outcome(read: Callable[[CompactFilter, MixedSeparators], Predicate]) -> object:
        try:
            return read(asked, mixed)
        except Refusal as refusal:
            return refusal.reason, refusal.detail

    assert outcome(read_compact) == outcome(compact._read_compact)


@given(st.from_regex(compact._NEEDS_NO_ESCAPE, fullmatch=True))
def test_what_is_quickly_told_to_need_no_escape_needs_none(text: str) -> None:
    assert not compact._NEEDS_ESCAPE.search(text)
    assert text == text.strip()
