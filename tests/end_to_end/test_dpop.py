"""JWTs that are bound to a key of the app's (DPoP, RFC 9449) prove nothing without a proof of that key, made for this very request."""

import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.harness.configuration import BASE, Configuration, authorization, configuration, token_xml, write
from tests.end_to_end.harness.identity import with_issuers
from tests.end_to_end.harness.oracle import expected_rows, rows_target
from tests.end_to_end.harness.program import program as command
from tests.end_to_end.harness.proving import PUBLIC_URL, bound_token, proof, taking_proofs
from tests.end_to_end.harness.rows import FILES
from tests.end_to_end.harness.signing_in import BOUND, believing, knows, program
from tests.end_to_end.harness.soap import BASE as SOAP_BASE
from tests.end_to_end.harness.soap import envelope, rows_of_answer
from tests.end_to_end.harness.stage import OwnStage, Stage, staged, wait_for
from tests.end_to_end.harness.wire import Answer, request
from tests.end_to_end.test_workers import ARGUMENTS, wires_of
from tests.identity_provider.provider import identity_provider
from tests.jwt.mint import P256, P384, b64, claims, jwk, token

TARGET = rows_target()
SERVICE = f"{SOAP_BASE}/AppConnectorGet.asmx"
MESSAGE = envelope("GetData", {"connectorId": "Profit_Hours", "skip": "-1", "take": "-1"})
UPDATE = f"{BASE}/connectors/PtRealization"
BODY = b'{"PtRealization":{"Element":{"Fields":{"DaTi":"2026-11-25"}}}}'
FILE = f"{BASE}/fileconnector/{FILES[0]['FileId']}/a.pdf"
ALGS = 'algs="RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 EdDSA"'
BAD_PROOF, BAD_TOKEN = f'DPoP error="invalid_dpop_proof", {ALGS}', f'DPoP error="invalid_token", {ALGS}'


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("stage"), with_issuers(tmp_path_factory.mktemp("keys"), taking_proofs())) as running:
        yield running


@pytest.fixture
def stage(shared: Stage) -> Stage:
    shared.backend.take()
    return shared


def proven(text: str, target: str = TARGET, verb: str = "GET", *headers: str, body: bytes | None = None, **changes: Any) -> bytes:
    """A request with this token and a sound proof, or one with changes."""
    return request(verb, target, f"DPoP {text}", f"DPoP: {proof(text, target, verb, **changes)}", *headers, body=body)


def judged(stage: Stage, answer: Answer) -> tuple[int, str]:
    return answer.status, stage.decision(answer.reference).get("reason", "")


def test_a_token_and_a_proof_for_each_request_do_all_that_a_classic_token_does(stage: Stage) -> None:
    text = bound_token()
    with stage.wire() as wire:
        for target in (TARGET, TARGET, rows_target(skip=3, take=3), TARGET):
            answer = wire.ask(proven(text, target))
            assert answer.rows == expected_rows(target, "j.devries")
    line = stage.decision(answer.reference)
    assert (line["user"], line["issuer"], line["bound_to"]) == ("j.devries", "company", "key")
    soap = stage.send(proven(text, SERVICE, "POST", "Content-Type: text/xml; charset=utf-8", body=MESSAGE))
    assert rows_of_answer(soap) == rows_of_answer(stage.soap("AppConnectorGet.asmx", MESSAGE)) != []
    assert stage.send(proven(text, UPDATE, "POST", "Content-Type: application/json", body=BODY)).status == 201
    for target in (FILE, f"{BASE}/metainfo", f"{BASE}/profitversion"):
        assert stage.send(proven(text, target)).status == 200, target
    for received in stage.backend.take():
        assert text not in repr(received)
        assert b"dpop" not in repr(received).lower().encode()
    assert text not in "".join(stage.lines)


def sent(text: str, *headers: str, scheme: str = "DPoP", target: str = TARGET) -> bytes:
    return request("GET", target, f"{scheme} {text}", *headers)


def _with_private_key(text: str) -> bytes:
    private = {**jwk(P256, None), "d": b64(P256.private_numbers().private_value.to_bytes(32, "big"))}
    return proven(text, header={"jwk": private})


def _unsigned(text: str) -> bytes:
    return sent(text, f"DPoP: {proof(text, TARGET, header={'alg': 'none'}).rpartition('.')[0]}.")


def _public_key_as_secret() -> bytes:
    return json.dumps(jwk(P256, None), separators=(",", ":")).encode()


ATTACKS: dict[str, tuple[Callable[[str], bytes], int, str, str]] = {
    "no proof": (lambda text: sent(text), 401, "dpop_proof", BAD_PROOF),
    "an empty proof": (lambda text: sent(text, "DPoP: "), 401, "dpop_proof", BAD_PROOF),
    "no JWT as proof": (lambda text: sent(text, "DPoP: a.b.c"), 401, "dpop_proof", BAD_PROOF),
    "the token as proof": (lambda text: sent(text, f"DPoP: {text}"), 401, "dpop_proof", BAD_PROOF),
    "of another key": (lambda text: proven(text, key=P384, alg="ES384"), 401, "dpop_proof", BAD_PROOF),
    "signed by another key": (
        lambda text: proven(text, key=P384, alg="ES384", header={"jwk": jwk(P256, None)}),
        401,
        "dpop_proof",
        BAD_PROOF,
    ),
    "for another verb": (lambda text: proven(text, htm="POST"), 401, "dpop_proof", BAD_PROOF),
    "for another path": (lambda text: proven(text, htu=f"{PUBLIC_URL}{BASE}/connectors/Profit_Ledger"), 401, "dpop_proof", BAD_PROOF),
    "for another server": (
        lambda text: proven(text, htu=f"https://app.example{BASE}/connectors/Profit_Hours"),
        401,
        "dpop_proof",
        BAD_PROOF,
    ),
    "for http": (
        lambda text: proven(text, htu=f"http://connectors.example.com{BASE}/connectors/Profit_Hours"),
        401,
        "dpop_proof",
        BAD_PROOF,
    ),
    "for another token": (lambda text: proven(text, ath=b64(bytes(32))), 401, "dpop_proof", BAD_PROOF),
    "for no token": (lambda text: proven(text, ath=None), 401, "dpop_proof", BAD_PROOF),
    "too old": (lambda text: proven(text, iat=int(time.time()) - 61), 401, "dpop_proof", BAD_PROOF),
    "from the future": (lambda text: proven(text, iat=int(time.time()) + 30), 401, "dpop_proof", BAD_PROOF),
    "without id": (lambda text: proven(text, jti=None), 401, "dpop_proof", BAD_PROOF),
    "with the private key": (_with_private_key, 401, "dpop_proof", BAD_PROOF),
    "alg none": (lambda text: proven(text, header={"alg": "none"}), 401, "dpop_proof", BAD_PROOF),
    "alg none, without signature": (_unsigned, 401, "dpop_proof", BAD_PROOF),
    "without signature": (lambda text: sent(text, f"DPoP: {proof(text, TARGET).rpartition('.')[0]}."), 401, "dpop_proof", BAD_PROOF),
    "alg HS256": (lambda text: proven(text, key=_public_key_as_secret(), alg="HS256"), 401, "dpop_proof", BAD_PROOF),
    "an access token's type": (lambda text: proven(text, header={"typ": "at+jwt"}), 401, "dpop_proof", BAD_PROOF),
    "two proofs": (
        lambda text: sent(text, f"DPoP: {proof(text, TARGET)}", f"dpop: {proof(text, TARGET)}"),
        400,
        "repeated_header",
        "",
    ),
    "two proofs in one header": (
        lambda text: sent(text, f"DPoP: {proof(text, TARGET)}, {proof(text, TARGET)}"),
        401,
        "dpop_proof",
        BAD_PROOF,
    ),
    "as bearer": (lambda text: sent(text, scheme="Bearer"), 401, "jwt_as_bearer", BAD_TOKEN),
    "as bearer, with a proof": (
        lambda text: sent(text, f"DPoP: {proof(text, TARGET)}", scheme="Bearer"),
        401,
        "jwt_as_bearer",
        BAD_TOKEN,
    ),
    "as a user token": (lambda text: sent(text, f"DPoP: {proof(text, TARGET)}", scheme="AfasToken"), 401, "token_malformed", "AfasToken"),
    "a token that is bound to nothing": (lambda _: proven(token(claims())), 401, "dpop_proof", BAD_PROOF),
    "an expired token": (lambda _: proven(bound_token(exp=int(time.time()) - 600)), 401, "jwt_expired", BAD_TOKEN),
    "an expired token, as bearer": (
        lambda _: sent(bound_token(exp=int(time.time()) - 600), scheme="Bearer"),
        401,
        "jwt_expired",
        'Bearer error="invalid_token"',
    ),
    "no token": (lambda _: sent("", f"DPoP: {proof('', TARGET)}"), 401, "jwt_malformed", BAD_TOKEN),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_whoever_can_not_prove_the_key_is_refused(stage: Stage, name: str) -> None:
    make, status, reason, challenge = ATTACKS[name]
    text = bound_token()
    for _ in range(2):  # the second time, the token is known
        answer = stage.send(make(text))
        assert (*judged(stage, answer), answer.header("WWW-Authenticate")) == (status, reason, challenge)
        assert stage.send(proven(text)).status == 200
    assert len(stage.backend.take()) == 2


def test_the_host_that_a_client_names_says_nothing(stage: Stage) -> None:
    text = bound_token()
    elsewhere = proven(text, htu=f"https://evil.example{BASE}/connectors/Profit_Hours")
    assert judged(stage, stage.send(elsewhere.replace(b"app.example", b"evil.example"))) == (401, "dpop_proof")


@pytest.mark.parametrize("scheme", ["DPoP", "dpop", "DPOP"])
def test_a_scheme_is_the_same_in_any_letter_case(stage: Stage, scheme: str) -> None:
    text = bound_token()
    assert stage.send(sent(text, f"dpop: {proof(text, TARGET)}", scheme=scheme)).rows == expected_rows(TARGET, "j.devries")


def test_no_request_is_served_from_what_is_remembered_of_others(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even if a proof counted more than once."""
    taken: list[bytes] = []
    monkeypatch.setattr("sidecar.issuers.proofs_seen.ProofsSeen.take", lambda _, proof, ticks: taken.append(proof))
    once = proven(bound_token())
    with stage.wire() as wire:
        assert [wire.ask(once).status for _ in range(6)] == [200] * 6
    assert len(taken) == 6


@pytest.mark.parametrize("again", ["on the same connection", "on another"])
def test_the_same_bytes_a_second_time_are_refused(stage: Stage, again: str) -> None:
    text = bound_token()
    with stage.wire() as wire, stage.wire() as other:
        for _ in range(4):  # so often that other requests would be remembered by now
            once = proven(text)
            assert wire.ask(once).status == 200
            for _ in range(4):
                answer = (wire if again == "on the same connection" else other).ask(once)
                assert (*judged(stage, answer), answer.header("WWW-Authenticate")) == (401, "dpop_replayed", BAD_PROOF)


@pytest.mark.parametrize(
    ("target", "verb", "body", "kind"),
    [(UPDATE, "POST", BODY, "application/json"), (FILE, "GET", None, ""), (SERVICE, "POST", MESSAGE, "text/xml; charset=utf-8")],
)
def test_what_is_judged_several_times_takes_one_proof_and_takes_it_once(
    stage: Stage, target: str, verb: str, body: bytes | None, kind: str
) -> None:
    text = bound_token()
    once = proven(text, target, verb, *([f"Content-Type: {kind}"] if kind else []), body=body)
    assert stage.send(once).status in (200, 201)
    arrived = len(stage.backend.take())
    answer = stage.send(once)
    assert stage.decision(answer.reference)["reason"] == "dpop_replayed"
    assert answer.status == (500 if target == SERVICE else 401)
    assert arrived > 0
    assert stage.backend.take() == []


def test_a_proof_for_one_call_is_no_proof_for_another_with_the_same_headers(stage: Stage) -> None:
    text = bound_token()
    used = proof(text, TARGET)
    with stage.wire() as wire:
        assert wire.ask(sent(text, f"DPoP: {used}")).status == 200
        assert judged(stage, wire.ask(sent(text, f"DPoP: {used}", target=rows_target(skip=3, take=3)))) == (401, "dpop_replayed")
        other = rows_target("Profit_Countries")
        assert judged(stage, wire.ask(sent(text, f"DPoP: {proof(text, TARGET)}", target=other))) == (401, "dpop_proof")


def test_a_header_with_a_proof_beside_other_credentials_says_nothing(stage: Stage) -> None:
    text = token(claims())
    for credential in (authorization("j.devries"), f"Bearer {text}"):
        assert stage.send(request("GET", TARGET, credential, "DPoP: nonsense")).rows == expected_rows(TARGET, "j.devries")
    in_message = MESSAGE.replace(b"<connectorId>", f"<token>{token_xml('j.devries')}</token><connectorId>".encode())
    assert in_message != MESSAGE
    answer = stage.send(proven(bound_token(), SERVICE, "POST", "Content-Type: text/xml; charset=utf-8", body=in_message))
    assert stage.decision(answer.reference)["decision"] == "deny"


@pytest.mark.parametrize(
    ("dpop", "unbound", "bound"),
    [
        ("off", (200, ""), (401, "jwt_bound")),
        ("allowed", (200, ""), (200, "")),
        ("required", (401, "jwt_unbound"), (200, "")),
    ],
)
def test_an_issuer_says_whether_its_tokens_may_or_must_be_bound(
    own_stage: OwnStage, tmp_path: Path, dpop: str, unbound: tuple[int, str], bound: tuple[int, str]
) -> None:
    stage = own_stage(with_issuers(tmp_path, taking_proofs(dpop)))
    for _ in range(3):
        assert judged(stage, stage.send(sent(token(claims()), scheme="Bearer"))) == unbound
        assert judged(stage, stage.send(proven(bound_token()))) == bound
        assert stage.send(sent(bound_token(), scheme="Bearer")).status == 401


def test_a_change_of_the_configuration_counts_for_tokens_that_are_known(own_stage: OwnStage, tmp_path: Path) -> None:
    stage = own_stage(with_issuers(tmp_path, taking_proofs()))
    bound, unbound = bound_token(), token(claims())

    def outcomes() -> tuple[tuple[int, str], tuple[int, str]]:
        return judged(stage, stage.send(proven(bound))), judged(stage, stage.send(sent(unbound, scheme="Bearer")))

    def dpop(mode: str) -> Callable[[Configuration], None]:
        return lambda content: content["issuers"]["company"].update(dpop=mode)

    assert outcomes() == outcomes() == ((200, ""), (200, ""))
    stage.change(dpop("required"))
    wait_for(lambda: outcomes() == ((200, ""), (401, "jwt_unbound")))
    stage.change(dpop("off"))
    wait_for(lambda: outcomes() == ((401, "jwt_bound"), (200, "")))
    stage.change(dpop("allowed"))
    wait_for(lambda: outcomes() == ((200, ""), (200, "")))
    stage.change(lambda content: content.update(public_urls=["https://moved.example.com"]))
    wait_for(lambda: outcomes() == ((401, "dpop_proof"), (200, "")))


def test_in_shadow_too(own_stage: OwnStage, tmp_path: Path) -> None:
    def change(content: Configuration) -> None:
        taking_proofs()(content)
        content["app_connectors"]["hours"]["enforcement"] = "shadow"

    stage = own_stage(with_issuers(tmp_path, change))
    text = bound_token()
    for asked in (proven(text), proven(text, UPDATE, "POST", "Content-Type: application/json", body=BODY)):
        assert stage.send(asked).status in (200, 201)
        assert judged(stage, stage.send(asked)) == (401, "dpop_replayed")
    assert judged(stage, stage.send(sent(text, scheme="Bearer"))) == (401, "jwt_as_bearer")


@pytest.mark.skipif(not hasattr(socket, "SO_REUSEPORT"), reason="an address can't be shared here")
def test_a_proof_counts_once_among_all_workers(own_stage: OwnStage, tmp_path: Path) -> None:
    stage = own_stage()
    content = configuration(stage.backend.port)
    with_issuers(tmp_path, taking_proofs())(content)
    write(tmp_path / "run.yaml", content)
    with command(tmp_path, tmp_path / "run.yaml", ARGUMENTS) as running, ExitStack() as stack:
        first, second = wires_of(running, stack).values()
        text = bound_token()
        for one, other in ((first, second), (second, first)):
            once = proven(text)
            assert one.ask(once).status == 200
            assert (other.ask(once).status, one.ask(once).status) == (401, 401)
            assert other.ask(proven(text)).status == 200


def test_with_a_real_provider(own_stage: OwnStage, tmp_path: Path) -> None:
    folder = tmp_path / "provider"
    folder.mkdir()

    def change(content: Configuration, issuer: str) -> None:
        believing(content, issuer, dpop="allowed")
        content["public_urls"] = [PUBLIC_URL]

    with identity_provider(folder, knows()) as provider:
        stage = own_stage(partial(change, issuer=provider.issuer))
        app, stranger = program(provider, BOUND), program(provider, BOUND)
        tokens = app.itself()
        assert tokens.kind == "DPoP"
        url = PUBLIC_URL + TARGET.partition("?")[0]
        assert app.proof_key is not None
        assert stranger.proof_key is not None

        def ask(made: str) -> Answer:
            return stage.send(sent(tokens.access, f"DPoP: {made}"))

        for _ in range(3):
            used = app.proof_key.proof("GET", url, tokens.access)
            answer = ask(used)
            assert answer.rows == expected_rows(TARGET, "m.jansen")
            assert stage.decision(answer.reference)["user"] == BOUND
            assert judged(stage, ask(used)) == (401, "dpop_replayed")
        for made in (
            stranger.proof_key.proof("GET", url, tokens.access),
            app.proof_key.proof("GET", url, stranger.itself().access),
            app.proof_key.proof("GET", url),
            app.proof_key.proof("POST", url, tokens.access),
            app.proof_key.proof("GET", f"{url}s", tokens.access),
            app.proof_key.proof("GET", url, tokens.access, iat=int(time.time()) - 100),
        ):
            assert judged(stage, ask(made)) == (401, "dpop_proof")
        assert judged(stage, stage.send(sent(tokens.access, scheme="Bearer"))) == (401, "jwt_as_bearer")
