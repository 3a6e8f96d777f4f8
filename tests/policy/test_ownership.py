"""A claim to a file: which rows confirm it, whichever way backends and clients spell ids."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sidecar.dialects.call import Call, FetchFile, FetchImage, FetchSubject, FetchSubjectFile, ProductVersion
from sidecar.errors import Refusal
from sidecar.filters.predicate import EVERYTHING, NOTHING, Predicate
from sidecar.policy.decision import Claim, Rows
from sidecar.policy.ids import canonical_id, spellings_of_id
from sidecar.policy.ownership import ids_in, key_of, rows_that_confirm, spellings_of, with_ids
from tests.evaluation import worlds
from tests.evaluation.reading import Reading, Row
from tests.evaluation.worlds import World
from tests.policy.test_narrowing import allowed_rows, returned, sent

GUID = "0F3C6C1A9B7E4D2F8A1B2C3D4E5F6071"
OTHER = "1F3C6C1A9B7E4D2F8A1B2C3D4E5F6071"
DASHED = "0F3C6C1A-9B7E-4D2F-8A1B-2C3D4E5F6071"


def claim(*ids: tuple[str, str], rows: Predicate = EVERYTHING) -> Claim:
    return Claim("Profit_Files", ids, Rows((), rows))


@pytest.mark.parametrize("spelled", [GUID, GUID.lower(), DASHED, DASHED.lower(), f"{{{DASHED}}}", f"{{{GUID.lower()}}}"])
def test_a_guid_is_the_same_in_all_spellings(spelled: str) -> None:
    assert canonical_id(spelled) == GUID
    assert set(spellings_of_id(spelled)) == {GUID, GUID.lower(), DASHED, DASHED.lower()}
    assert key_of(claim(("FileId", spelled))) == (GUID,)
    assert ids_in({"FileId": spelled}, claim(("FileId", GUID))) == (GUID,)


SAME: list[tuple[str, str | bytes, str]] = [
    ("5001", "5001", "5001"),
    ("5001", b"5001", "5001"),
    ("0005001", b"5001", "5001"),
    ("5001", "0005001", "0005001"),
    ("0", "000", "000"),
    ("ab-1_c", "AB-1_C", "AB-1_C"),
]


@pytest.mark.parametrize(("asked", "held", "told"), SAME)
def test_the_row_says_how_an_id_is_spelled(asked: str, held: str | bytes, told: str) -> None:
    assert ids_in({"Id": held}, claim(("Id", asked))) == (told,)


OTHERS: list[dict[str, object]] = [
    {"Id": "5002"},
    {"Id": "50010"},
    {"Id": "5001 "},
    {"Id": b"5001.0"},
    {"Id": b"5001e0"},
    {"Id": b"-5001"},
    {"Id": None},
    {"Id": True},
    {"Id": ""},
    {"Other": "5001"},
    {"Id": "5001", "ID": "5002"},
    {"Id": "5001", "iD": "5001"},
    {"Id": "５００１"},
    {},
]


@pytest.mark.parametrize("row", OTHERS)
def test_any_other_row_confirms_nothing(row: dict[str, object]) -> None:
    assert ids_in(row, claim(("Id", "5001"))) is None


def test_a_number_in_another_notation_is_no_id() -> None:
    assert ids_in({"Id": b"1e3"}, claim(("Id", "1e3"))) is None


def test_both_ids_must_stand_in_the_same_row() -> None:
    both = claim(("SubjectId", "5001"), ("FileId", "7"))
    assert ids_in({"SubjectId": "5001", "FileId": "7"}, both) == ("5001", "7")
    assert ids_in({"SubjectId": "5001", "FileId": "8"}, both) is None
    assert ids_in({"SubjectId": "7", "FileId": "5001"}, both) is None


@pytest.mark.parametrize("text", ["null", "NULL", ""])
def test_an_id_that_a_backend_could_take_for_an_empty_value_is_never_asked_for(text: str) -> None:
    odd = claim(("Id", text))
    assert rows_that_confirm(odd, spellings_of(odd)) == NOTHING


def test_an_id_that_could_be_a_pattern_is_compared_where_no_pattern_is_known() -> None:
    [group] = rows_that_confirm(claim(("Id", "a_c")), [("a_c",)]).groups
    assert {int(condition.operator) for condition in group} == {2, 3}


CONFIRMED: list[tuple[Call, tuple[str, ...], Call]] = [
    (FetchFile("x", "a.pdf", as_query=True), (GUID,), FetchFile(GUID, "a.pdf", as_query=True)),
    (FetchImage("01", 2), ("1",), FetchImage("1", 2)),
    (FetchSubjectFile("01", "02"), ("1",), FetchSubjectFile("1", "02")),
    (FetchSubjectFile("01", "02", as_query=True), ("1", "2"), FetchSubjectFile("1", "2", as_query=True)),
    (FetchSubject("01", with_data=True), ("1",), FetchSubject("1", with_data=True)),
]


@pytest.mark.parametrize(("call", "ids", "confirmed"), CONFIRMED)
def test_what_is_fetched_is_what_the_row_names(call: Call, ids: tuple[str, ...], confirmed: Call) -> None:
    assert with_ids(call, ids) == confirmed


def test_nothing_is_claimed_for_other_calls() -> None:
    with pytest.raises(TypeError):
        with_ids(ProductVersion(), (GUID,))


_guids = st.sampled_from([GUID, OTHER])
_spelled = st.builds(lambda guid, number: spellings_of_id(guid)[number], _guids, st.integers(0, 3))


@given(worlds.worlds, worlds.rows, st.data(), worlds.faithful_readings)
def test_a_file_is_allowed_if_and_only_if_its_row_is_among_those_that_policy_admits(
    world: World, rows: list[Row], data: st.DataObject, reading: Reading
) -> None:
    """Both for the one question, and for the several that take its place where it is too long."""
    held: list[Row] = [{**row, "FileId": data.draw(_spelled)} for row in rows]
    asked = data.draw(_spelled)
    his = claim(("FileId", asked), rows=allowed_rows(world))
    expected = [row for row in held if canonical_id(str(row["FileId"])) == canonical_id(asked) and world.admits(row, reading)]
    try:
        whole, parts = rows_that_confirm(his, spellings_of(his)), [rows_that_confirm(his, [each]) for each in spellings_of(his)]
    except Refusal:
        assume(False)
        raise
    for parameters in sent(whole):
        assert returned(parameters, held, reading) == expected
    found = [row for part in parts for parameters in list(sent(part))[:1] for row in returned(parameters, held, reading)]
    assert [row for row in held if row in found] == expected
