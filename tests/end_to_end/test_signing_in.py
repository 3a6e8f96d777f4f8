"""Apps that sign in with an identity provider: a real one, over sockets, and the same rows as with a classic token."""

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any

import pytest
import trustme

from sidecar.issuers.provider_keys import Rhythm
from tests.end_to_end.harness.configuration import BASE, OUTSIDERS, Configuration, authorization, configuration, write
from tests.end_to_end.harness.oracle import expected_rows, rows_target
from tests.end_to_end.harness.program import program as command
from tests.end_to_end.harness.rows import FILES, PEOPLE
from tests.end_to_end.harness.signing_in import (
    BOUND,
    CERTIFIED,
    ELSEWHERE,
    PHONE,
    SECRET,
    STRANGER,
    SYNC,
    SYNC_BY_KEY,
    bearer,
    believing,
    knows,
    phone,
    program,
)
from tests.end_to_end.harness.soap import BASE as SOAP_BASE
from tests.end_to_end.harness.soap import envelope, rows_of_answer
from tests.end_to_end.harness.stage import OwnStage, Stage, staged, wait_for
from tests.end_to_end.harness.wire import Answer, request
from tests.identity_provider.app import App
from tests.identity_provider.provider import IdentityProvider, identity_provider

TARGETS = (
    rows_target(),
    rows_target(skip=-1, take=-1),
    rows_target(filterfieldids="Uren", filtervalues="4", operatortypes="2", skip=-1, take=-1),
    rows_target("Profit_Ledger", orderbyfieldids="-Id", take=20, skip=3),
    rows_target("Profit_Countries"),
)
UPDATE = f"{BASE}/connectors/PtRealization"
BODY = b'{"PtRealization":{"Element":{"Fields":{"DaTi":"2026-11-25"}}}}'
MESSAGE = envelope("GetData", {"connectorId": "Profit_Hours", "skip": "-1", "take": "-1"})


@pytest.fixture(scope="module")
def lasting_provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[IdentityProvider]:
    with identity_provider(tmp_path_factory.mktemp("provider"), knows()) as running:
        yield running


@pytest.fixture(scope="module")
def lasting_stage(lasting_provider: IdentityProvider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("stage"), partial(believing, issuer=lasting_provider.issuer)) as stage:
        yield stage


@pytest.fixture(autouse=True)
def _keys_are_fetched_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests have no ten minutes to wait until a key counts no more that the provider has taken back."""
    monkeypatch.setattr("sidecar.issuers.provider_keys.Rhythm", partial(Rhythm, refresh=0.5, first_retry=0.05, last_retry=0.2))


@pytest.fixture
def provider(tmp_path: Path) -> Iterator[IdentityProvider]:
    """One for the test alone, which may do what it likes with it."""
    folder = tmp_path / "provider"
    folder.mkdir()
    with identity_provider(folder, knows({"e.mpty": ["ICT"], "j.devries": ["HR"]})) as running:
        yield running


def ask(stage: Stage, token: str, target: str = TARGETS[0]) -> Answer:
    return stage.send(request("GET", target, bearer(token)))


@pytest.mark.parametrize("user", sorted(PEOPLE))
def test_who_signs_in_gets_the_rows_that_his_classic_token_gets(stage: Stage, lasting_provider: IdentityProvider, user: str) -> None:
    token = phone(lasting_provider).sign_in(user).access
    for target in TARGETS:
        answer, classic = ask(stage, token, target), stage.get(target, user)
        if answer.status == classic.status == 414:  # narrowed to what he may see, it is too long
            assert user == "b.oth"
            continue
        assert answer.rows == classic.rows == expected_rows(target, user)
    assert ask(stage, token).rows == expected_rows(TARGETS[0], user)  # the second time, it is known
    decision = stage.decision(answer.reference)
    assert (decision["user"], decision["app_connector"], decision["environment"]) == (user, "hours", "O12345AA")


def test_all_that_a_classic_token_is_good_for(stage: Stage, lasting_provider: IdentityProvider) -> None:
    proof = bearer(phone(lasting_provider).sign_in("j.devries").access)
    soap = request("POST", f"{SOAP_BASE}/AppConnectorGet.asmx", proof, "Content-Type: text/xml; charset=utf-8", body=MESSAGE)
    assert rows_of_answer(stage.send(soap)) == rows_of_answer(stage.soap("AppConnectorGet.asmx", MESSAGE)) != []
    assert stage.send(request("POST", UPDATE, proof, "Content-Type: application/json", body=BODY)).status == 201
    for target in ("metainfo", "metainfo/get/Profit_Hours", "metainfo/update/PtRealization", "profitversion"):
        classic = stage.get(f"{BASE}/{target}")
        answer = stage.send(request("GET", f"{BASE}/{target}", proof))
        assert (answer.status, classic.status) == (200, 200), target
        if target != "metainfo":
            assert answer.body == classic.body
    assert stage.send(request("GET", f"{BASE}/fileconnector/{FILES[0]['FileId']}/a.pdf", proof)).status == 200


@pytest.mark.parametrize("client", [SYNC, SYNC_BY_KEY])
def test_an_app_in_its_own_name_is_a_system_user(stage: Stage, lasting_provider: IdentityProvider, client: str) -> None:
    token = program(lasting_provider, client).itself().access
    answer = ask(stage, token, TARGETS[1])
    assert answer.rows == expected_rows(TARGETS[1], "m.jansen")
    assert stage.decision(answer.reference)["user"] == client


def test_a_refreshed_token_is_as_good(stage: Stage, lasting_provider: IdentityProvider) -> None:
    app = phone(lasting_provider)
    tokens = app.sign_in("b.oth", "openid email rows offline_access")
    again = app.refresh(tokens)
    assert tokens.access != again.access
    assert ask(stage, tokens.access).rows == ask(stage, again.access).rows == expected_rows(TARGETS[0], "b.oth")


def test_outsiders_stay_outside_whichever_way_they_come(stage: Stage, lasting_provider: IdentityProvider) -> None:
    for user in OUTSIDERS:
        answer = ask(stage, phone(lasting_provider).sign_in(user).access)
        classic = stage.get(TARGETS[0], user)
        assert (answer.status, classic.status) == (403, 403)
        assert stage.decision(answer.reference)["reason"] == stage.decision(classic.reference)["reason"]
    assert stage.backend.take() == []


def wrong_tokens(provider: IdentityProvider) -> dict[str, str]:
    """By what is wrong with them."""
    mine = phone(provider).sign_in("j.devries")
    certificate = trustme.CA().issue_cert("app.example").cert_chain_pems[0].bytes().decode()
    head, claims, signature = mine.access.split(".")
    return {
        "identifies the user, to the app": mine.identity,
        "is for another audience": phone(provider).sign_in("j.devries", audience=ELSEWHERE).access,
        "is of an app that is not listed": phone(provider, STRANGER).sign_in("j.devries").access,
        "is bound to a key, and comes as a bearer token": program(provider, BOUND).itself().access,
        "is bound to a certificate": App(provider.issuer, CERTIFIED, SECRET, certificate=certificate).itself().access,
        "refreshes": phone(provider).sign_in("j.devries", "openid rows offline_access").refresh,
        "is cut short": f"{head}.{claims}.{signature[:-4]}",
        "is of two halves": f"{head}.{phone(provider).sign_in('m.jansen').access.split('.')[1]}.{signature}",
    }


def test_other_tokens_of_the_same_provider_prove_nothing(stage: Stage, lasting_provider: IdentityProvider) -> None:
    answers = {wrong: ask(stage, token) for wrong, token in wrong_tokens(lasting_provider).items()}
    assert {wrong: answer.status for wrong, answer in answers.items()} == dict.fromkeys(answers, 401)
    unknown = ask(stage, phone(lasting_provider).sign_in("stranger").access)
    assert (unknown.status, stage.decision(unknown.reference)["reason"]) == (403, "user_unknown")
    assert stage.backend.take() == []


def test_nothing_that_was_shown_is_written_down(stage: Stage, lasting_provider: IdentityProvider) -> None:
    token = phone(lasting_provider).sign_in("j.devries").access
    wrong = wrong_tokens(lasting_provider).values()
    for each in (token, *wrong):
        assert stage.decision(ask(stage, each).reference)
    stage.backend.take()
    written = "".join(stage.lines) + stage.admin("/metrics")[1] + stage.admin("/readyz")[1]
    for each in (token, *wrong):
        assert not any(part in written for part in each.split(".") if len(part) > 8)


def test_a_request_with_both_proofs_is_refused(stage: Stage, lasting_provider: IdentityProvider) -> None:
    token = phone(lasting_provider).sign_in("j.devries").access
    both = request("GET", TARGETS[0], bearer(token), f"Authorization: {authorization('m.jansen')}")
    assert stage.send(both).status == 400
    assert stage.backend.take() == []


def test_claims_that_are_listed_give_attributes_that_the_policy_does_not(own_stage: OwnStage, provider: IdentityProvider) -> None:
    def telling(content: Configuration) -> None:
        believing(content, provider.issuer, attributes={"departments": "departments"})

    tokens = {user: phone(provider).sign_in(user).access for user in ("e.mpty", "j.devries")}
    stage = own_stage(telling)
    # p.bakker has the same groups, and in the policy what e.mpty's token says.
    assert ask(stage, tokens["e.mpty"], TARGETS[1]).rows == expected_rows(TARGETS[1], "p.bakker") != []
    assert stage.get(TARGETS[1], "e.mpty").rows == []
    assert ask(stage, tokens["j.devries"], TARGETS[1]).rows == expected_rows(TARGETS[1], "j.devries")
    assert stage.get(TARGETS[1], "e.mpty").rows == []

    silent = own_stage(partial(believing, issuer=provider.issuer))
    assert ask(silent, tokens["e.mpty"], TARGETS[1]).rows == []


def test_a_user_may_be_named_by_his_address(own_stage: OwnStage, provider: IdentityProvider) -> None:
    """Tokens of this provider tell the address of some only."""
    trusting = {"claim": "email", "by": "email", "trust_unverified_email": True}
    stage = own_stage(partial(believing, issuer=provider.issuer, user=trusting))
    assert ask(stage, phone(provider).sign_in("j.devries").access).rows == expected_rows(TARGETS[0], "j.devries")
    assert ask(stage, phone(provider).sign_in("m.jansen").access).status == 401


def changed(content: Configuration, change: str) -> None:
    """What takes a user's access away, one way or another."""
    issuer = content["issuers"]["provider"]
    match change:
        case "user blocked":
            content["users"]["j.devries"]["blocked"] = True
        case "app connector blocked":
            content["app_connectors"]["hours"]["blocked"] = True
        case "client not listed":
            del issuer["app_connector"]["clients"][PHONE]
        case "another audience":
            issuer["audiences"] = [ELSEWHERE]
        case "another algorithm":
            issuer["algorithms"] = ["ES256"]
        case "another claim":
            issuer["required_claims"] = ["tid"]
        case "no issuer":
            del content["issuers"]


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ("user blocked", 403),
        ("app connector blocked", 403),
        ("client not listed", 401),
        ("another audience", 401),
        ("another algorithm", 401),
        ("another claim", 401),
        ("no issuer", 401),
    ],
)
def test_a_change_of_policy_counts_for_tokens_that_are_known(
    own_stage: OwnStage, provider: IdentityProvider, change: str, status: int
) -> None:
    stage = own_stage(partial(believing, issuer=provider.issuer))
    token = phone(provider).sign_in("j.devries").access
    with stage.wire() as wire:
        ours = request("GET", TARGETS[0], bearer(token))
        for _ in range(4):
            assert wire.ask(ours).status == 200
        stage.change(partial(changed, change=change))
        wait_for(lambda: wire.ask(ours).status == status)


class Callers:
    """Requests without a break, by several at a time, and what came of them."""

    def __init__(self, stage: Stage, token: str) -> None:
        self.statuses: list[int] = []
        self._stage, self._request, self._over = stage, request("GET", TARGETS[0], bearer(token)), Event()
        self._threads = ThreadPoolExecutor(4)

    def __enter__(self) -> "Callers":
        self._calls = [self._threads.submit(self._call) for _ in range(4)]
        return self

    def _call(self) -> None:
        with self._stage.wire() as wire:
            while not self._over.is_set():
                self.statuses.append(wire.ask(self._request).status)

    def __exit__(self, *_: Any) -> None:
        self._over.set()
        self._threads.shutdown()
        for call in self._calls:
            call.result()


def test_the_provider_changes_its_keys_while_requests_run(own_stage: OwnStage, provider: IdentityProvider) -> None:
    stage = own_stage(partial(believing, issuer=provider.issuer))
    old = phone(provider).sign_in("j.devries").access
    with Callers(stage, old) as callers:
        provider.use_keys("first", "second")
        provider.use_keys("second", "first")
        new = phone(provider).sign_in("j.devries").access
        assert ask(stage, new).rows == expected_rows(TARGETS[0], "j.devries")
    assert set(callers.statuses) == {200}
    with Callers(stage, new) as callers:
        provider.use_keys("second")
        wait_for(lambda: ask(stage, old).status == 401)
    assert set(callers.statuses) == {200}


def test_the_provider_is_down_for_a_while(own_stage: OwnStage, provider: IdentityProvider) -> None:
    stage = own_stage(partial(believing, issuer=provider.issuer))
    known, unknown = (phone(provider).sign_in("j.devries").access for _ in range(2))
    assert ask(stage, known).status == 200
    provider.go_down()
    with Callers(stage, known) as callers:
        wait_for(lambda: "ClientConnectorError" in stage.admin("/readyz")[1])  # the keys could not be fetched anew
        assert ask(stage, unknown).rows == expected_rows(TARGETS[0], "j.devries")
    assert set(callers.statuses) == {200}
    provider.use_keys("second")
    provider.come_up()
    new = phone(provider).sign_in("j.devries").access
    wait_for(lambda: ask(stage, new).status == 200)


def test_a_token_ends_when_it_ends(own_stage: OwnStage, provider: IdentityProvider) -> None:
    stage = own_stage(partial(believing, issuer=provider.issuer, leeway=0))
    provider.let_tokens_hold(2)
    token = phone(provider).sign_in("j.devries").access
    with stage.wire() as wire:
        ours = request("GET", TARGETS[0], bearer(token))
        assert wire.ask(ours).status == 200
        wait_for(lambda: wire.ask(ours).status == 401)


def test_the_provider_is_down_at_the_start(own_stage: OwnStage, provider: IdentityProvider) -> None:
    token = phone(provider).sign_in("j.devries").access
    provider.go_down()
    stage = own_stage(partial(believing, issuer=provider.issuer))
    assert ask(stage, token).status == 503
    assert stage.get(TARGETS[0]).status == 200
    provider.come_up()
    wait_for(lambda: ask(stage, token).status == 200)


@pytest.mark.skipif(not hasattr(socket, "SO_REUSEPORT"), reason="an address can't be shared here")
def test_each_of_several_workers_knows_the_provider(own_stage: OwnStage, provider: IdentityProvider, tmp_path: Path) -> None:
    content = configuration(own_stage().backend.port)
    believing(content, provider.issuer)
    write(tmp_path / "run.yaml", content)
    token = phone(provider).sign_in("j.devries").access
    with command(tmp_path, tmp_path / "run.yaml", ("--workers", "2", "--log-format", "json")) as running:
        for _ in range(20):
            with running.wire() as wire:
                assert wire.ask(request("GET", TARGETS[0], bearer(token))).rows == expected_rows(TARGETS[0], "j.devries")
