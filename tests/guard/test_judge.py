"""What the judge makes of single values: each leniency that the wire reference's open questions ask for, and where it ends."""

import pytest

from sidecar.filters.predicate import EVERYTHING, NOTHING, Condition, Operator, Predicate, single
from sidecar.guard.judge import Judge, Row, Verdict
from sidecar.guard.values import LONGEST_TEXT, Scalar
from sidecar.policy.bind import bind
from sidecar.policy.where import compile_where

SATISFIES, VIOLATES, UNJUDGEABLE = Verdict.SATISFIES, Verdict.VIOLATES, Verdict.UNJUDGEABLE


def verdict(where: str, held: Scalar) -> Verdict:
    predicate = bind(compile_where(where), {}, {"f": "Field", "g": "Other"})
    return Judge(predicate).verdict({"Field": held})


@pytest.mark.parametrize(
    ("where", "held"),
    [
        ("f = 'CONS'", "CONS"),
        ("f = 'CONS'", "cons"),
        ("f = 'CONS'", "CONS  "),
        ("f = 'CONS'", "ＣＯＮＳ"),
        ("f = 'José'", "JOSE"),
        ("f = 'Jørgen'", "jorgen"),
        ("f = 'Straße'", "STRASSE"),
        ("f = '1'", "01"),
        ("f = '1'", b"1.00"),
        ("f = '1.5'", "1,5"),
        ("f = 'true'", True),
        ("f = 'true'", b"1"),
        ("f = '1'", True),
        ("f = 'true'", "ja"),
        ("f = 'A_B'", "A_B"),
        ("f = 'A_B'", "a_b"),
        ("f <> 'CONS'", "cons"),
        ("f <> 'CONS'", "ICT"),
        ("f <> '1'", "01"),
        ("f > '5'", b"10"),
        ("f > '5'", "10"),
        ("f < '5'", "10"),  # as texts
        ("f > 'a-b'", "ab"),
        ("f < 'a-b'", "ab"),
        ("f < 'b'", "A"),
        ("f > 'B'", "a"),  # by code point
        ("f > 'CONS'", "cons"),
        ("f between 'A' and 'M'", "CONS"),
        ("f like 'Reis%'", "reiskosten"),
        ("f like '%kosten'", "Reiskosten "),
        ("f not like 'Reis%'", "Bezoek"),
        ("f is null", None),
        ("f is null", ""),
        ("f is null", " "),
        ("f is not null", ""),
        ("f = '2026-01-31'", "2026-01-31T00:00:00Z"),
        ("f = '2026-01-31'", "2026-01-31T16:30:00"),
        ("f = '2026-01-31T00:00:00'", "2026-01-31"),
        ("f = '31-01-2026'", "2026-01-31T00:00:00"),
        ("f = '20260131'", "2026-01-31T00:00:00"),
        ("f = '02-01-2026'", "2026-02-01T00:00:00"),
        ("f = '2026-01-31'", "2026-02-01T00:00:00"),  # half a second before, rounded up
        ("f <= '2026-01-31'", "2026-01-31T16:30:00"),
        ("f > '2026-01-31'", "2026-01-31T16:30:00"),
        ("f < '2026-02-01T00:00:00'", "2026-02-01T00:00:00Z"),  # rounded up
        ("f <> '2026-01-31T10:00:00'", "2026-01-31T10:00:00"),  # rounded
        ("f = '2026-01-31T10:00:00'", "2026-01-31T10:00:00+01:00"),
        ("f < '2027-01-01T00:00:00'", "2026-12-31T23:59:59Z"),
    ],
)
def test_a_row_that_some_open_reading_admits_is_in_order(where: str, held: Scalar) -> None:
    assert verdict(where, held) is SATISFIES


@pytest.mark.parametrize(
    ("where", "held"),
    [
        ("f = 'CONS'", "ICT"),
        ("f = 'CONS'", "CONSULT"),
        ("f = 'CONS'", " CONS"),
        ("f = 'CONS'", ""),
        ("f = 'CONS'", None),
        ("f = 'CONS'", True),
        ("f = '1'", b"10"),
        ("f = '1'", "1.01"),
        ("f = 'true'", False),
        ("f = 'A_B'", "AxB"),  # two comparisons, but no order calls them both right
        ("f = 'A_B'", "A-B"),
        ("f <> 'A_B'", "A_B"),
        ("f <> 'CONS'", "CONS"),
        ("f <> 'CONS'", None),
        ("f <> '1'", b"1.0"),
        ("f < '5'", b"10"),
        ("f > '5'", "4"),
        ("f > 'CONS'", "CONS"),
        ("f between 'A' and 'M'", "ZORG"),
        ("f < 'CONS'", "ICT"),
        ("f like 'Reis%'", "Dienstreis"),
        ("f like '%x%'", "abc"),
        ("f not like 'Reis%'", "Reiskosten"),  # two spellings, but no backend reads both as something else
        ("f not like 'Reis%'", None),
        ("f is null", "x"),
        ("f is null", b"0"),
        ("f is not null", None),
        ("f = '2026-01-31'", "2026-02-01T00:00:01Z"),
        ("f < '2026-01-31'", "2026-01-31"),
        ("f < '2026-01-31'", "2026-01-31T16:30:00"),
        ("f > '2026-01-31T00:00:00'", "2026-01-30T23:59:58Z"),
        ("f <= '2026-01-31'", "9999-12-31T00:00:00"),
        ("f <> '2026-01-31'", "2026-01-31"),
    ],
)
def test_a_row_that_no_open_reading_admits_is_a_violation(where: str, held: Scalar) -> None:
    assert verdict(where, held) is VIOLATES


@pytest.mark.parametrize(
    "held",
    ["x" * (LONGEST_TEXT + 1), "CO\x00NS", "CONS\ud800", b"1" * 5_000, b"1e99999", b"0." + b"1" * 61],
    ids=lambda held: repr(held[:10]),
)
@pytest.mark.parametrize("where", ["f = 'CONS'", "f <> 'CONS'", "f < '5'", "f > '5'", "f is not null"])
def test_a_value_that_cannot_be_compared_is_never_in_order(where: str, held: Scalar) -> None:
    assert verdict(where, held) is UNJUDGEABLE


def test_conditions_of_a_row_are_explained_by_one_reading_together() -> None:
    judge = Judge(Predicate(((Condition("A", Operator.EQUAL, "x"), Condition("B", Operator.NOT_EQUAL, "y")),)))
    assert judge.verdict({"A": "X", "B": "z"}) is SATISFIES
    assert judge.verdict({"A": "X", "B": "Y"}) is VIOLATES  # letter case counts, or it does not
    assert judge.verdict({"A": "x", "B": "Y"}) is SATISFIES


def test_a_field_that_rows_do_not_show_makes_unjudgeable_what_turns_on_it() -> None:
    judge = Judge(
        Predicate(((Condition("A", Operator.EQUAL, "x"), Condition("B", Operator.EQUAL, "y")), (Condition("C", Operator.EQUAL, "z"),)))
    )
    assert judge.verdict({"A": "x", "C": "q"}) is UNJUDGEABLE
    assert judge.verdict({"A": "q", "C": "q"}) is VIOLATES
    assert judge.verdict({"A": "q", "C": "z"}) is SATISFIES
    assert judge.verdict({}) is UNJUDGEABLE


def test_where_empty_fields_are_left_out_one_that_is_absent_is_empty() -> None:
    judge = Judge(Predicate(((Condition("A", Operator.EMPTY),), (Condition("B", Operator.EQUAL, "y"),))), absent_is_empty=True)
    assert judge.verdict({"B": "q"}) is SATISFIES
    assert judge.verdict({"A": "x"}) is VIOLATES
    assert judge.verdict({"A": "x", "B": "y"}) is SATISFIES


def test_a_field_is_found_letter_case_aside_but_not_among_two() -> None:
    judge = Judge(single("Afdeling", Operator.EQUAL, "CONS"))
    assert judge.verdict({"AFDELING": "CONS"}) is SATISFIES
    assert judge.verdict({"afdeling": "ICT"}) is VIOLATES
    assert judge.verdict({"Afdeling": "CONS", "AFDELING": "ICT"}) is UNJUDGEABLE


def test_true_and_one_are_remembered_apart() -> None:
    judge = Judge(single("F", Operator.CONTAINS, "1"))
    verdicts = [judge.verdict({"F": held}) for held in (b"1", True, "1", "true", b"1", True)]
    assert verdicts == [SATISFIES, VIOLATES, SATISFIES, VIOLATES, SATISFIES, VIOLATES]


def test_rows_are_counted_in_one_go_or_one_by_one_alike() -> None:
    judge = Judge(single("F", Operator.EQUAL, "x"))
    rows: list[Row] = [{"F": "x"}, {"F": "y"}, {"f": "X", "G": None}, {}, {"F": "x", "f": "x"}]
    assert judge.count(rows) == (5, 1, 2)
    assert judge.count(rows[:1] * 3) == (3, 0, 0)
    assert judge.count([]) == (0, 0, 0)


def test_everything_admits_every_row_and_nothing_none() -> None:
    assert Judge(EVERYTHING).count([{}, {"F": None}]) == (2, 0, 0)
    assert Judge(NOTHING).count([{}, {"F": None}]) == (2, 2, 0)


def test_what_is_remembered_is_bounded() -> None:
    judge = Judge(single("F", Operator.EQUAL, "x"))
    for number in range(3_000):
        judge.verdict({"F": f"{number}", f"G{number}": None})
        judge.verdict({"F": "x" * 100 + f"{number}"})
    assert len(judge._verdicts) <= 512
    assert len(judge._shapes) <= 64


def test_no_pattern_takes_long() -> None:
    judge = Judge(single("F", Operator.CONTAINS, "%a" * 200 + "%b"))
    assert judge.verdict({"F": "a" * 20_000}) is VIOLATES
