"""The demo's company: some hundred employees of an invented Dutch firm, their hours, leave, dossiers and pay, in SQLite.

The same rows at every start, so that figures in the tour and in tests can be relied on. Dates are kept as ``YYYY-MM-DDTHH:MM:SS``,
truth values as 0 and 1, an empty field as NULL.
"""

import re
import sqlite3
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import NamedTuple

from sidecar.demo import words
from sidecar.demo.definitions import (
    ATTACHMENTS,
    COUNTRIES,
    DOSSIERS,
    EMPLOYEES,
    GET_CONNECTORS,
    HOURS,
    ITEMS,
    LEAVE,
    SALARIES,
    DataType,
    GetConnector,
)

MOST_EMPLOYEES = 120
BOOKINGS = 3_000
_SEED = 1991
_FIRST_DAY = date(2026, 1, 1)
_DAYS = 181
_COLUMN_TYPES = {
    DataType.STRING: "TEXT",
    DataType.INT: "INTEGER",
    DataType.DECIMAL: "REAL",
    DataType.DATE: "TEXT",
    DataType.BOOLEAN: "INTEGER",
}

Value = str | int | float | bool | None
Row = tuple[Value, ...]


class Employee(NamedTuple):
    """A row of `Profit_Employees`."""

    number: str
    name: str
    email: str | None
    department: str | None
    department_name: str | None
    function: str
    hours_per_week: float
    start: str
    end: str | None


# Those whom the demo's configuration knows as users.
_CAST = (("Joost de Vries", "CONS", "Consultant"), ("Petra Bakker", "ICT", "Ontwikkelaar"), ("Marieke Jansen", "DIR", "Manager"))


def create_database(path: Path | None = None) -> sqlite3.Connection:
    """A database with a table for each GetConnector, and one for attachments of dossiers; the caller closes it.

    :param path: a file that does not exist yet; None for memory.
    """
    connection = sqlite3.connect(path if path is not None else ":memory:")
    random = Random(_SEED)  # noqa: S311  nothing secret: the rows have to be the same each time
    employees = list(_employees(random))
    with connection:
        for connector in GET_CONNECTORS:
            columns = ", ".join(f'"{field.id}" {_COLUMN_TYPES[field.data_type]}' for field in connector.fields)
            connection.execute(f'CREATE TABLE "{connector.name}" ({columns})')
        connection.execute("CREATE TABLE attachments (guid TEXT, subject INTEGER, file INTEGER, name TEXT, content BLOB)")
        _insert(connection, EMPLOYEES, employees)
        _insert(connection, HOURS, _hours(random, employees))
        _insert(connection, LEAVE, _leave(random, employees))
        _insert(connection, ITEMS, _items(random))
        _insert(connection, COUNTRIES, words.COUNTRIES)
        dossiers = list(_dossiers(random, employees))
        _insert(connection, DOSSIERS, dossiers)
        _insert(connection, SALARIES, _salaries(random, employees))
        attachments = list(_attachments(random, dossiers))
        connection.executemany("INSERT INTO attachments VALUES (?, ?, ?, ?, ?)", attachments)
        whose = {dossier[0]: dossier[5:7] for dossier in dossiers}
        _insert(connection, ATTACHMENTS, ((guid, subject, file, name, *whose[subject]) for guid, subject, file, name, _ in attachments))
    return connection


def _insert(connection: sqlite3.Connection, connector: GetConnector, rows: Iterable[Row]) -> None:
    places = ", ".join("?" for _ in connector.fields)
    connection.executemany(f'INSERT INTO "{connector.name}" VALUES ({places})', rows)  # noqa: S608  names are ours


def _moment(day: date) -> str:
    return f"{day.isoformat()}T00:00:00"


def _employees(random: Random) -> Iterator[Employee]:
    codes = list(words.DEPARTMENTS)
    mailboxes: set[str] = set()
    for position in range(MOST_EMPLOYEES):
        code: str | None
        if position < len(_CAST):
            name, code, function = _CAST[position]
        else:
            name = f"{random.choice(words.FIRST_NAMES)} {random.choice(words.LAST_NAMES)}"
            code = random.choices([*codes, None], weights=[40, 25, 12, 9, 20, 1, 6])[0]
            function = random.choice(words.DEPARTMENTS[code][1]) if code else "Oproepkracht"
        start = date(2012, 1, 1) + timedelta(days=random.randrange(5_000))
        left = position >= len(_CAST) and random.random() < 0.15
        yield Employee(
            number=str(1001 + position),
            name=name,
            email=None if random.random() < 0.04 and position >= len(_CAST) else _email(name, mailboxes),
            department=code,
            department_name=words.DEPARTMENTS[code][0] if code else None,
            function=function,
            hours_per_week=random.choice((40.0, 40.0, 36.0, 32.0, 24.0)),
            start=_moment(start),
            end=_moment(start + timedelta(days=random.randrange(200, 5_000))) if left else None,
        )


def _email(name: str, taken: set[str]) -> str:
    first, last = name.split(" ", 1)
    mailbox = f"{first[0]}.{re.sub('[^a-z]', '', last.lower())}".lower()
    while mailbox in taken:
        mailbox += "2"
    taken.add(mailbox)
    return f"{mailbox}@example.com"


def _hours(random: Random, employees: list[Employee]) -> Iterator[Row]:
    days = sorted(random.randrange(_DAYS) for _ in range(BOOKINGS))
    for number, day in enumerate(days, start=1):
        # Every fortieth line is of someone whom the demo knows, so that they see more than a handful of rows.
        who = employees[number // 40 % len(_CAST)] if number % 40 == 0 else random.choice(employees)
        project = random.choice(words.PROJECTS[who.department]) if who.department else None
        work = None if random.random() < 0.05 else random.choice(words.WORK)
        hours = random.randrange(1, 33) / 4
        yield number, who.number, who.name, who.department, _moment(_FIRST_DAY + timedelta(days=day)), hours, work, project


def _leave(random: Random, employees: list[Employee]) -> Iterator[Row]:
    for number in range(1, 401):
        who = random.choice(employees)
        first = _FIRST_DAY + timedelta(days=random.randrange(_DAYS))
        days = random.randrange(1, 15)
        # Leave that was not yet judged is neither approved nor refused.
        approved = random.choice((True, True, True, False, None))
        last = _moment(first + timedelta(days=days - 1))
        yield number, who.number, who.name, who.department, random.choice(words.LEAVE_KINDS), _moment(first), last, days * 8.0, approved


def _items(random: Random) -> Iterator[Row]:
    for group, (kind, names) in enumerate(words.ARTICLES.items(), start=1):
        for position, name in enumerate(names, start=1):
            price = random.randrange(199, 60_000) / 100
            stock = None if kind == "Diensten" else random.randrange(0, 400)
            yield f"A{group}{position:02}", name, kind, price, stock, random.random() < 0.1


def _dossiers(random: Random, employees: list[Employee]) -> Iterator[Row]:
    for position in range(240):
        who = random.choice(employees)
        kind = random.randrange(len(words.SUBJECTS))
        note = f"Gesproken met {who.name}" if random.random() < 0.3 else None
        day = _moment(_FIRST_DAY + timedelta(days=random.randrange(_DAYS)))
        yield 5001 + position, kind + 1, words.SUBJECTS[kind], note, day, who.number, who.department, random.random() < 0.6


def _salaries(random: Random, employees: list[Employee]) -> Iterator[Row]:
    for who in employees:
        gross = random.randrange(2_600, 7_400) + 0.5
        for period in range(1, 7):
            yield who.number, who.name, who.department, 2026, period, gross, round(gross * 0.68, 2)


def _attachments(random: Random, dossiers: list[Row]) -> Iterator[tuple[str, Value, int, str, bytes]]:
    for file, dossier in enumerate(dossiers[::8], start=1):
        subject, title = dossier[0], dossier[2]
        guid = f"{random.getrandbits(128):032X}"
        text = f"{title}\n\nBijlage bij dossieritem {subject}.\n" + "Dit is een verzonnen document. " * 40
        yield guid, subject, file, f"bijlage_{subject}.txt", text.encode()
