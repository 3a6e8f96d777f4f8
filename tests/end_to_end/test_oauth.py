"""Apps with classic tokens in front, OAuth to the backend: the token endpoint and the backend each check for themselves."""

import json
import ssl
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import jwt
import pytest
import trustme
from aiohttp import web
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from sidecar import service
from sidecar.proxy.backend_credentials import BackendCredentials
from sidecar.proxy.backend_token import Pace
from sidecar.store.snapshot import Snapshot
from tests.end_to_end.harness import faults
from tests.end_to_end.harness.configuration import BASE, Configuration, authorization, configuration, token_data, token_xml, write
from tests.end_to_end.harness.oracle import expected_rows, rows_target
from tests.end_to_end.harness.program import program
from tests.end_to_end.harness.rows import FILES
from tests.end_to_end.harness.soap import BASE as SOAP_BASE
from tests.end_to_end.harness.soap import envelope, rows_of_answer
from tests.end_to_end.harness.stage import OwnStage, Stage, staged, wait_for
from tests.end_to_end.harness.token_endpoint import (
    ALGORITHMS,
    CLIENT,
    CLIENT_SECRET,
    Behaviour,
    TokenEndpoint,
    new_keys,
    token_endpoint,
)
from tests.end_to_end.harness.wire import Answer, request

TARGET = rows_target()
UPDATE = f"{BASE}/connectors/PtRealization"
BODY = b'{"PtRealization":{"Element":{"Fields":{"DaTi":"2026-11-25"}}}}'
MANY = 100
KEYS = new_keys()
MESSAGE = envelope("GetData", {"connectorId": "Profit_Hours", "skip": "-1", "take": "-1"})
CALLS: dict[str, tuple[str, str, bytes | None]] = {
    "rows": ("GET", TARGET, None),
    "metainfo": ("GET", f"{BASE}/metainfo", None),
    "file": ("GET", f"{BASE}/fileconnector/{'a1' * 16}/x.pdf", None),
    "update": ("POST", UPDATE, BODY),
    "large update": ("POST", UPDATE, BODY.replace(b"2026-11-25", b"x" * 300_000)),
    "soap": ("POST", f"{SOAP_BASE}/AppConnectorGet.asmx", MESSAGE),
}


@pytest.fixture
def endpoint() -> Iterator[TokenEndpoint]:
    with token_endpoint() as running:
        running.keys = KEYS
        yield running


@pytest.fixture(autouse=True)
def pace(monkeypatch: pytest.MonkeyPatch) -> None:
    at_a_run(monkeypatch)


def at_a_run(monkeypatch: pytest.MonkeyPatch, **pace: float) -> None:
    """Pauses for tests, which have no hour to wait."""
    quick: dict[str, float] = {"first_pause": 0.05, "longest_pause": 0.2, "least_interval": 0.02, "between_renewals": 60.0} | pace
    monkeypatch.setattr(service, "BackendCredentials", partial(BackendCredentials, pace=Pace(**quick)))


def by_secret(endpoint: TokenEndpoint, folder: Path, **more: Any) -> dict[str, Any]:
    (folder / "client-secret").write_text(f"{endpoint.secret}\n")
    return {"client_id": CLIENT, "client_secret": {"file": str(folder / "client-secret")}, "token_url": endpoint.url, **more}


def by_key(endpoint: TokenEndpoint, folder: Path, algorithm: str, **more: Any) -> dict[str, Any]:
    pem = KEYS[algorithm].private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "key.pem").write_bytes(pem)
    oauth = {"client_id": CLIENT, "private_key": {"file": str(folder / "key.pem")}, "token_url": endpoint.url}
    return {**oauth, "algorithm": algorithm, **more}


def with_oauth(oauth: dict[str, Any]) -> Any:
    def change(content: Configuration) -> None:
        content["environments"]["O12345AA"]["credential"] = {"oauth": oauth}

    return change


@pytest.fixture
def oauth_stage(own_stage: OwnStage, endpoint: TokenEndpoint, tmp_path: Path) -> Any:
    """Starts a stage whose backend takes tokens of the endpoint only."""

    def start(oauth: dict[str, Any] | None = None) -> Stage:
        stage = own_stage(with_oauth(by_secret(endpoint, tmp_path) if oauth is None else oauth))
        stage.backend.script = endpoint.guarding(stage.backend)
        return stage

    return start


def call(stage: Stage, kind: str = "rows") -> Answer:
    verb, target, body = CALLS[kind]
    return stage.call(verb, target, body, *(["Content-Type: text/xml; charset=utf-8"] if kind == "soap" else []))


def refused(stage: Stage, answer: Answer) -> str:
    """The detail that the log has, of a call that failed for want of a token; the client sees nothing of it."""
    status = 500 if b"Envelope" in answer.body else 502
    assert answer.status == status, (answer.status, answer.body)
    assert answer.header("WWW-Authenticate") == ""
    assert b"token" not in answer.body.lower()
    line = stage.decision(answer.reference)
    assert (line["reason"], line["status"]) == ("backend_credential", status)
    detail: str = line["detail"]
    return detail


def readiness(stage: Stage) -> dict[str, Any]:
    status, text = stage.admin("/readyz")
    assert status == 200
    told: dict[str, Any] = json.loads(text)["backend_credentials"]["O12345AA"]
    return told


def metric(stage: Stage, name: str) -> float:
    lines = [line for line in stage.admin("/metrics")[1].splitlines() if line.startswith(name)]
    return sum(float(line.rpartition(" ")[2]) for line in lines)


# The way it should go


@pytest.mark.parametrize("proof", ["body", "basic", *ALGORITHMS])
def test_an_app_with_a_classic_token_is_served_by_a_backend_that_takes_oauth_only(
    oauth_stage: Any, endpoint: TokenEndpoint, tmp_path: Path, proof: str
) -> None:
    oauth = by_key(endpoint, tmp_path, proof) if proof in ALGORITHMS else by_secret(endpoint, tmp_path, client_auth=proof)
    stage = oauth_stage(oauth)
    assert stage.get(TARGET).rows == expected_rows(TARGET, "j.devries")
    for kind in CALLS:
        assert call(stage, kind).status < 300, kind
    assert len(endpoint.asked) == 1
    assert [asked["grant_type"] for asked in endpoint.asked] == ["client_credentials"]
    received = stage.backend.received
    assert {value for each in received for value in each.values("Authorization")} == {f"Bearer {token}" for token in endpoint.tokens}
    assert all(len(each.values("Authorization")) == 1 and each.values("DPoP") == [] for each in received)
    assert [each.body for each in received if len(each.body) > 200_000] == [CALLS["large update"][2]]


@pytest.mark.parametrize("proven_in", ["header", "message"])
def test_soap_takes_the_token_in_the_header_wherever_the_app_has_its_own(oauth_stage: Any, endpoint: TokenEndpoint, proven_in: str) -> None:
    stage = oauth_stage()
    arguments = {"token": token_xml("j.devries")} if proven_in == "message" else {}
    message = envelope("GetData", {**arguments, "connectorId": "Profit_Hours", "skip": "-1", "take": "-1"})
    answer = stage.soap("AppConnectorGet.asmx", message, None if proven_in == "message" else "j.devries")
    assert len(rows_of_answer(answer)) == len(expected_rows(rows_target(skip=-1, take=-1), "j.devries")) > 0
    (received,) = stage.backend.received
    assert received.values("Authorization") == [f"Bearer {token}" for token in endpoint.tokens]
    assert b"token" not in received.body.lower()


@pytest.mark.parametrize("mode", ["sample", "enforce"])
def test_rows_are_guarded_also_after_a_refused_token(own_stage: OwnStage, endpoint: TokenEndpoint, tmp_path: Path, mode: str) -> None:
    def change(content: Configuration) -> None:
        with_oauth(by_secret(endpoint, tmp_path))(content)
        content["app_connectors"]["hours"]["row_guard"] = mode

    endpoint.open.clear()
    stage = own_stage(change)
    stage.backend.script = endpoint.guarding(stage.backend)
    with ThreadPoolExecutor() as people:
        first = people.submit(call, stage)
        wait_for(lambda: metric(stage, "sidecar_in_flight_requests") == 1)
        endpoint.open.set()
        assert first.result().rows == expected_rows(TARGET, "j.devries")
    endpoint.revoke()
    answer = stage.get(TARGET, "p.bakker")
    assert answer.rows == expected_rows(TARGET, "p.bakker")
    assert len(endpoint.asked) == 2
    assert stage.decision(answer.reference)["rows_checked"] == len(answer.rows)


def test_the_token_endpoint_is_believed_by_the_same_authorities_as_the_backend(tmp_path: Path) -> None:
    ours, others = trustme.CA(), trustme.CA()
    ours.cert_pem.write_to_path(tmp_path / "ours.pem")
    others.cert_pem.write_to_path(tmp_path / "others.pem")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ours.issue_cert("127.0.0.1").configure_cert(tls)
    with token_endpoint(tls) as guarded:

        def believing(authority: str, content: Configuration) -> None:
            with_oauth(by_secret(guarded, tmp_path))(content)
            content["environments"]["O12345AA"]["ca_file"] = str(tmp_path / authority)

        with staged(tmp_path, partial(believing, "ours.pem")) as stage:
            stage.backend.script = guarded.guarding(stage.backend)
            assert call(stage).status == 200
        with staged(tmp_path, partial(believing, "others.pem")) as stage:
            assert "certificate is refused" in refused(stage, call(stage))
    assert len(guarded.asked) == 1


def test_audience_and_key_id_are_as_configured(oauth_stage: Any, endpoint: TokenEndpoint, tmp_path: Path) -> None:
    endpoint.audience = "https://backend.example/"
    stage = oauth_stage(by_key(endpoint, tmp_path, "ES256", audience=endpoint.audience, kid="of 2027"))
    assert call(stage).status == 200
    assertion = endpoint.asked[0]["client_assertion"]
    assert jwt.get_unverified_header(assertion) == {"alg": "ES256", "typ": "JWT", "kid": "of 2027"}


def test_each_assertion_is_another_one(oauth_stage: Any, endpoint: TokenEndpoint, tmp_path: Path) -> None:
    stage = oauth_stage(by_key(endpoint, tmp_path, "ES256"))
    assert call(stage).status == 200
    endpoint.revoke()
    assert call(stage).status == 200
    assert len({asked["client_assertion"] for asked in endpoint.asked}) == len(endpoint.asked) == 2


@pytest.mark.parametrize("kind", CALLS)
def test_who_comes_before_the_first_token_waits_for_it(oauth_stage: Any, endpoint: TokenEndpoint, kind: str) -> None:
    endpoint.open.clear()
    stage = oauth_stage()
    with ThreadPoolExecutor(MANY) as people:
        waiting = [people.submit(call, stage, kind) for _ in range(MANY if kind == "rows" else 5)]
        wait_for(lambda: metric(stage, "sidecar_in_flight_requests") == len(waiting))
        assert not any(each.done() for each in waiting)
        endpoint.open.set()
        assert {each.result().status for each in waiting} <= {200, 201}
    assert len(endpoint.asked) == 1


@pytest.mark.parametrize("kind", ["update", "soap"])
def test_an_update_is_decided_again_after_it_waited_for_a_token(oauth_stage: Any, endpoint: TokenEndpoint, kind: str) -> None:
    endpoint.open.clear()
    stage = oauth_stage()
    version = stage.store.snapshot.policy.version
    with ThreadPoolExecutor() as people:
        waiting = people.submit(call, stage, kind)
        wait_for(lambda: metric(stage, "sidecar_in_flight_requests") == 1)
        stage.change(lambda content: content["users"]["j.devries"].update(blocked=True))
        wait_for(lambda: stage.store.snapshot.policy.version != version)
        endpoint.open.set()
        answer = waiting.result()
    assert stage.decision(answer.reference)["reason"] == "user_blocked"
    assert stage.backend.received == []


def test_a_file_is_decided_about_again_after_it_waited_for_a_token(own_stage: OwnStage, endpoint: TokenEndpoint, tmp_path: Path) -> None:
    def owned(content: Configuration) -> None:
        with_oauth(by_secret(endpoint, tmp_path))(content)
        rule = {"get_connector": "Profit_Files", "field": "FileId"}
        content["app_connectors"]["hours"]["special_connectors"] = {"file": rule}

    endpoint.seconds = 1
    stage = own_stage(owned)
    stage.backend.script = endpoint.guarding(stage.backend)
    mine = next(row for row in FILES if row["Afdeling"] == "CONS")
    target = f"{BASE}/fileconnector/{mine['FileId']}/a.pdf"
    assert stage.get(target).status == 200  # whose file it is, is remembered
    endpoint.open.clear()
    wait_for(lambda: readiness(stage)["token_seconds"] == 0 and metric(stage, "sidecar_backend_token_remaining_seconds") == 0)
    version = snapshot_of(stage).policy.version
    stage.backend.take()
    with ThreadPoolExecutor() as people:
        waiting = people.submit(stage.get, target)
        wait_for(lambda: metric(stage, "sidecar_in_flight_requests") == 1)
        stage.change(lambda content: content["users"]["j.devries"].update(blocked=True))
        wait_for(lambda: snapshot_of(stage).policy.version != version)
        endpoint.open.set()
        answer = waiting.result()
    assert stage.decision(answer.reference)["reason"] == "policy_changed"
    assert stage.backend.received == []


def snapshot_of(stage: Stage) -> Snapshot:
    assert stage.store.snapshot is not None
    return stage.store.snapshot


def test_who_goes_away_while_waiting_takes_nobody_along(oauth_stage: Any, endpoint: TokenEndpoint) -> None:
    endpoint.open.clear()
    stage = oauth_stage()
    with stage.wire() as wire:
        wire.send(request("GET", TARGET, authorization("j.devries")))
        wait_for(lambda: metric(stage, "sidecar_in_flight_requests") == 1)
    wait_for(lambda: metric(stage, "sidecar_in_flight_requests") == 0)
    endpoint.open.set()
    assert call(stage).status == 200
    assert (len(endpoint.asked), len(stage.backend.received)) == (1, 1)


def test_the_next_token_is_there_before_the_last_one_ends(oauth_stage: Any, endpoint: TokenEndpoint) -> None:
    endpoint.seconds = 1
    stage = oauth_stage()
    assert call(stage).status == 200
    while len(endpoint.asked) < 3:
        assert call(stage).status == 200
    sent = [each.values("Authorization") for each in stage.backend.received]
    assert len({value for values in sent for value in values}) >= 2
    assert len(sent) == metric(stage, 'sidecar_requests_total{decision="allow"'), "none had to be sent twice"


def test_a_reload_keeps_the_token_of_the_same_client(oauth_stage: Any, endpoint: TokenEndpoint) -> None:
    stage = oauth_stage()
    assert call(stage).status == 200
    version = stage.store.snapshot.policy.version
    stage.change(lambda content: content["users"]["j.devries"].update(email="other@example.com"))
    wait_for(lambda: stage.store.snapshot.policy.version != version)
    assert call(stage).status == 200
    assert len(endpoint.asked) == 1


def test_a_new_secret_in_its_file_is_used_at_once(oauth_stage: Any, endpoint: TokenEndpoint, tmp_path: Path) -> None:
    stage = oauth_stage()
    assert call(stage).status == 200
    endpoint.secret = "another-secret"
    endpoint.revoke()
    by_secret(endpoint, tmp_path)
    wait_for(lambda: call(stage).status == 200)
    assert endpoint.asked[-1]["client_secret"] == "another-secret"
    assert readiness(stage)["problem"] == ""


def test_an_environment_may_go_over_to_oauth_and_back(oauth_stage: Any, endpoint: TokenEndpoint) -> None:
    stage = oauth_stage()
    assert call(stage).status == 200
    stage.backend.script = None
    stage.change(lambda content: content["environments"]["O12345AA"].update(credential={"afas_token": "${PROFIT_TOKEN}"}))
    wait_for(lambda: call(stage).status == 200 and stage.backend.received[-1].values("Authorization")[0].startswith("AfasToken "))
    assert "backend_credentials" not in json.loads(stage.admin("/readyz")[1])


# A token that the backend does not take


@pytest.mark.parametrize("kind", CALLS)
def test_a_call_whose_token_is_refused_is_made_once_more_with_a_new_one(oauth_stage: Any, endpoint: TokenEndpoint, kind: str) -> None:
    stage = oauth_stage()
    assert call(stage).status == 200
    stage.backend.take()
    endpoint.revoke()
    assert call(stage, kind).status in (200, 201)
    first, second = stage.backend.received
    assert (first.method, first.target, first.body) == (second.method, second.target, second.body)
    assert first.values("Authorization") != second.values("Authorization")
    assert len(endpoint.asked) == 2


def test_many_calls_whose_token_is_refused_share_one_new_token(oauth_stage: Any, endpoint: TokenEndpoint) -> None:
    stage = oauth_stage()
    assert call(stage).status == 200
    endpoint.revoke()
    endpoint.open.clear()
    with ThreadPoolExecutor(MANY) as people:
        waiting = [people.submit(call, stage, ("rows", "update")[number % 2]) for number in range(MANY)]
        wait_for(lambda: len(stage.backend.received) == MANY + 1)
        endpoint.open.set()
        assert {each.result().status for each in waiting} == {200, 201}
    assert len(endpoint.asked) == 2


@pytest.mark.parametrize("kind", CALLS)
def test_a_backend_that_takes_no_token_is_no_fault_of_the_client(oauth_stage: Any, endpoint: TokenEndpoint, kind: str) -> None:
    stage = oauth_stage()
    assert call(stage).status == 200
    stage.backend.script = faults.says(b'HTTP/1.1 401 No\r\nWWW-Authenticate: Bearer error="invalid_token"\r\nContent-Length: 2\r\n\r\nno')
    details = [refused(stage, call(stage, kind)) for _ in range(5)]
    assert details[0] == "the backend refused a new access token as well"
    assert set(details[1:]) == {"the backend refused the access token again"}
    assert len(endpoint.asked) == 2, "the token endpoint is not asked for each of them"
    stage.backend.script = endpoint.guarding(stage.backend)
    assert call(stage, kind).status in (200, 201)


def test_other_answers_of_the_backend_pass_as_they_are(oauth_stage: Any, endpoint: TokenEndpoint) -> None:
    stage = oauth_stage()
    for status in (400, 403, 404, 500):
        stage.backend.script = faults.says(b"HTTP/1.1 %d Oops\r\nContent-Length: 4\r\n\r\noops" % status)
        for kind in CALLS:
            assert (call(stage, kind).status, call(stage, kind).body) == (status, b"oops")
    assert len(endpoint.asked) == 1


# A token endpoint that gives none


def says(text: str | bytes, status: int = 200, **headers: str) -> Behaviour:
    async def behave(_request: web.Request) -> web.StreamResponse:
        body = text if isinstance(text, bytes) else text.encode()
        return web.Response(status=status, body=body, headers={"Content-Type": "application/json", **headers})

    return behave


async def hang_up(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


GOOD = '{"access_token":"access-1","token_type":"bearer","expires_in":3600}'
TROUBLE: dict[str, tuple[Behaviour, str, str]] = {
    "down": (says("", 503), "unavailable", "status 503"),
    "busy": (says("", 429), "unavailable", "status 429"),
    "hangs up": (hang_up, "malformed", "without an answer"),
    "redirects": (says("", 307, Location="/elsewhere"), "malformed", "redirects (307)"),
    "wrong client": (says('{"error":"invalid_client"}', 401), "refused", "status 401 (invalid_client)"),
    "error that repeats": (says(json.dumps({"error": CLIENT_SECRET}), 400), "refused", "status 400"),
    "created": (says(GOOD, 201), "malformed", "status 201"),
    "garbage": (says(b"\xff\x00<html>"), "malformed", "not JSON"),
    "deep": (says("[" * 60_000), "malformed", "not JSON"),
    "list": (says("[]"), "malformed", "no JSON object"),
    "twice": (says(GOOD.replace("}", ',"access_token":"access-2"}')), "malformed", "not JSON that has one reading"),
    "huge": (says(GOOD.replace("1", "x" * 70_000)), "malformed", "more than is read"),
    "long": (says(GOOD.replace("access-1", "x" * 8_193)), "malformed", "access_token is not one"),
    "empty": (says(GOOD.replace("access-1", "")), "malformed", "access_token is not one"),
    "line break": (says(GOOD.replace("access-1", "a\\r\\nX-Evil: 1")), "malformed", "access_token is not one"),
    "line end": (says(GOOD.replace("access-1", "a\\n")), "malformed", "access_token is not one"),
    "blank": (says(GOOD.replace("access-1", "a b")), "malformed", "access_token is not one"),
    "no token": (says('{"token_type":"bearer","expires_in":3600}'), "malformed", "access_token is not one"),
    "another kind": (says(GOOD.replace("bearer", "DPoP")), "malformed", "token_type is not bearer"),
    "no kind": (says('{"access_token":"access-1"}'), "malformed", "token_type is not bearer"),
    "no time": (says(GOOD.replace("3600", "0")), "malformed", "expires_in"),
    "time before": (says(GOOD.replace("3600", "-1")), "malformed", "expires_in"),
    "truth for time": (says(GOOD.replace("3600", "true")), "malformed", "expires_in"),
    "text for time": (says(GOOD.replace("3600", '"3600"')), "malformed", "expires_in"),
    "endless time": (says(GOOD.replace("3600", "1e999")), "malformed", "expires_in"),
}


@pytest.mark.parametrize("trouble", TROUBLE)
def test_without_a_token_calls_fail_in_peace_until_there_is_one(oauth_stage: Any, endpoint: TokenEndpoint, trouble: str) -> None:
    endpoint.behaviour, outcome, problem = TROUBLE[trouble]
    stage = oauth_stage()
    wait_for(lambda: metric(stage, "sidecar_backend_token_fetches_total") > 0)
    for kind in CALLS:
        assert problem in refused(stage, call(stage, kind))
    assert problem in readiness(stage)["problem"]
    assert readiness(stage)["token_seconds"] == 0
    assert metric(stage, f'sidecar_backend_token_fetches_total{{environment="O12345AA",outcome="{outcome}"}}') > 0
    assert stage.backend.received == []
    assert stage.get(f"{BASE}/connectors/Other").status == 403, "what needs no backend is answered as ever"
    endpoint.behaviour = None
    wait_for(lambda: call(stage).status == 200)
    assert readiness(stage)["problem"] == ""
    assert 3000 < readiness(stage)["token_seconds"] <= 3600
    assert 3000 < metric(stage, "sidecar_backend_token_remaining_seconds") <= 3600
    assert endpoint.strange_paths == []


def test_a_token_endpoint_that_is_down_is_not_asked_for_each_call(
    oauth_stage: Any, endpoint: TokenEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_a_run(monkeypatch, first_pause=600.0, longest_pause=600.0)
    endpoint.behaviour = says("", 503)
    stage = oauth_stage()
    with ThreadPoolExecutor(20) as people:
        answers = list(people.map(lambda _: call(stage), range(MANY)))
    assert {answer.status for answer in answers} == {502}
    assert len(endpoint.asked) == 1


@pytest.mark.parametrize("kind", CALLS)
def test_patience_for_a_token_has_an_end(own_stage: OwnStage, endpoint: TokenEndpoint, tmp_path: Path, kind: str) -> None:
    endpoint.open.clear()

    def change(content: Configuration) -> None:
        with_oauth(by_secret(endpoint, tmp_path))(content)
        content["timeouts"]["client"] = 0.2

    stage = own_stage(change)
    assert refused(stage, call(stage, kind)) == "no access token came in time"
    assert len(endpoint.asked) == 1, "the fetch goes on"


def test_a_token_without_a_time_lives_an_hour(oauth_stage: Any, endpoint: TokenEndpoint) -> None:
    endpoint.behaviour = says('{"access_token":"access-1","token_type":"Bearer"}')
    endpoint.tokens["access-1"] = float("inf")
    stage = oauth_stage()
    assert call(stage).status == 200
    assert 3000 < readiness(stage)["token_seconds"] <= 3600


def test_the_sidecar_stops_while_it_fetches(oauth_stage: Any, endpoint: TokenEndpoint) -> None:
    endpoint.open.clear()
    oauth_stage()
    wait_for(lambda: len(endpoint.asked) == 1)


# Secrets


@pytest.mark.parametrize("log_format", ["text", "json"])
@pytest.mark.parametrize("proof", ["body", "basic", "ES256"])
def test_no_secret_of_oauth_shows_anywhere(
    own_stage: OwnStage, endpoint: TokenEndpoint, tmp_path: Path, log_format: str, proof: str
) -> None:
    stage = own_stage()
    stage.backend.script = endpoint.guarding(stage.backend)
    file = tmp_path / "sidecar.yaml"
    content = configuration(stage.backend.port)
    oauth = by_key(endpoint, tmp_path, proof) if proof in ALGORITHMS else by_secret(endpoint, tmp_path, client_auth=proof)
    with_oauth(oauth)(content)
    write(file, content)
    told = ""
    mine = request("GET", TARGET, authorization("j.devries"))
    with program(tmp_path, file, ["--log-format", log_format]) as running:

        def ask(wanted: int) -> None:
            nonlocal told
            with running.wire() as wire:
                answer = wire.ask(mine)
            told += f"{answer.headers}{answer.body!r}"
            assert answer.status == wanted

        def look() -> None:
            nonlocal told
            for path in ("/metrics", "/readyz"):
                with urllib.request.urlopen(running.admin_url + path) as page:  # noqa: S310  our own http URL
                    told += page.read().decode()

        ask(200)
        given = list(endpoint.tokens)
        look()
        endpoint.secret = "something else"
        endpoint.keys = {}
        endpoint.revoke()
        ask(502)
        running.wait_for("backend credential can't be had")
        look()
        (tmp_path / "client-secret").write_text(f"{CLIENT_SECRET}\n{CLIENT_SECRET}")
        (tmp_path / "key.pem").write_text("-----BEGIN PRIVATE KEY-----\nMIGH\n")
        running.wait_for("policy not loaded")
        look()
    assert "invalid_client" in running.said
    pem = KEYS["ES256"].private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    secrets = [CLIENT_SECRET, CLIENT_SECRET[:12], *given, *(token[:24] for token in given), token_data("j.devries")]
    secrets += [asked["client_assertion"][:60] for asked in endpoint.asked if "client_assertion" in asked]
    secrets += [line for line in pem.splitlines() if "PRIVATE" not in line]
    assert given
    assert [secret for secret in secrets if secret in running.said or secret in told] == []
