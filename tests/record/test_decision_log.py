"""The decision log: one line a request, with the same fields for people and machines."""

import asyncio
import json

from sidecar.errors import Reason
from sidecar.record.decision_log import DecisionLog, LogFormat
from sidecar.record.exchange import Exchange, Outcome


def exchange(**values: object) -> Exchange:
    made = Exchange(reference="REF", method="GET", user="j.devries", device='i"Phone\n', outcome=Outcome.DENY, status=403)
    for name, value in values.items():
        setattr(made, name, value)
    made.finish()
    return made


async def lines_of(log_format: LogFormat, *exchanges: Exchange) -> list[str]:
    written: list[str] = []
    log = DecisionLog(written.append, log_format)
    for each in exchanges:
        log.add(each)
    assert written == []
    await asyncio.sleep(0)
    assert len(written) == 1, "lines of one turn of the loop are written together"
    return written[0].splitlines()


async def test_each_exchange_is_one_line_of_json() -> None:
    lines = await lines_of(LogFormat.JSON, exchange(reason=Reason.USER_BLOCKED), exchange(predicate="x" * 5000))
    first, second = (json.loads(line) for line in lines)
    assert first["decision"] == "deny"
    assert first["reason"] == "user_blocked"
    assert first["device"] == 'i"Phone\n'
    assert "predicate" not in first
    assert len(second["predicate"]) == 1000


async def test_a_value_cannot_forge_a_field_or_a_line_in_text() -> None:
    (line,) = await lines_of(LogFormat.TEXT, exchange(user="x decision=allow", device="a\nb"))
    assert " decision=deny " in line
    assert 'user="x decision=allow"' in line
    assert 'device="a\\nb"' in line


def test_a_connectors_name_is_noted_unless_it_could_hide_a_secret() -> None:
    noted = exchange()
    noted.asked_for("Profit_Hours")
    assert noted.connector == "Profit_Hours"
    noted.asked_for("0123456789ABCDEF" * 4)
    assert noted.connector == "(unusual name)"
