"""What the backend gets: generated anew, and never longer than it reads."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sidecar.dialects.call import Action, Element, FetchFile, GetRows, Keys, Page, RunReport, Sort, Update
from sidecar.dialects.rest.read import read
from sidecar.dialects.rest.target import LONGEST_QUERY
from sidecar.dialects.rest.write import write_call, write_rows
from sidecar.errors import Reason, Refusal
from sidecar.filters.compact import MixedSeparators
from sidecar.filters.predicate import EVERYTHING, NOTHING, Condition, Operator, Predicate, single, union

BASE = "/ProfitRestServices"
FIELDS = st.sampled_from(["A", "Datum", "Naam_2", "Veld met spatie"])
VALUES = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn"]), min_size=1, max_size=12).filter(
    lambda text: not (text.strip().startswith("[") and text.strip().endswith("]"))
)
CONDITIONS = st.builds(Condition, FIELDS, st.sampled_from([Operator.EQUAL, Operator.LESS, Operator.CONTAINS]), VALUES)
PREDICATES = st.lists(st.lists(CONDITIONS, min_size=1, max_size=3, unique=True).map(tuple), min_size=1, max_size=3).map(
    lambda groups: Predicate(tuple(groups))
)


@given(PREDICATES, st.builds(Page, st.integers(0, 999) | st.none(), st.integers(0, 999) | st.none()), st.lists(FIELDS, max_size=2))
def test_what_is_written_reads_as_the_same_call(predicate: Predicate, page: Page, order: list[str]) -> None:
    call = GetRows("X", predicate, tuple(Sort(field, descending=len(field) > 1) for field in order), page)
    try:
        target = write_rows(call, "X", predicate)
    except Refusal as refusal:
        assume(refusal.reason is not Reason.QUERY_TOO_LONG)
        raise
    assert target.isascii()
    assert read("GET", BASE + target) == call


def target_for(values: int) -> str:
    return write_rows(GetRows("X"), "X", union(single("Medewerker", Operator.EQUAL, f"{value:05}") for value in range(values)))


def test_a_narrowed_query_is_at_most_as_long_as_the_backend_reads() -> None:
    each, others = len(";Medewerker;00000;1"), len("?filterfieldids=&filtervalues=&operatortypes=") - len(";;;")
    most = (LONGEST_QUERY - others) // each
    assert most > 100
    assert LONGEST_QUERY - each < len(target_for(most).removeprefix("/connectors/X")) <= LONGEST_QUERY
    with pytest.raises(Refusal) as refused:
        target_for(most + 1)
    assert refused.value.reason is Reason.QUERY_TOO_LONG


def test_a_query_that_its_order_makes_too_long_is_refused_without_a_filter_as_well() -> None:
    """A space takes one character where the client wrote `+`, and three as the backend gets it."""
    order = tuple(Sort("A " * 49 + "A") for _ in range(15))
    with pytest.raises(Refusal) as refused:
        write_rows(GetRows("X", order=order), "X", EVERYTHING)
    assert refused.value.reason is Reason.QUERY_TOO_LONG


def test_the_lists_carry_what_is_too_long_in_json_where_the_configuration_says_how_they_are_read() -> None:
    groups = tuple((Condition("Datum", Operator.LESS, "2026"), Condition("Afdeling", Operator.EQUAL, f"D{n}")) for n in range(40))
    with pytest.raises(Refusal) as refused:
        write_rows(GetRows("X"), "X", Predicate(groups))
    assert refused.value.reason is Reason.QUERY_TOO_LONG
    target = write_rows(GetRows("X"), "X", Predicate(groups), MixedSeparators.OR_OF_ANDS)
    call = read("GET", BASE + target, mixed=MixedSeparators.OR_OF_ANDS)
    assert isinstance(call, GetRows)
    assert call.filter == Predicate(groups)


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (write_rows(GetRows("x", page=Page(-1, -1)), "Profit_Hours", EVERYTHING), "/connectors/Profit_Hours?skip=-1&take=-1"),
        (write_rows(GetRows("x"), "Odd Name", EVERYTHING), "/connectors/Odd%20Name"),
        (
            write_rows(GetRows("x"), "X", single("A", Operator.EQUAL, "a&b=c+d#é")),
            "/connectors/X?filterfieldids=A&filtervalues=a%26b%3Dc%2Bd%23%C3%A9&operatortypes=1",
        ),
        (write_rows(GetRows("x"), "X", single("A", Operator.EMPTY)), "/connectors/X?filterfieldids=A&filtervalues=null&operatortypes=8"),
        (write_call(FetchFile("AB", "a/../b?c.pdf"), "file"), "/fileconnector/AB/a%2F..%2Fb%3Fc.pdf"),
        (
            write_call(Update("c", Action.DELETE, (Element("E", Keys(("@K", "L"), ("1/2", "ü"))),)), "C"),
            "/connectors/C/E/@K,L/1%2F2,%C3%BC",
        ),
    ],
)
def test_everything_that_could_be_syntax_is_escaped(target: str, expected: str) -> None:
    assert target == expected


def test_a_reports_filter_that_nothing_can_meet_is_refused() -> None:
    with pytest.raises(Refusal) as refused:
        write_call(RunReport("AB", NOTHING), "report")
    assert refused.value.reason is Reason.FILTER_MALFORMED
