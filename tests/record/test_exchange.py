"""What the log tells of a connector that somebody asked for: names, and nothing that could be a secret put in a name's place."""

import pytest

from sidecar.record.exchange import Exchange


@pytest.mark.parametrize("name", ["Profit_Hours", "KnSubject", "profit_hours_2024", "X", "HrCompMut2", "Profit_Abcdef_1_2", "FbSales"])
def test_the_name_of_a_connector_is_told(name: str) -> None:
    exchange = Exchange()
    exchange.asked_for(name)
    assert exchange.connector == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        "a" * 41,
        "9f",
        "A b",
        "name\n",
        "na=me",
        "ABCDEF0123456789ABCDEF0123456789",
        "fedcba9876543210",
        "MTdBNzkxN0Q3MDUxM0MxOEI5",
        "Pw9zX3kQm7T",
        "é",
    ],
)
def test_what_could_be_a_secret_is_not(name: str) -> None:
    exchange = Exchange()
    exchange.asked_for(name)
    assert exchange.connector == "(unusual name)"
