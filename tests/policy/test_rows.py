"""OR over the groups within a filter type, AND across filter types, and where each predicate came from."""

import pytest

from sidecar.filters.predicate import NOTHING, Condition, Operator, Predicate, TooManyGroups
from sidecar.policy.model import FilterType, GetConnector, User
from sidecar.policy.rows import ALL_ROWS, rows_for
from sidecar.policy.where import compile_where

FIELDS = {"profit_hours": {"department": "Afdeling", "employee": "Medewerker"}}
CONNECTOR = GetConnector("Profit_Hours", ("department",))
CONS, ICT = (Condition("Afdeling", Operator.EQUAL, value) for value in ("CONS", "ICT"))


def filter_type(name: str, **filters: str) -> FilterType:
    return FilterType(name, FIELDS, {group: compile_where(text) for group, text in filters.items()})


def member_of(*groups: str) -> User:
    return User("someone", groups=frozenset({"everyone", *groups}), attributes={"employee": "1001"})


DEPARTMENT = filter_type("department", consultancy="department = 'CONS'", support="department = 'ICT'", management="everything")


@pytest.mark.parametrize(
    ("groups", "rows"),
    [
        ((), NOTHING.groups),
        (("sales",), NOTHING.groups),
        (("consultancy",), ((CONS,),)),
        (("support", "consultancy"), ((CONS,), (ICT,))),
        (("consultancy", "management"), ((),)),
    ],
)
def test_filters_of_all_groups_add_up_and_none_means_no_rows(groups: tuple[str, ...], rows: tuple[tuple[Condition, ...], ...]) -> None:
    assert rows_for(member_of(*groups), CONNECTOR, {"department": DEPARTMENT}, 10).predicate == Predicate(rows)


def test_a_filter_of_everyone_counts_for_every_user() -> None:
    everyone = filter_type("department", everyone="department = 'ICT'")
    assert rows_for(member_of(), CONNECTOR, {"department": everyone}, 10).predicate == Predicate(((ICT,),))


def test_all_filter_types_must_hold() -> None:
    own = filter_type("own", consultancy="employee = @user.employee")
    connector = GetConnector("Profit_Hours", ("department", "own"))
    rows = rows_for(member_of("consultancy", "support"), connector, {"department": DEPARTMENT, "own": own}, 10)
    mine = Condition("Medewerker", Operator.EQUAL, "1001")
    assert rows.predicate == Predicate(((CONS, mine), (ICT, mine)))


def test_a_filter_type_without_a_filter_for_the_user_leaves_no_rows_whatever_the_others_say() -> None:
    own = filter_type("own", management="everything")
    connector = GetConnector("Profit_Hours", ("department", "own"))
    assert rows_for(member_of("consultancy"), connector, {"department": DEPARTMENT, "own": own}, 10).predicate == NOTHING


def test_a_filter_type_that_does_not_guard_the_connector_does_not_count() -> None:
    own = filter_type("own", consultancy="nothing")
    assert rows_for(member_of("consultancy"), CONNECTOR, {"department": DEPARTMENT, "own": own}, 10).predicate == Predicate(((CONS,),))


def test_an_unfiltered_connector_gives_all_rows() -> None:
    assert rows_for(member_of(), GetConnector("Profit_Countries", unfiltered=True), {}, 10) == ALL_ROWS


def test_a_connector_that_is_also_named_unfiltered_is_filtered_all_the_same() -> None:
    connector = GetConnector("Profit_Hours", ("department",), unfiltered=True)
    assert rows_for(member_of("consultancy"), connector, {"department": DEPARTMENT}, 10).predicate == Predicate(((CONS,),))


def test_each_grant_tells_its_group_and_text() -> None:
    (by_type,) = rows_for(member_of("consultancy", "support"), CONNECTOR, {"department": DEPARTMENT}, 10).by_type
    assert by_type.filter_type == "department"
    assert [(grant.group, grant.where, grant.predicate) for grant in by_type.grants] == [
        ("consultancy", "department = 'CONS'", Predicate(((CONS,),))),
        ("support", "department = 'ICT'", Predicate(((ICT,),))),
    ]


def test_too_many_groups_are_given_up() -> None:
    many = filter_type("department", consultancy="department in (" + ", ".join(map(str, range(11))) + ")")
    with pytest.raises(TooManyGroups):
        rows_for(member_of("consultancy"), CONNECTOR, {"department": many}, 10)
