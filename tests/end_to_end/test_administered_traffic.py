"""What is taken away over the administration API stops real traffic, on a connection that stays open, and that of nobody else."""

import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.end_to_end.harness.configuration import Configuration, authorization
from tests.end_to_end.harness.in_database import from_database
from tests.end_to_end.harness.oracle import expected_rows, rows_target
from tests.end_to_end.harness.stage import OwnStage, Stage, wait_for
from tests.end_to_end.harness.wire import Answer, Wire, request

KEY = "C0FFEE" * 10 + "C0FF"
TARGET = rows_target(skip=-1, take=-1)
ASK = request("GET", TARGET, authorization("j.devries"))


def administered(url: str) -> Callable[[Configuration], None]:
    """Policy in this database, and a key to administer it."""

    def change(content: Configuration) -> None:
        from_database(url)(content)
        content["admin"]["keys"] = {"console": {"sha256": hashlib.sha256(KEY.encode()).hexdigest()}}

    return change


def administer(stage: Stage, method: str, path: str, content: Any = None) -> Answer:
    body = None if content is None else json.dumps(content).encode()
    kind = ("Content-Type: application/json",) if body is not None else ()
    with Wire(int(stage.admin_url.rpartition(":")[2])) as wire:
        return wire.ask(request(method, f"/api/v1{path}", f"Bearer {KEY}", *kind, body=body))


def token_of(stage: Stage, user: str) -> str:
    """The path of his token for the app connector under test."""
    [found] = [each for each in administer(stage, "GET", f"/tokens?user={user}").json["items"] if each["app_connector"] == "hours"]
    return f"/tokens/{found['id']}"


TAKEN_AWAY: dict[str, tuple[Callable[[Stage], Answer], int]] = {
    "a user is blocked": (lambda stage: administer(stage, "POST", "/users/j.devries/block"), 403),
    "a user is removed": (lambda stage: administer(stage, "DELETE", "/users/j.devries"), 401),
    "a token is revoked": (lambda stage: administer(stage, "DELETE", token_of(stage, "j.devries")), 401),
    "a member is removed": (lambda stage: administer(stage, "POST", "/groups/staff/remove-user", {"users": ["j.devries"]}), 403),
}


@pytest.mark.parametrize("what", TAKEN_AWAY)
def test_what_is_taken_away_stops_traffic_on_a_connection_that_stays_open(own_stage: OwnStage, policy_url: str, what: str) -> None:
    """Promise 9."""
    take, status = TAKEN_AWAY[what]
    stage = own_stage(administered(policy_url))
    with stage.wire() as wire:
        assert [wire.ask(ASK).status for _ in range(4)] == [200] * 4
        answer = take(stage)
        assert answer.status == 200, answer.body
        wait_for(lambda: wire.ask(ASK).status == status)
        stage.backend.take()
        assert wire.ask(ASK).status == status
        assert stage.backend.take() == []
    assert stage.get(TARGET, "m.jansen").rows == expected_rows(TARGET, "m.jansen")


def test_whom_the_api_makes_is_served_and_his_rows_follow_his_groups(own_stage: OwnStage, policy_url: str) -> None:
    stage = own_stage(administered(policy_url))
    assert stage.get(TARGET, "x.group").status == 403
    assert administer(stage, "POST", "/groups/staff/add-user", {"users": ["x.group"]}).status == 200
    wait_for(lambda: stage.get(TARGET, "x.group").status == 200)
    assert stage.get(TARGET, "x.group").rows == []
