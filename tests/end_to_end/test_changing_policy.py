"""Policy that changes while requests run: each is judged by one snapshot, revocation is quick, and a bad file changes nothing."""

import os
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sidecar.store.reload import POLL_SECONDS
from tests.end_to_end.harness.configuration import BASE, Configuration, authorization, write
from tests.end_to_end.harness.faults import says
from tests.end_to_end.harness.oracle import expected_rows, rows_target
from tests.end_to_end.harness.stage import Change, OwnStage, wait_for
from tests.end_to_end.harness.wire import request

TARGET = rows_target(skip=-1, take=-1)
UPDATE = f"{BASE}/connectors/PtRealization"
MINE = authorization("j.devries")
ASK = request("GET", TARGET, MINE)
QUICKLY = 2.0
"""Seconds after which a change must be in force: one is promised, the other is for a busy machine."""


def without_token(content: Configuration) -> None:
    content["app_connectors"]["hours"]["tokens"].pop(0)


def without_user(content: Configuration) -> None:
    del content["users"]["j.devries"]
    content["groups"] = {name: [each for each in members if each != "j.devries"] for name, members in content["groups"].items()}
    without_token(content)


def blocked_user(content: Configuration) -> None:
    content["users"]["j.devries"]["blocked"] = True


def out_of_group(content: Configuration) -> None:
    content["groups"]["staff"].remove("j.devries")


def blocked_app(content: Configuration) -> None:
    content["app_connectors"]["hours"]["blocked"] = True


def without_app(content: Configuration) -> None:
    del content["app_connectors"]["hours"]


def expired_token(content: Configuration) -> None:
    content["app_connectors"]["hours"]["tokens"][0]["expires"] = "2001-01-01"


def unlisted(content: Configuration) -> None:
    content["app_connectors"]["hours"]["get_connectors"] = ["Profit_Ledger"]


@pytest.mark.parametrize(
    "change", [without_token, without_user, blocked_user, out_of_group, blocked_app, without_app, expired_token, unlisted]
)
def test_revocation_is_quick(own_stage: OwnStage, change: Change) -> None:
    """Promise 9, on a connection that stays open."""
    stage = own_stage(poll=POLL_SECONDS)
    with stage.wire() as wire:
        assert wire.ask(ASK).status == 200
        stage.change(change)
        changed = time.monotonic()
        while wire.ask(ASK).status == 200:
            assert time.monotonic() - changed < QUICKLY
            time.sleep(0.01)
        assert wire.ask(ASK).status in (401, 403)


def test_rights_that_change_between_two_requests_of_one_connection_count_from_the_second(own_stage: OwnStage) -> None:
    stage = own_stage()
    with stage.wire() as wire:
        before = wire.ask(ASK)
        assert before.rows == expected_rows(TARGET, "j.devries")
        version = stage.decision(before.reference)["policy"]
        stage.change(lambda content: content["users"]["j.devries"]["attributes"].update(departments=["ICT"]))
        wait_for(lambda: stage.store.snapshot is not None and stage.store.snapshot.policy.version != version)
        after = wire.ask(ASK)
        assert after.rows == expected_rows(TARGET, "p.bakker")
        assert stage.decision(after.reference)["policy"] != version


@pytest.mark.parametrize(("change", "status"), [(without_token, 401), (blocked_user, 403)])
def test_a_write_whose_body_took_its_time_counts_by_the_rights_at_its_end(own_stage: OwnStage, change: Change, status: int) -> None:
    stage = own_stage()
    with stage.wire() as wire, stage.wire() as other:
        wire.send(request("POST", UPDATE, MINE, "Content-Type: application/json", "Content-Length: 2") + b"{")
        wait_for(lambda: "sidecar_in_flight_requests 1.0" in stage.admin("/metrics")[1])
        stage.change(change)
        wait_for(lambda: other.ask(ASK).status != 200)
        stage.backend.take()
        wire.send(b"}")
        assert wire.answer("POST").status == status
    assert stage.backend.take() == []


def test_one_snapshot_per_request(own_stage: OwnStage) -> None:
    """Promise 4: whatever is exchanged meanwhile, rights and backend of a request belong together."""
    stage = own_stage()
    stage.backend.script = says(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    seen = []
    with stage.wire() as wire:
        for rest, departments in (("/Elsewhere", "HR"), (BASE, "CONS"), ("/Elsewhere", "HR")):
            stage.content["environments"]["O12345AA"]["rest"] = f"http://127.0.0.1:{stage.backend.port}{rest}"
            stage.content["users"]["j.devries"]["attributes"]["departments"] = [departments]
            write(stage.file, stage.content)
            reloads = stage.store.reloads_succeeded
            while stage.store.reloads_succeeded == reloads:
                assert wire.ask(ASK).status == 200
            assert wire.ask(ASK).status == 200
            for received in stage.backend.take():
                elsewhere, hr = received.target.startswith("/Elsewhere"), "filtervalues=HR" in received.target
                assert elsewhere == hr, received.target
                seen.append(elsewhere)
    assert [one for one, other in zip(seen, [*seen[1:], not seen[-1]], strict=True) if one != other] == [False, True, False, True]


BAD: dict[str, Callable[[str], str | None]] = {
    "half a file": lambda text: text[: len(text) // 2],
    "an empty file": lambda _: "",
    "another key": lambda text: text.replace('"users"', '"usrs"', 1),
    "a filter that is none": lambda text: text.replace("department in @user.departments", "department in"),
    "a field that is not mapped": lambda text: text.replace('"department": "Afdeling"', '"afdeling": "Afdeling"'),
    "a group that does not exist": lambda text: text.replace('"group": "staff"', '"group": "stuff"', 1),
    "a secret that is not set": lambda text: text.replace("${PROFIT_TOKEN}", "${PROFIT_TOKN}"),
    "no file": lambda _: None,
}


@pytest.mark.parametrize("bad", BAD)
def test_a_bad_reload_changes_nothing_and_says_so(own_stage: OwnStage, bad: str) -> None:
    stage = own_stage()
    before = stage.get(TARGET)
    version = stage.decision(before.reference)["policy"]
    good = stage.file.read_text()
    assert "sidecar_policy_last_reload_successful 1.0" in stage.admin("/metrics")[1]
    text = BAD[bad](good)
    if text is None:
        stage.file.unlink()
    else:
        stage.file.write_text(text)
    wait_for(lambda: stage.store.reloads_failed > 0)
    after = stage.get(TARGET)
    assert after.rows == before.rows
    assert stage.decision(after.reference)["policy"] == version
    status, ready = stage.admin("/readyz")
    assert status == 200
    assert '"succeeded": false' in ready
    assert version in ready
    metrics = stage.admin("/metrics")[1]
    assert "sidecar_policy_last_reload_successful 0.0" in metrics
    assert 'sidecar_policy_reloads_total{result="failure"} 1.0' in metrics
    stage.file.write_text(good)
    wait_for(lambda: '"succeeded": true' in stage.admin("/readyz")[1])
    assert "sidecar_policy_last_reload_successful 1.0" in stage.admin("/metrics")[1]


@pytest.mark.skipif(os.name == "nt", reason="symbolic links need rights on Windows")
def test_the_folder_that_kubernetes_swaps_is_noticed(tmp_path: Path, own_stage: OwnStage) -> None:
    def through_links(content: Configuration) -> None:
        tokens = content["app_connectors"]["hours"].pop("tokens")
        for number in (1, 2):
            (tmp_path / f"..{number}").mkdir()
            kept = [{**token, "app_connector": "hours"} for token in tokens[number - 1 :]]
            write(tmp_path / f"..{number}" / "tokens.yaml", {"tokens": kept})
        (tmp_path / "..data").symlink_to("..1")
        (tmp_path / "tokens.yaml").symlink_to("..data/tokens.yaml")
        content["include"] = [str(tmp_path / "tokens.yaml")]

    stage = own_stage(through_links, poll=POLL_SECONDS)
    with stage.wire() as wire:
        assert wire.ask(ASK).status == 200
        (tmp_path / "..new").symlink_to("..2")
        (tmp_path / "..new").replace(tmp_path / "..data")
        swapped = time.monotonic()
        while wire.ask(ASK).status == 200:
            assert time.monotonic() - swapped < QUICKLY
            time.sleep(0.01)
        assert wire.ask(ASK).status == 401
        assert wire.ask(request("GET", TARGET, authorization("p.bakker"))).rows == expected_rows(TARGET, "p.bakker")


def test_a_token_ends_at_its_very_moment_without_any_reload(own_stage: OwnStage) -> None:
    end = datetime.now(UTC) + timedelta(seconds=1)

    def short_lived(content: Configuration) -> None:
        content["app_connectors"]["hours"]["tokens"][0]["expires"] = end.isoformat()

    stage = own_stage(short_lived)
    with stage.wire() as wire:
        while (now := datetime.now(UTC)) < end + timedelta(seconds=0.3):
            answer = wire.ask(ASK)
            if answer.status == 200:
                assert now < end
            else:
                assert datetime.now(UTC) >= end
                assert stage.decision(answer.reference)["reason"] == "token_expired"
            time.sleep(0.02)
