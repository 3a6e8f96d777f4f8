"""Policy in a database that somebody changes with a client of his own: what he takes away is refused within a second, and a bad policy
changes nothing.
"""

import asyncio
import json

import pytest

from tests.end_to_end.harness.configuration import authorization
from tests.end_to_end.harness.in_database import by_hand, from_database
from tests.end_to_end.harness.oracle import expected_rows, rows_target
from tests.end_to_end.harness.stage import OwnStage, wait_for
from tests.end_to_end.harness.wire import request

TARGET = rows_target(skip=-1, take=-1)
ASK = request("GET", TARGET, authorization("j.devries"))


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
