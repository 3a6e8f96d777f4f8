"""A JWT gives the same rights as the same user's classic token, for as long as policy, keys and the token itself say so."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from sidecar.issuers.provider_keys import Rhythm
from tests.end_to_end.harness.configuration import Configuration, authorization, token_xml
from tests.end_to_end.harness.identity import KEYS, bearer, with_issuers
from tests.end_to_end.harness.oracle import expected_rows, rows_target
from tests.end_to_end.harness.rows import HOURS, PEOPLE
from tests.end_to_end.harness.soap import envelope, rows_of_answer
from tests.end_to_end.harness.stage import OwnStage, Stage, staged, wait_for
from tests.end_to_end.harness.wire import request
from tests.issuers.provider import Publisher, publishing
from tests.jwt import mint
from tests.jwt.mint import claims, in_json, jwk, token

TARGET = rows_target(skip=-1, take=-1)
GET_DATA = envelope("GetData", {"connectorId": "Profit_Hours", "skip": "-1", "take": "-1"})


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("stage"), with_issuers(tmp_path_factory.mktemp("keys"))) as running:
        yield running


@pytest.fixture
def stage(shared: Stage) -> Stage:
    shared.backend.take()
    return shared


def of(user: str, **changes: Any) -> str:
    return token(claims(preferred_username=user, **changes))


@pytest.mark.parametrize("user", sorted(PEOPLE))
def test_each_user_gets_the_rows_of_his_classic_token(stage: Stage, user: str) -> None:
    text = of(user)
    for _ in range(4):  # from the third on headers, then calls, are remembered
        assert stage.send(bearer(text, TARGET)).rows == expected_rows(TARGET, user)
    with stage.wire() as wire:
        for asked in (TARGET, rows_target(skip=0, take=3), TARGET, rows_target(skip=3, take=3), TARGET):
            assert wire.ask(bearer(text, asked, scheme="bearer")).rows == expected_rows(asked, user)
    for received in stage.backend.take():
        assert text not in repr(received)


def test_over_soap_as_well_and_the_log_says_who_proved_it(stage: Stage) -> None:
    text = of("j.devries")
    answer = stage.soap("AppConnectorGet.asmx", GET_DATA, None, f"Authorization: Bearer {text}")
    assert rows_of_answer(answer) == rows_of_answer(stage.soap("AppConnectorGet.asmx", GET_DATA, "j.devries"))
    line = stage.decision(answer.reference)
    assert {name: line.get(name) for name in ("user", "app_connector", "issuer", "device", "decision")} == {
        "user": "j.devries",
        "app_connector": "hours",
        "issuer": "company",
        "device": None,
        "decision": "allow",
    }
    assert text not in "".join(stage.lines)


def test_a_partners_address_and_a_shared_secret_name_the_same_user(stage: Stage) -> None:
    address = {**claims(), "iss": mint.PARTNER, "email": "J.DeVries@Example.com", "email_verified": True}
    for text in (
        token(address, mint.PARTNERS, kid="partner-1"),
        token({**claims(), "iss": mint.SHARED}, mint.SECRET, "HS256", kid=None),
    ):
        assert stage.send(bearer(text, TARGET)).rows == expected_rows(TARGET, "j.devries")


REFUSED: list[tuple[str, dict[str, Any], int, str]] = [
    ("nobody of that name", {"preferred_username": "nobody"}, 403, "user_unknown"),
    ("in other letters", {"preferred_username": "J.DEVRIES"}, 403, "user_unknown"),
    ("blocked", {"preferred_username": "x.blocked"}, 403, "user_blocked"),
    ("no address", {"preferred_username": "x.noemail"}, 403, "user_without_email"),
    ("no application", {"preferred_username": "x.noapps"}, 403, "user_without_application"),
    ("not a member", {"preferred_username": "x.group"}, 403, "user_not_member"),
    ("a blocked app connector", {"azp": "locked-app"}, 403, "app_connector_blocked"),
    ("from elsewhere", {"azp": "elsewhere-app"}, 403, "address_not_allowed"),
    ("an environment that passes tokens on", {"azp": "passed-on"}, 401, "jwt_client_unknown"),
    ("an unknown client", {"azp": "other"}, 401, "jwt_client_unknown"),
]


@pytest.mark.parametrize(("name", "changes", "status", "reason"), REFUSED)
def test_all_conditions_of_a_classic_token_hold(stage: Stage, name: str, changes: dict[str, Any], status: int, reason: str) -> None:
    answer = stage.send(bearer(token(claims(**changes)), TARGET))
    assert (answer.status, stage.decision(answer.reference)["reason"]) == (status, reason), name
    assert stage.backend.take() == []


def test_an_address_that_two_users_share_names_neither(stage: Stage) -> None:
    shared = {**claims(), "iss": mint.PARTNER, "email": "x@example.com", "email_verified": True}
    answer = stage.send(bearer(token(shared, mint.PARTNERS, kid="partner-1"), TARGET))
    assert (answer.status, stage.decision(answer.reference)["reason"]) == (403, "user_unknown")


@pytest.mark.parametrize("user", [{"claim": "preferred_username", "by": "email"}, {"claim": "email"}])
def test_an_address_that_somebody_gave_himself_opens_nobody_s_rows(own_stage: OwnStage, tmp_path: Path, user: dict[str, str]) -> None:
    """At a provider where people choose their logins, or write an address into their accounts: their own is the one that was verified."""
    director, mallory = "j.devries@example.com", "mallory@example.com"

    def change(content: Configuration) -> None:
        content["issuers"]["company"]["user"] = user
        content["users"][director] = content["users"].pop("j.devries")  # called by his address
        content["groups"]["staff"].append(director)

    own, chosen = {"email": mallory, "email_verified": True}, {"email": director, "email_verified": False}
    said = {**own, "preferred_username": director} if "by" in user else chosen
    stage = own_stage(with_issuers(tmp_path, change))
    answer = stage.send(bearer(token(claims(**said)), TARGET))
    assert (answer.status, stage.decision(answer.reference)["reason"]) == (401, "jwt_claims")
    assert stage.backend.take() == []
    verified = {"preferred_username": director, "email": director, "email_verified": True}
    assert stage.send(bearer(token(claims(**verified)), TARGET)).status == 200


def test_a_token_for_another_environment_opens_nothing_in_this_one(own_stage: OwnStage, tmp_path: Path) -> None:
    stage = own_stage(with_issuers(tmp_path, lambda content: content["issuers"]["company"].update(environment_claim="place")))
    answers = {place: stage.send(bearer(token(claims(place=place)), TARGET)) for place in ("O12345AA", "O12345BB", "o12345aa", "", None)}
    assert {place: answer.status for place, answer in answers.items()} == {**dict.fromkeys(answers, 401), "O12345AA": 200}
    assert {stage.decision(answer.reference).get("reason") for answer in answers.values()} == {None, "jwt_claims"}


def test_two_proofs_are_one_too_many(stage: Stage) -> None:
    text = of("j.devries")
    twice = request("GET", TARGET, f"Bearer {text}", f"Authorization: {authorization('j.devries')}")
    assert stage.send(twice).status == 400
    in_message = envelope("GetData", {"token": token_xml("j.devries"), "connectorId": "Profit_Hours", "skip": "-1", "take": "-1"})
    answer = stage.soap("AppConnectorGet.asmx", in_message, None, f"Authorization: Bearer {text}")
    assert (answer.status, stage.decision(answer.reference)["reason"]) == (500, "token_ambiguous")
    assert stage.backend.take() == []


def rows_of(*departments: str) -> list[dict[str, Any]]:
    return [dict(row) for row in HOURS if row["Afdeling"] in departments]


def test_a_claim_says_what_policy_does_not_and_each_token_only_of_itself(stage: Stage) -> None:
    """One user, several tokens that say other things of him, the same calls in turn: the memory of one must not serve another."""
    tokens = {department: of("e.mpty", departments=[department]) for department in ("SALES", "HR")}
    tokens["none"] = of("e.mpty")
    with stage.wire() as wire:
        for _ in range(4):
            for department, text in tokens.items():
                assert wire.ask(bearer(text, TARGET)).rows == rows_of(department)
                page = wire.ask(bearer(text, rows_target(skip=0, take=2))).rows
                assert page == rows_of(department)[:2]
                filtered = rows_target(filterfieldids="Id", filtervalues="3", operatortypes="1")
                assert all(row["Afdeling"] == department for row in wire.ask(bearer(text, filtered)).rows)
    for department, text in tokens.items():
        answer = stage.soap("AppConnectorGet.asmx", GET_DATA, None, f"Authorization: Bearer {text}")
        assert {row["Afdeling"] for row in rows_of_answer(answer)} == ({department} if department != "none" else set())


def test_a_claim_never_overrides_policy(stage: Stage) -> None:
    text = of("j.devries", departments=["HR", "SALES"])
    assert stage.send(bearer(text, TARGET)).rows == expected_rows(TARGET, "j.devries")


CHANGES: list[tuple[str, Callable[[Configuration], object], int, str]] = [
    ("the issuer goes", lambda content: content["issuers"].pop("company"), 401, "jwt_issuer_unknown"),
    ("all issuers go", lambda content: content.pop("issuers"), 401, "token_malformed"),
    ("the audience changes", lambda content: content["issuers"]["company"].update(audiences=["payroll"]), 401, "jwt_audience"),
    (
        "the client goes",
        lambda content: content["issuers"]["company"]["app_connector"]["clients"].pop("hours-mobile"),
        401,
        "jwt_client_unknown",
    ),
    ("the algorithm goes", lambda content: content["issuers"]["company"].update(algorithms=["ES256"]), 401, "jwt_not_accepted"),
    ("a claim is required", lambda content: content["issuers"]["company"].update(required_claims=["sid"]), 401, "jwt_claims"),
    ("the user is blocked", lambda content: content["users"]["j.devries"].update(blocked=True), 403, "user_blocked"),
    ("the app connector is blocked", lambda content: content["app_connectors"]["hours"].update(blocked=True), 403, "app_connector_blocked"),
]


@pytest.mark.parametrize(("name", "change", "status", "reason"), CHANGES, ids=[name for name, *_ in CHANGES])
def test_a_change_of_the_configuration_ends_what_was_remembered(
    own_stage: OwnStage, tmp_path: Path, name: str, change: Callable[[Configuration], object], status: int, reason: str
) -> None:
    stage = own_stage(with_issuers(tmp_path))
    call = bearer(of("j.devries"), TARGET)
    with stage.wire() as wire:
        for _ in range(4):
            assert wire.ask(call).status == 200
        version = stage.store.snapshot.policy.version if stage.store.snapshot else ""
        stage.change(change)
        wait_for(lambda: stage.store.snapshot is not None and stage.store.snapshot.policy.version != version)
        answer = wire.ask(call)
        assert (answer.status, stage.decision(answer.reference)["reason"]) == (status, reason), name


def test_a_key_that_is_taken_from_the_file_ends_its_tokens_at_once(own_stage: OwnStage, tmp_path: Path) -> None:
    stage = own_stage(with_issuers(tmp_path))
    call, other = bearer(of("j.devries"), TARGET), bearer(token(None, mint.P256, "ES256", kid="ec-1"), TARGET)
    with stage.wire() as wire:
        for _ in range(4):
            assert wire.ask(call).status == wire.ask(other).status == 200
        (tmp_path / KEYS).write_bytes(in_json({"keys": [jwk(mint.P256, "ec-1"), jwk(mint.STRANGERS, "rsa-2")]}))
        wait_for(lambda: wire.ask(call).status == 401)
        assert stage.decision(wire.ask(call).reference)["reason"] == "jwt_key_unknown"
        assert wire.ask(other).status == 200
        assert wire.ask(bearer(token(None, mint.STRANGERS, kid="rsa-2"), TARGET)).status == 200


class Provider:
    """A publisher of keys in a thread of its own."""

    def __init__(self) -> None:
        self.publisher = Publisher()
        self._loop = asyncio.new_event_loop()
        self._done = asyncio.Event()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._live)

    def __enter__(self) -> Publisher:
        self._thread.start()
        assert self._ready.wait(10)
        return self.publisher

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._done.set)
        self._thread.join(10)
        self._loop.close()

    def _live(self) -> None:
        async def play() -> None:
            async with publishing() as publisher:
                self.publisher = publisher
                self._ready.set()
                await self._done.wait()

        self._loop.run_until_complete(play())


def published(publisher: Publisher) -> Callable[[Configuration], None]:
    def change(content: Configuration) -> None:
        company = content["issuers"]["company"]
        del company["key_file"]
        company["issuer"] = publisher.base

    return change


def test_keys_are_fetched_and_what_is_wrong_with_them_is_told_and_not_punished(own_stage: OwnStage, tmp_path: Path) -> None:
    with Provider() as publisher:
        publisher.answer = web.Response(status=503)
        stage = own_stage(with_issuers(tmp_path, published(publisher)))
        text = token(claims(iss=publisher.base))
        answer = stage.send(bearer(text, TARGET))
        assert (answer.status, stage.decision(answer.reference)["reason"]) == (503, "jwt_keys_unavailable")
        assert stage.get(TARGET).status == 200  # classic tokens work on
        status, report = stage.admin("/readyz")
        assert status == 200
        assert json.loads(report)["issuers"]["company"] == {
            "keys": 0,
            "age_seconds": None,
            "problem": "the keys are not given: status 503",
        }
        publisher.answer = None
        wait_for(lambda: stage.send(bearer(text, TARGET)).status == 200)
        assert stage.send(bearer(text, TARGET)).rows == expected_rows(TARGET, "j.devries")
        asked = len(publisher.asked)
        for number in range(20):
            answer = stage.send(bearer(token(claims(iss=publisher.base), kid=f"no-{number}"), TARGET))
            assert stage.decision(answer.reference)["reason"] == "jwt_key_unknown"
        assert len(publisher.asked) <= asked + 2 * Rhythm().at_once  # each time metadata and keys
        metrics = stage.admin("/metrics")[1]
        assert 'sidecar_issuer_keys{issuer="company"} 5.0' in metrics
        assert 'sidecar_issuer_key_fetches_total{issuer="company",outcome="failure"}' in metrics


def test_nothing_that_a_token_points_to_is_ever_fetched(own_stage: OwnStage, tmp_path: Path) -> None:
    with Provider() as publisher:
        publisher.keys = in_json({"keys": [jwk(mint.STRANGERS, "evil")]})
        stage = own_stage(with_issuers(tmp_path))
        for header in ({"jku": f"{publisher.base}/keys"}, {"x5u": f"{publisher.base}/keys"}, {"kid": f"{publisher.base}/keys"}):
            assert stage.send(bearer(token(None, mint.STRANGERS, **header), TARGET)).status == 401
        forged = {**claims(), "iss": publisher.base}
        assert stage.send(bearer(token(forged, mint.STRANGERS, kid="evil"), TARGET)).status == 401
        assert publisher.asked == []
