"""Policy in a database gives the same answers as policy in files: the same tests on both databases, and what there only is with these."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.databases import new_on, sqlite_in
from tests.end_to_end.harness.backend import Received, Script, Visit
from tests.end_to_end.harness.canonical import assert_canonical
from tests.end_to_end.harness.configuration import authorization, token_data
from tests.end_to_end.harness.oracle import expected_rows
from tests.end_to_end.harness.soap import content_type, fault_of
from tests.end_to_end.harness.stage import Change, OwnStage, Stage, staged, wait_for
from tests.end_to_end.harness.wire import request
from tests.end_to_end.test_changing_policy import (  # noqa: F401
    ASK,
    MINE,
    TARGET,
    test_a_token_ends_at_its_very_moment_without_any_reload,
    test_a_write_whose_body_took_its_time_counts_by_the_rights_at_its_end,
    test_revocation_is_quick,
)
from tests.end_to_end.test_one_time_passwords import (  # noqa: F401
    _mails_go_at_once,
    mails,
    start,
    test_a_code_works_once_the_last_one_only_and_after_few_tries_never,
    test_a_token_that_is_taken_back_while_the_backend_is_asked_whose_file_it_is_fetches_nothing,
    test_a_user_is_named_by_name_or_address_under_keys_in_any_letter_case,
    test_an_update_and_metainfo_know_an_issued_token,
    test_every_condition_must_hold_at_the_request_at_the_code_and_at_each_use,
    test_whoever_asks_gets_the_same_answer_and_only_who_may_a_mail,
    test_whoever_shows_a_wrong_code_gets_the_same_nothing,
)
from tests.end_to_end.test_oracles import (  # noqa: F401
    test_all_reasons_for_not_being_entitled_look_the_same,
    test_all_tokens_that_prove_nothing_look_the_same,
    test_get_connectors_that_are_unknown_unlisted_or_unguarded_look_the_same,
    test_rows_that_may_not_be_seen_and_rows_that_are_not_there_look_the_same,
    test_special_connectors_that_are_not_listed_look_like_connectors_that_are_not,
    test_update_connectors_that_are_unknown_unlisted_or_listed_for_less_look_the_same,
)
from tests.end_to_end.test_ordinary_rows import (  # noqa: F401
    test_every_member_sees_all_rows_of_a_connector_that_was_said_to_be_unfiltered,
    test_rows_of_two_filter_types_are_those_that_both_admit,
    test_users_who_ask_the_very_same_in_turn_each_get_their_own_rows,
)
from tests.end_to_end.test_ownership import MINE as MY_FILE
from tests.end_to_end.test_ownership import (  # noqa: F401
    SUBJECT,
    attachment,
    fetched,
    hesitating,
    targets,
    test_a_policy_that_changes_while_the_backend_is_asked_fetches_nothing,
    test_over_soap_a_policy_that_changes_while_the_backend_is_asked_fetches_nothing,
    test_over_soap_a_token_in_the_message_is_asked_for_as_any_other,
    test_with_the_clients_own_token_each_token_is_asked_for_by_itself,
    with_rules,
)
from tests.end_to_end.test_promises import (  # noqa: F401
    test_the_rows_that_come_back_are_those_that_client_filter_and_policy_admit,
)
from tests.end_to_end.test_soap import (  # noqa: F401
    test_a_message_that_took_its_time_counts_by_the_rights_at_its_end,
    test_each_user_gets_his_own_rows,
    test_every_condition_holds_for_a_token_in_a_message_too,
)
from tests.postgres import DATABASES


@pytest.fixture(scope="module", params=DATABASES)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def _empty(kind: str, folder: Path, request: pytest.FixtureRequest) -> str:
    return sqlite_in(folder) if kind == "sqlite" else asyncio.run(new_on(request.getfixturevalue("postgres")))


@pytest.fixture(scope="module")
def lasting_stage(kind: str, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("stage")
    with staged(folder, database=_empty(kind, folder, request)) as stage:
        yield stage


@pytest.fixture
def own_stage(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[OwnStage]:
    """As the one with files."""
    with ExitStack() as stack:
        started: list[Stage] = []

        def start(change: Change = lambda _: None, *, poll: float = 0.03, uvloop: bool = True) -> Stage:
            folder = tmp_path / str(len(started))
            folder.mkdir()
            started.append(stack.enter_context(staged(folder, change, poll=poll, database=_empty(kind, folder, request), uvloop=uvloop)))
            return started[-1]

        yield start
        for stage in started:
            for received in stage.backend.take():
                assert_canonical(received, stage.backend.port)


@pytest.fixture
def fresh(own_stage: OwnStage) -> Stage:
    """One whose files have owners."""
    return own_stage(with_rules)


BY_HAND = {
    "UPDATE policy_users SET name = 'somebody else' WHERE name = 'j.devries'": (200, "somebody else"),
    "UPDATE policy_users SET attributes = '7' WHERE name = 'j.devries'": (403, ""),
}


@pytest.mark.parametrize("statement", BY_HAND)
def test_what_only_happens_by_hand_is_in_force_soon_too(own_stage: OwnStage, statement: str) -> None:
    """On a connection that stays open, by which all is known of the caller."""
    stage = own_stage()
    with stage.wire() as wire:
        assert [wire.ask(ASK).status for _ in range(5)] == [200] * 5
        stage.by_hand(statement)

        def is_in_force() -> bool:
            answer = wire.ask(ASK)
            return (answer.status, stage.decision(answer.reference).get("user", "")) == BY_HAND[statement]

        wait_for(is_in_force)


def test_other_attributes_give_other_rows_from_the_next_look_on(own_stage: OwnStage) -> None:
    stage = own_stage()
    with stage.wire() as wire:
        for _ in range(5):
            assert wire.ask(ASK).rows == expected_rows(TARGET, "j.devries")
        stage.change(lambda content: content["users"]["j.devries"]["attributes"].update(departments=["ICT"]))
        wait_for(lambda: wire.ask(ASK).rows == expected_rows(TARGET, "p.bakker"))
        for _ in range(5):
            assert wire.ask(ASK).rows == expected_rows(TARGET, "p.bakker")


def test_a_group_becomes_one_of_all(own_stage: OwnStage) -> None:
    stage = own_stage()
    asked = request("GET", TARGET, authorization("x.group"))
    with stage.wire() as wire:
        assert wire.ask(asked).status == 403
        stage.by_hand("UPDATE policy_groups SET all_users = true WHERE name = 'staff'")
        wait_for(lambda: wire.ask(asked).status == 200)


def test_an_attribute_that_is_a_list_beside_an_equals_sign_shows_its_user_no_row_and_harms_nobody_else(own_stage: OwnStage) -> None:
    """With files that is told when the policy is loaded; here users are not looked at then."""

    def with_equals(content: dict[str, object]) -> None:
        content["filter_types"]["department"]["filters"] = dict.fromkeys(  # type: ignore[index]
            content["filter_types"]["department"]["filters"],  # type: ignore[index]
            "department = @user.only",
        )
        for user, only in (("j.devries", ["CONS", "ICT"]), ("p.bakker", "ICT")):
            content["users"][user]["attributes"]["only"] = only  # type: ignore[index]

    stage = own_stage(with_equals)
    assert stage.get(TARGET).rows == []
    assert stage.backend.take() == []
    assert stage.get(TARGET, "p.bakker").status == 200


def test_a_flood_of_made_up_tokens_leaves_room_for_those_who_are_somebody(own_stage: OwnStage) -> None:
    stage = own_stage()
    assert stage.get(TARGET).status == 200
    made_up = [request("GET", TARGET, authorization("nobody", f"app {number}")) for number in range(500)]
    with stage.wire() as wire, stage.wire() as other:
        for asked in made_up:
            assert wire.ask(asked).status == 401
        assert other.ask(ASK).status == 200
        assert other.ask(request("GET", TARGET, authorization("p.bakker"))).status == 200
    directory = stage.store.directory
    assert directory is not None
    assert directory.remembered == 2
    assert token_data("j.devries") not in "".join(stage.lines)


TAKEN_AWAY = {
    "UPDATE policy_users SET attributes = '{}' WHERE name = 'j.devries'": "policy_changed",
    "UPDATE policy_users SET blocked = true WHERE name = 'j.devries'": "policy_changed",
    "DELETE FROM policy_tokens WHERE user_name = 'j.devries'": "token_unknown",
    "UPDATE policy_users SET blocked = true WHERE name = 'p.bakker'": None,
}


@pytest.mark.parametrize("statement", TAKEN_AWAY)
@pytest.mark.parametrize("dialect", ["rest", "soap"])
def test_a_user_who_changes_while_the_backend_is_asked_whose_file_it_is_gets_nothing(fresh: Stage, statement: str, dialect: str) -> None:
    """The snapshot stays the same all the while."""
    asked, go_on = hesitating(fresh)
    if dialect == "soap":
        fresh.backend.script = _slowly(fresh, asked, go_on)
    directory, before = fresh.store.directory, fresh.store.snapshot
    assert directory is not None
    with fresh.wire() as wire:
        if dialect == "rest":
            wire.send(request("GET", targets(MY_FILE)[0], MINE))
        else:
            content = f"Content-Type: {content_type()}"
            wire.send(request("POST", f"/ProfitServices/{SUBJECT}", MINE, content, body=attachment(MY_FILE)))
        wait_for(asked.is_set)
        fresh.backend.take()
        epoch = directory.epoch
        fresh.by_hand(statement)
        wait_for(lambda: directory.epoch != epoch)
        fresh.loop.call_soon_threadsafe(go_on.set)
        answer = wire.answer("GET" if dialect == "rest" else "POST")
    assert fresh.store.snapshot is before
    reason = TAKEN_AWAY[statement]
    assert (answer.status == 200) == (reason is None)
    if reason is not None:
        reference = answer.reference if dialect == "rest" else fault_of(answer).reference
        assert fresh.decision(reference)["reason"] in (reason, "user_blocked")
        assert all("/connectors/Profit_Files" in received.target for received in fresh.backend.take())


def _slowly(stage: Stage, asked: asyncio.Event, go_on: asyncio.Event) -> Script:
    async def slowly(visit: Visit, received: Received) -> None:
        asked.set()
        await go_on.wait()
        await visit.say(stage.backend._answer(received))

    return slowly


def test_what_is_remembered_of_a_file_s_owner_ends_with_what_he_may_see(fresh: Stage) -> None:
    directory = fresh.store.directory
    assert directory is not None
    assert fresh.get(targets(MY_FILE)[0]).status == 200
    epoch = directory.epoch
    fresh.by_hand("""UPDATE policy_users SET attributes = '{"departments": ["ICT"]}' WHERE name = 'j.devries'""".replace(":", r"\:"))
    wait_for(lambda: directory.epoch != epoch)
    fresh.backend.take()
    assert fresh.get(targets(MY_FILE)[0]).status == 404
    assert fetched(fresh.backend.take()) == []
