"""What is remembered of calls changes nothing but the time that they take."""

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.dialects.call import Call, GetRows
from sidecar.dialects.rest.target import LONGEST_QUERY
from sidecar.errors import Reason, Refusal
from sidecar.filters.compact import MixedSeparators
from sidecar.policy.model import AppConnector, Caller, FilterType, GetConnector, Policy, User
from sidecar.policy.where import compile_where
from sidecar.proxy import preparation
from sidecar.proxy.preparation import Preparations, prepare
from sidecar.proxy.prepared import Prepared
from sidecar.store.snapshot import AfasToken, Environment, Passthrough, Snapshot

ROWS = "/ProfitRestServices/connectors/Profit_Hours"
FILTER = "filterfieldids=Uren&filtervalues=4&operatortypes=4"


def user(name: str, *departments: str) -> User:
    return User(name, attributes={"departments": departments}, groups=frozenset({"staff"}))


def app_connector(name: str, environment: str, *filter_types: str) -> AppConnector:
    hours = GetConnector("Profit_Hours", filter_types, unfiltered=not filter_types)
    return AppConnector(
        name, environment, "staff", get_connectors={"profit_hours": hours, "profit_many": GetConnector("Profit_Many", ("many",))}
    )


def snapshot_of(mixed: MixedSeparators = MixedSeparators.REFUSE, where: str = "department in @user.departments") -> Snapshot:
    thirty = ", ".join(map(str, range(30)))
    policy = Policy(
        "1",
        {
            each.name: each
            for each in (
                user("anna", "ICT"),
                user("bert", "CONS", "HR"),
                user("cor", "D" * 90),
                user("nobody"),
                user("letters", "X0X", "XX1XX"),
            )
        },
        {
            each.name: each
            for each in (
                app_connector("own rows", "one", "department"),
                app_connector("all rows", "one"),
                app_connector("elsewhere", "two", "department"),
            )
        },
        {
            "department": FilterType(
                "department", {"profit_hours": {"department": "Afdeling", "hours": "Uren"}}, {"staff": compile_where(where)}
            ),
            "many": FilterType(
                "many", {"profit_many": {"one": "One", "two": "Two"}}, {"staff": compile_where(f"one in ({thirty}) and two in ({thirty})")}
            ),
        },
        {},
    )
    environments = {
        "one": Environment("one", "https://one.example/ProfitRestServices", mixed, Passthrough()),
        "two": Environment("two", "https://two.example/rest", MixedSeparators.OR_OF_ANDS, Passthrough()),
    }
    return Snapshot(policy, environments, datetime(2026, 11, 1, tzinfo=UTC))


SNAPSHOT = snapshot_of()
OTHERS = [snapshot_of(MixedSeparators.AND_OF_ORS), snapshot_of(where="department = 'X'"), snapshot_of(where="nothing")]
CALLERS = [Caller(one, other, "phone") for one in SNAPSHOT.policy.users.values() for other in SNAPSHOT.policy.app_connectors.values()]
ANNA = CALLERS[0]
Way = Callable[[Snapshot, Caller, str, str, Callable[[Call], None]], Prepared]


def outcome(way: Way, snapshot: Snapshot, caller: Caller, target: str, method: str = "GET") -> object:
    """What comes of a call, and what was noted of it: all that was prepared, or the refusal.

    Of rows that the backend is asked for, which rows is told by the head alone; for the call itself another may stand, of the same kind.
    """
    noted: list[Call] = []
    policy = snapshot.policy
    theirs = Caller(policy.users[caller.user.name], policy.app_connectors[caller.app_connector.name], "phone")
    try:
        prepared = way(snapshot, theirs, method, target, noted.append)
    except Refusal as refusal:
        return refusal.reason, refusal.detail, noted
    if isinstance(prepared.call, GetRows) and prepared.head:
        return kind_of(prepared.call), [each for each in prepared if each is not prepared.call], list(map(kind_of, noted))
    return prepared, noted


def kind_of(call: Call) -> tuple[str, str]:
    return type(call).__name__, getattr(call, "connector", "")


def filter_of(fields: str, values: str, operators: str) -> str:
    return f"filterfieldids={fields}&filtervalues={values}&operatortypes={operators}"


values = st.sampled_from(
    ["4", "5", "ICT", "HR", "2026-01-01T00%3A00%3A00", "1.5", "null", "x" * 900, "x" * 1850, "caf%C3%A9", "a+b", "", "%"]
)
filters = st.one_of(
    st.builds(lambda value: filter_of("Uren", value, "4"), values),
    st.builds(lambda value: filter_of("Afdeling", value, "1"), values),
    st.builds(lambda one, other: filter_of("Uren,Datum", f"{one},{other}", "4,2"), values, values),
    st.builds(lambda one, other: filter_of("Uren%2CUren", f"{one}%2C{other}", "1%2C1"), values, values),
    st.builds(lambda one, other: filter_of("Uren;Afdeling", f"{one};{other}", "1;1"), values, values),
    st.builds(lambda value: filter_of("Uren,Datum", f"{value},null", "4,9"), values),
)
pieces = filters | st.sampled_from(
    [
        FILTER,
        FILTER.replace("=Uren", "=Afdeling").replace("=4&", "=ICT&").replace("types=4", "types=1"),
        "filterfieldids=A%2CB;C&filtervalues=1,2;3",
        "orderbyfieldids=-Datum",
        "take=5",
        "take=-1",
        "skip=-1",
        "Skip=2",
        "top=1",
        f"orderbyfieldids={','.join(['A+' * 40 + 'A'] * 24)}",
        "",
    ]
)
skips = st.sampled_from(["skip=0", "skip=100", "skip=007", "skip=999999999", "skip=9999999999"])
names = st.sampled_from(["Profit_Hours", "PROFIT_HOURS", "Profit%5fHours", "Profit_Many", "Profit_Others"])
queries = st.tuples(st.lists(pieces, max_size=2), st.lists(skips, max_size=1), st.lists(pieces, max_size=1))
targets = st.one_of(
    st.builds(lambda name, parts: f"/ProfitRestServices/connectors/{name}?{'&'.join(chain(*parts))}", names, queries),
    st.sampled_from(["/ProfitRestServices/metainfo", "/ProfitRestServices/metainfo?skip=1", "/rest/connectors/Profit_Hours?skip=1"]),
)


@given(st.lists(st.tuples(st.sampled_from([SNAPSHOT] * 4 + OTHERS), st.sampled_from(CALLERS), targets), max_size=12))
def test_remembering_changes_no_outcome(asked: list[tuple[Snapshot, Caller, str]]) -> None:
    preparations = Preparations()
    for snapshot, caller, target in asked:
        assert outcome(preparations.prepared, snapshot, caller, target) == outcome(prepare, snapshot, caller, target)


@pytest.mark.parametrize("second_target", ["skip=1", "skip=2", "skip=1&take=5"])
def test_no_caller_gets_the_rows_of_another(second_target: str) -> None:
    """Whoever asked first, and whether the same, another page or something new in part: each user has own rows in each app connector."""
    one, other = (f"{ROWS}?{FILTER}&{rest}" for rest in ("skip=1", second_target))
    for first in CALLERS:
        for second in CALLERS:
            preparations = Preparations()
            outcome(preparations.prepared, SNAPSHOT, first, one)
            assert outcome(preparations.prepared, SNAPSHOT, second, other) == outcome(prepare, SNAPSHOT, second, other)


@pytest.mark.parametrize("target", [f"{ROWS}?skip=1", f"{ROWS}?skip=2", "/ProfitRestServices/metainfo"])
def test_a_verb_does_not_get_what_was_prepared_for_another(target: str) -> None:
    preparations = Preparations()
    outcome(preparations.prepared, SNAPSHOT, ANNA, f"{ROWS}?skip=1")
    for method in ("GET", "POST", "get"):
        assert outcome(preparations.prepared, SNAPSHOT, ANNA, target, method) == outcome(prepare, SNAPSHOT, ANNA, target, method)


def test_callers_of_this_test_do_not_all_have_the_same_rows() -> None:
    """Else the test before this one would show nothing."""
    targets = {(each.user.name, each.app_connector.name): prepare(SNAPSHOT, each, "GET", ROWS, print).head for each in CALLERS}
    assert targets["anna", "own rows"] != targets["bert", "own rows"] != targets["bert", "all rows"]
    assert not targets["nobody", "own rows"]


def test_another_page_is_prepared_without_reading_deciding_or_narrowing_again(monkeypatch: pytest.MonkeyPatch) -> None:
    preparations = Preparations()
    first = preparations.prepared(SNAPSHOT, ANNA, "GET", f"{ROWS}?{FILTER}&skip=0&take=100", print)
    for name in ("read", "decide_connector", "plan"):
        monkeypatch.delattr(preparation, name)
    second = preparations.prepared(SNAPSHOT, ANNA, "GET", f"{ROWS}?{FILTER}&skip=100&take=100", print)
    assert first.head
    assert second.head == first.head.replace(b"skip=0", b"skip=100")


@pytest.mark.parametrize("caller", CALLERS[:5], ids=lambda caller: f"{caller.user.name}, {caller.app_connector.name}")
def test_other_values_are_prepared_without_reading_deciding_or_narrowing_again(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether the rows are all, of one department, or of two; in whichever spelling."""
    preparations = Preparations()
    target = f"{ROWS}?{filter_of('Uren%2CDatum', '{}%2C2026-01-01', '4%2C2')}&skip=0"
    expected = prepare(SNAPSHOT, caller, "GET", target.format(17), print)
    for value in (4, 5):
        preparations.prepared(SNAPSHOT, caller, "GET", target.format(value), print)
    for name in ("read", "decide_connector", "plan"):
        monkeypatch.delattr(preparation, name)
    assert preparations.prepared(SNAPSHOT, caller, "GET", target.format(17), print).head == expected.head
    assert b"17" in expected.head


@pytest.mark.parametrize(
    ("who", "fields", "operators", "first", "second"),
    [
        pytest.param("anna", "Uren,Uren", "1,1", "1.5,4", "4,5", id="values that contradict one another"),
        pytest.param("anna", "Uren,Uren", "1,1", "1.5,4", "4,4", id="a condition that is there twice"),
        pytest.param("anna", "Uren,Uren", "1,1", "4,4", "4,5", id="a condition that was there twice"),
        pytest.param("bert", "Uren", "1", "4", "5", id="policy has two groups"),
        pytest.param("bert", "Afdeling", "1", "CONS", "HR", id="a condition that one of policy's groups has"),
        pytest.param("bert", "Afdeling,Uren", "7,1", "CONS,HR", "HR,CONS", id="values that stand in policy"),
        pytest.param("letters", "Uren,Datum", "1,1", "X,0", "X0X,XX", id="letters that stand in policy"),
        pytest.param("anna", "Afdeling", "1", "ICT", "HR", id="a condition that policy has too"),
        pytest.param("anna", "Uren", "1", "4", "4,5", id="another number of values"),
        pytest.param("anna", "Uren,Datum", "1,9", "4,null", "4,x", id="a value where none belongs"),
        pytest.param("cor", "Uren", "1", "4", "x" * 1940, id="too much for the backend"),
        pytest.param("cor", "Uren", "1", "x" * 1800, "x" * 1850, id="nearly too much for the backend"),
    ],
)
def test_other_values_change_what_they_would_change_if_they_came_first(
    who: str, fields: str, operators: str, first: str, second: str
) -> None:
    [caller] = [each for each in CALLERS if (each.user.name, each.app_connector.name) == (who, "own rows")]
    preparations = Preparations()
    for number in (first, first, second):
        target = f"{ROWS}?{filter_of(fields, number, operators)}"
        assert outcome(preparations.prepared, SNAPSHOT, caller, target) == outcome(prepare, SNAPSHOT, caller, target)


def test_other_values_are_narrowed_where_the_first_were_what_policy_asks_for() -> None:
    snapshot = snapshot_of(where="department = 'ICT' or hours = '4'")
    preparations = Preparations()
    for value in ("4", "4", "5"):
        target = f"{ROWS}?{filter_of('Uren', value, '1')}"
        assert outcome(preparations.prepared, snapshot, ANNA, target) == outcome(prepare, snapshot, ANNA, target)


# The backend reads so many characters of a query and no more. One that is nearly as long tells whether each is counted.

NARROWED = [each for each in CALLERS if each.user.name in ("bert", "cor") and each.app_connector.name in ("own rows", "elsewhere")]
narrowed_callers = pytest.mark.parametrize("caller", NARROWED, ids=lambda caller: f"{caller.user.name}, {caller.app_connector.name}")


def spelling(caller: Caller, target: str) -> str:
    """How the filter is spelled; nothing for a question that can't be put."""
    try:
        return "json" if b"filterjson=" in prepare(SNAPSHOT, caller, "GET", target, print).head else "lists"
    except Refusal:
        return ""


def longest_value(caller: Caller, rest: str) -> int:
    """How long a value may be until the question with it is spelled otherwise than with a short one, or can't be put."""
    ordinary = spelling(caller, question_with(1, rest))
    return bisect_left(range(2, 2000), 1, key=lambda length: spelling(caller, question_with(length, rest)) != ordinary) + 1


def question_with(length: int, rest: str) -> str:
    return f"{ROWS}?{filter_of('Uren', 'x' * length, '4')}{rest}"


@pytest.mark.parametrize("digits", [1, 2, 5, 8, 9])
@narrowed_callers
def test_one_digit_more_may_make_a_page_too_long(caller: Caller, digits: int) -> None:
    length = longest_value(caller, f"&skip={'1' * digits}")
    preparations = Preparations()
    for size in (length - 1, length, length + 1):
        for skip in (digits, digits, 1, digits + 1, digits, 9):
            target = question_with(size, f"&skip={'1' * skip}")
            assert outcome(preparations.prepared, SNAPSHOT, caller, target) == outcome(prepare, SNAPSHOT, caller, target)


@narrowed_callers
def test_one_character_more_may_make_values_too_long(caller: Caller) -> None:
    longest = longest_value(caller, "&take=100")
    preparations = Preparations()
    for length in (3, 3, longest - 1, longest, longest + 1, longest + 2, longest):
        target = question_with(length, "&take=100")
        assert outcome(preparations.prepared, SNAPSHOT, caller, target) == outcome(prepare, SNAPSHOT, caller, target)


@narrowed_callers
def test_values_that_came_when_they_were_too_long_for_the_first_spelling(caller: Caller) -> None:
    longest = longest_value(caller, "&take=100")
    preparations = Preparations()
    for length in (longest + 1, longest + 1, longest, 3):
        target = question_with(length, "&take=100")
        assert outcome(preparations.prepared, SNAPSHOT, caller, target) == outcome(prepare, SNAPSHOT, caller, target)


def test_what_stands_for_values_may_be_longer_than_any_of_them() -> None:
    """With such a field it is: so long that it must be spelled in lists, in which short values are not."""
    [bert] = [each for each in NARROWED if (each.user.name, each.app_connector.name) == ("bert", "elsewhere")]
    preparations = Preparations()
    for length in (125, 125, 3, 125):
        target = f"{ROWS}?{filter_of('X' * 90 + ',B,C,D', ','.join(['x' * length] * 4), '1,1,1,1')}"
        assert outcome(preparations.prepared, SNAPSHOT, bert, target) == outcome(prepare, SNAPSHOT, bert, target)


def test_those_questions_are_as_long_as_they_may_be_and_spelled_in_all_ways() -> None:
    """Else the tests before this one would show nothing."""
    tipped = set()
    for caller in NARROWED:
        longest = longest_value(caller, "&skip=1")
        line = prepare(SNAPSHOT, caller, "GET", question_with(longest, "&skip=1"), print).head.split(b" ")[1]
        assert len(line.partition(b"?")[2]) + 1 in (LONGEST_QUERY - 1, LONGEST_QUERY)
        tipped.add((spelling(caller, question_with(longest, "&skip=1")), spelling(caller, question_with(longest + 1, "&skip=1"))))
    assert tipped == {("lists", ""), ("json", ""), ("json", "lists")}


@pytest.mark.parametrize("name", ["pages_of", "values_of"])
def test_texts_are_cut_once_also_where_there_are_none(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    [nobody] = [each for each in CALLERS if (each.user.name, each.app_connector.name) == ("nobody", "own rows")]
    cuts = counted(monkeypatch, name)
    preparations = Preparations()
    for number in range(4):
        rest = f"&skip={number}" if name == "pages_of" else ""
        preparations.prepared(SNAPSHOT, nobody, "GET", question_with(1 + (number if not rest else 0), rest), print)
    assert len(cuts) == 1


@given(st.lists(st.tuples(st.sampled_from(CALLERS), filters, st.sampled_from(["", "&skip=0"])), min_size=2, max_size=12))
def test_values_of_one_question_are_not_taken_for_those_of_another(asked: list[tuple[Caller, str, str]]) -> None:
    preparations = Preparations()
    for caller, question, page in asked * 2:
        target = f"{ROWS}?{question}{page}"
        assert outcome(preparations.prepared, SNAPSHOT, caller, target) == outcome(prepare, SNAPSHOT, caller, target)


@pytest.mark.parametrize("connector", ["Profit_Hours", "Profit_Many"])
def test_what_a_user_may_see_is_decided_once(connector: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the answer is no, which takes longest to find."""
    decisions = counted(monkeypatch, "decide_connector")
    preparations = Preparations()
    for number in range(3):
        outcome(preparations.prepared, SNAPSHOT, ANNA, f"/ProfitRestServices/connectors/{connector}?take={number}")
    assert len(decisions) == 1


def test_another_snapshot_makes_everything_forgotten() -> None:
    preparations = Preparations()
    target = f"{ROWS}?{FILTER}&skip=1"
    for snapshot in (SNAPSHOT, OTHERS[1], SNAPSHOT):
        assert outcome(preparations.prepared, snapshot, ANNA, target) == outcome(prepare, snapshot, ANNA, target)


def counted(monkeypatch: pytest.MonkeyPatch, name: str) -> list[None]:
    """Gets longer by one whenever the function is called that preparing knows under this name."""
    calls: list[None] = []
    function = getattr(preparation, name)

    def counting(*arguments: object) -> object:
        calls.append(None)
        return function(*arguments)

    monkeypatch.setattr(preparation, name, counting)
    return calls


@pytest.mark.parametrize("question", ["take={}", "skip=1&orderbyfieldids=A{}", "filterfieldids=A{}&filtervalues=1"])
def test_the_oldest_make_room(question: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preparation, "_MOST_REMEMBERED", 2)
    reads = counted(monkeypatch, "read")
    preparations = Preparations()
    for number, read_so_far in [(1, 1), (2, 2), (2, 2), (3, 3), (2, 3), (3, 3), (1, 4), (3, 4), (2, 5)]:
        preparations.prepared(SNAPSHOT, ANNA, "GET", f"{ROWS}?{question.format(number)}", print)
        assert len(reads) == read_so_far


def test_connectors_that_clients_invent_push_nothing_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preparation, "_MOST_REMEMBERED", 1)
    decisions = counted(monkeypatch, "decide_connector")
    preparations = Preparations()
    preparations.prepared(SNAPSHOT, ANNA, "GET", f"{ROWS}?take=1", print)
    with pytest.raises(Refusal) as refused:
        preparations.prepared(SNAPSHOT, ANNA, "GET", f"{ROWS}2?take=1", print)
    assert refused.value.reason is Reason.CONNECTOR_NOT_LISTED
    preparations.prepared(SNAPSHOT, ANNA, "GET", f"{ROWS}?take=2", print)
    assert len(decisions) == 2


def test_a_credential_is_not_shown() -> None:
    environments = {"one": replace(SNAPSHOT.environments["one"], credential=AfasToken("AfasToken c2VjcmV0"))}
    prepared = prepare(replace(SNAPSHOT, environments=environments), ANNA, "GET", ROWS, print)
    assert b"c2VjcmV0" in prepared.head
    assert "c2VjcmV0" not in repr(prepared)
