"""Policy in a database, from outside: the same answers as with files, a revocation by anybody is quick, and what happens without it."""

import asyncio
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.databases import new_on
from tests.end_to_end.harness.configuration import BASE, authorization
from tests.end_to_end.harness.in_database import by_hand, from_database, put_there
from tests.end_to_end.harness.oracle import expected_rows, rows_target
from tests.end_to_end.harness.rows import PEOPLE
from tests.end_to_end.harness.stage import OwnStage, Stage, wait_for
from tests.end_to_end.harness.wire import request
from tests.postgres import DATABASES
from tests.store.line import Line

TARGET = rows_target(skip=-1, take=-1)
ASK = request("GET", TARGET, authorization("j.devries"))


@pytest.fixture
def line(postgres: str) -> Iterator[Line]:
    """To a database with the policy; belongs to the loop of the stage."""
    if "postgresql" not in DATABASES:
        pytest.skip("there is no PostgreSQL here")
    url = asyncio.run(new_on(postgres))
    asyncio.run(put_there(url))
    with tempfile.TemporaryDirectory(prefix="line") as folder:
        yield Line(Path(folder), url)


def test_everybody_gets_the_rows_that_he_gets_with_policy_in_files(own_stage: OwnStage, policy_url: str) -> None:
    stage = own_stage(from_database(policy_url))
    for user in PEOPLE:
        for _ in range(2):  # looked up, and remembered
            answer = stage.get(TARGET, user)
            assert (answer.status, answer.rows) == (200, expected_rows(TARGET, user)), user
    assert stage.get(TARGET, "x.blocked").status == 403
    assert stage.get(TARGET, "nobody").status == 401


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM policy_tokens WHERE user_name = 'j.devries'",
        "UPDATE policy_tokens SET expires = '2001-01-01 00:00:00' WHERE user_name = 'j.devries'",
        "DELETE FROM policy_users WHERE name = 'j.devries'",
        "UPDATE policy_users SET blocked = true WHERE name = 'j.devries'",
        "UPDATE policy_users SET applications = '[]' WHERE name = 'j.devries'",
        "DELETE FROM policy_members WHERE group_name = 'staff' AND user_name = 'j.devries'",
        "UPDATE policy_app_connectors SET blocked = true WHERE name = 'hours'",
        "DELETE FROM policy_app_connectors WHERE name = 'hours'",
        "DELETE FROM policy_get_connectors WHERE app_connector = 'hours' AND name = 'Profit_Hours'",
    ],
)
def test_a_revocation_by_hand_counts_on_a_connection_that_stays_open(own_stage: OwnStage, policy_url: str, statement: str) -> None:
    """Promise 9."""
    stage = own_stage(from_database(policy_url))
    with stage.wire() as wire:
        assert [wire.ask(ASK).status for _ in range(4)] == [200] * 4
        asyncio.run(by_hand(policy_url, statement))
        wait_for(lambda: wire.ask(ASK).status in (401, 403))


def test_what_somebody_is_given_counts_soon(own_stage: OwnStage, policy_url: str) -> None:
    stage = own_stage(from_database(policy_url))
    assert stage.get(TARGET, "x.group").status == 403
    asyncio.run(by_hand(policy_url, "INSERT INTO policy_members (group_name, user_name) VALUES ('staff', 'x.group')"))
    wait_for(lambda: stage.get(TARGET, "x.group").status == 200)


def test_a_bad_policy_made_by_hand_changes_nothing_but_revocations_count(own_stage: OwnStage, policy_url: str) -> None:
    stage = own_stage(from_database(policy_url))
    nonsense = "UPDATE policy_filters SET expression = 'department like'"
    asyncio.run(by_hand(policy_url, nonsense))
    wait_for(lambda: not json.loads(stage.admin("/readyz")[1])["last_reload"]["succeeded"])
    assert stage.admin("/readyz")[0] == 200
    assert stage.get(TARGET).rows == expected_rows(TARGET, "j.devries")
    asyncio.run(by_hand(policy_url, "DELETE FROM policy_tokens WHERE user_name = 'j.devries'"))
    wait_for(lambda: stage.get(TARGET).status == 401)


def test_a_database_that_comes_late_goes_away_and_comes_back(own_stage: OwnStage, line: Line) -> None:
    stage = own_stage(from_database(line.url))
    assert _reason(stage, stage.get(TARGET)) == (503, "policy_unavailable")
    assert _readyz(stage)[0] == 503
    stage.run(line.mend())
    wait_for(lambda: stage.get(TARGET).status == 200)
    wait_for(lambda: _readyz(stage)[0] == 200)

    stage.run(line.cut())
    wait_for(lambda: _readyz(stage)[1]["problem"] is not None)
    assert stage.get(TARGET).rows == expected_rows(TARGET, "j.devries")
    assert _reason(stage, stage.get(TARGET, "m.jansen")) == (503, "policy_unavailable")
    assert _readyz(stage)[0] == 200

    asyncio.run(by_hand(line.server_url, "DELETE FROM policy_tokens WHERE user_name = 'j.devries'"))
    stage.clock.ahead = 900.0
    wait_for(lambda: stage.get(TARGET).status == 503)
    assert _reason(stage, stage.get(TARGET)) == (503, "policy_stale")
    assert _reason(stage, stage.call("POST", f"{BASE}/connectors/PtRealization", b"{}")) == (503, "policy_stale")
    status, told = _readyz(stage)
    assert (status, told["stale"]) == (503, True)
    assert "\nsidecar_policy_stale 1.0\n" in stage.admin("/metrics")[1]
    assert told["heard_seconds"] >= 900
    assert told["seconds_left"] == 0

    stage.run(line.mend())
    wait_for(lambda: stage.get(TARGET).status == 401)
    assert stage.get(TARGET, "m.jansen").rows == expected_rows(TARGET, "m.jansen")
    assert _readyz(stage)[0] == 200
    stage.run(line.cut())


def _readyz(stage: Stage) -> tuple[int, dict[str, Any]]:
    status, text = stage.admin("/readyz")
    return status, json.loads(text)["policy_database"]


def _reason(stage: Stage, answer: Any) -> tuple[int, str]:
    return answer.status, stage.decision(answer.reference)["reason"]
