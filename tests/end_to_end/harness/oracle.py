"""Which rows a request should bring, worked out without the program: what the client asked for AND what policy admits."""

from collections.abc import Sequence
from functools import cache
from urllib.parse import urlencode

from tests.end_to_end.harness.backend import Received
from tests.end_to_end.harness.configuration import BASE
from tests.end_to_end.harness.question import HABITS, Habits, admits, paged, understand
from tests.end_to_end.harness.rows import PEOPLE, TABLES, may_see
from tests.evaluation.reading import Row

PLAIN = Habits()


def expected_rows(target: str, user: str) -> list[Row]:
    """The rows of an ordinary request, in order and within its page."""
    question = understand("GET", target, (), PLAIN)
    person = PEOPLE[user]
    rows = [
        row
        for row in TABLES[question.connector]
        if admits(question, row, PLAIN) and may_see(person, question.connector, row, PLAIN.reading)
    ]
    return paged(question, rows)


@cache
def hidden_rows(user: str, connector: str, habits: Habits) -> tuple[Row, ...]:
    """The rows that this user may not see, as this backend compares."""
    return tuple(row for row in TABLES[connector] if not may_see(PEOPLE[user], connector, row, habits.reading))


def surplus_rows(received: Received, user: str) -> list[tuple[Habits, Row]]:
    """Rows that this user may not see but would get from some backend for this request. There must be none."""
    found: list[tuple[Habits, Row]] = []
    for habits in HABITS:
        question = understand(received.method, received.target, received.headers, habits)
        if question.connector:
            found += [(habits, row) for row in hidden_rows(user, question.connector, habits) if admits(question, row, habits)]
    return found


def surplus_in(rows: Sequence[Row], connector: str, user: str) -> list[Row]:
    """Rows of an answer that this user may not see."""
    return [row for row in rows if not may_see(PEOPLE[user], connector, row, PLAIN.reading)]


def rows_target(connector: str = "Profit_Hours", **parameters: str | int) -> str:
    """The target of an ordinary question."""
    query = urlencode(parameters)
    return f"{BASE}/connectors/{connector}" + (f"?{query}" if query else "")
