"""A database of policy that comes late, goes away and comes back: who is served meanwhile, how it is told, and until when."""

import asyncio
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.databases import new_on
from tests.end_to_end.harness.configuration import BASE
from tests.end_to_end.harness.in_database import by_hand, from_database, put_there
from tests.end_to_end.harness.oracle import expected_rows, rows_target
from tests.end_to_end.harness.stage import OwnStage, Stage, wait_for
from tests.postgres import DATABASES
from tests.store.line import Line

TARGET = rows_target(skip=-1, take=-1)


@pytest.fixture
def line(postgres: str) -> Iterator[Line]:
    """To a database with the policy; belongs to the loop of the stage."""
    if "postgresql" not in DATABASES:
        pytest.skip("there is no PostgreSQL here")
    url = asyncio.run(new_on(postgres))
    asyncio.run(put_there(url))
    with tempfile.TemporaryDirectory(prefix="line") as folder:
        yield Line(Path(folder), url)


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
