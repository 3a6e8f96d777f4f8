"""The demo's company: the same each time, and believable enough to show something."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from sidecar.demo.data import create_database
from sidecar.demo.definitions import GET_CONNECTORS


def dump(connection: sqlite3.Connection) -> list[str]:
    return list(connection.iterdump())


def count(database: sqlite3.Connection, table: str, where: str = "1") -> int:
    (number,) = database.execute(f"SELECT COUNT(*) FROM {table} WHERE {where}").fetchone()  # noqa: S608
    assert isinstance(number, int)
    return number


def test_two_databases_hold_the_same(database: sqlite3.Connection) -> None:
    with closing(create_database()) as other:
        assert dump(other) == dump(database)


def test_a_database_can_live_in_a_file(database: sqlite3.Connection, tmp_path: Path) -> None:
    with closing(create_database(tmp_path / "company.sqlite")) as other:
        assert dump(other) == dump(database)


@pytest.mark.parametrize(
    ("table", "least"),
    [
        ("Profit_Employees", 120),
        ("Profit_Hours", 3_000),
        ("Profit_Leave", 300),
        ("Profit_Items", 10),
        ("Profit_Countries", 30),
        ("Profit_Dossiers", 200),
        ("Profit_Salaries", 600),
        ("attachments", 10),
    ],
)
def test_every_table_has_rows_enough(database: sqlite3.Connection, table: str, least: int) -> None:
    assert count(database, table) >= least


def test_every_department_and_the_empty_one_have_people_and_hours(database: sqlite3.Connection) -> None:
    for code in ("CONS", "ICT", "FIN", "HR", "SALES"):
        assert count(database, "Profit_Employees", f"DepartmentCode = '{code}'") > 1
        assert count(database, "Profit_Hours", f"Afdeling = '{code}'") > 50
    assert count(database, "Profit_Employees", "DepartmentCode IS NULL") > 1
    assert count(database, "Profit_Hours", "Afdeling IS NULL") > 50


def test_hours_carry_the_name_and_department_of_their_employee(database: sqlite3.Connection) -> None:
    strays = database.execute(
        "SELECT h.Id FROM Profit_Hours h LEFT JOIN Profit_Employees e ON e.EmployeeId = h.Medewerker"
        " WHERE h.Naam IS NOT e.Name OR h.Afdeling IS NOT e.DepartmentCode"
    ).fetchall()
    assert not strays


@pytest.mark.parametrize("hostile", [",", ";", '"', "%", "_", "["])
def test_texts_hold_the_characters_that_break_careless_filters(database: sqlite3.Connection, hostile: str) -> None:
    rows = database.execute("SELECT Omschrijving FROM Profit_Hours WHERE instr(Omschrijving, ?)", [hostile]).fetchall()
    assert rows


def test_nobody_shares_a_number_or_a_mailbox(database: sqlite3.Connection) -> None:
    numbers = [number for (number,) in database.execute("SELECT EmployeeId FROM Profit_Employees")]
    mailboxes = [mailbox for (mailbox,) in database.execute("SELECT Email FROM Profit_Employees WHERE Email IS NOT NULL")]
    assert len(set(numbers)) == len(numbers)
    assert len(set(mailboxes)) == len(mailboxes)


def test_empty_texts_are_null(database: sqlite3.Connection) -> None:
    for connector in GET_CONNECTORS:
        for field in connector.fields:
            assert count(database, connector.name, f"\"{field.id}\" = ''") == 0
