"""What a target asks for, as the measurements read it to check others."""

import json
from urllib.parse import quote

import pytest

from bench.question import Conditions, UnreadableError, groups_of, parameters_of

FILTER = {"Filters": {"Filter": [{"@FilterId": "1", "Field": [{"@FieldId": "A", "@OperatorType": "1", "#text": "x,y"}]}]}}


@pytest.mark.parametrize(
    ("query", "groups"),
    [
        ("", {frozenset()}),
        ("filterfieldids=A%2CB&filtervalues=1%2C2&operatortypes=1%2C3", {frozenset({("A", "1", "1"), ("B", "3", "2")})}),
        ("filterfieldids=A;B&filtervalues=1;2&operatortypes=1;1", {frozenset({("A", "1", "1")}), frozenset({("B", "1", "2")})}),
        (
            "filterfieldids=A,B;C&filtervalues=1,2;3&operatortypes=1,1;1",
            {frozenset({("A", "1", "1"), ("B", "1", "2")}), frozenset({("C", "1", "3")})},
        ),
        (f"filterjson={quote(json.dumps(FILTER))}", {frozenset({("A", "1", "x,y")})}),
    ],
)
def test_both_spellings_are_read(query: str, groups: set[Conditions]) -> None:
    assert groups_of(parameters_of(f"/ProfitRestServices/connectors/X?{query}")) == groups


@pytest.mark.parametrize(
    "query",
    [
        "filterfieldids=A&filtervalues=1&filtervalues=2&operatortypes=1",
        "filterfieldids=A,B&filtervalues=1&operatortypes=1",
        "filterfieldids=A&filtervalues=1",
        f"filterfieldids=A&filtervalues=1&operatortypes=1&filterjson={quote(json.dumps(FILTER))}",
    ],
)
def test_what_a_backend_should_not_be_asked_is_unreadable(query: str) -> None:
    with pytest.raises(UnreadableError):
        groups_of(parameters_of(f"/x?{query}"))
