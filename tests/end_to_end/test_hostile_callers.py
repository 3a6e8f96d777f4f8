"""Who asks: every way of not being entitled, and every header with which somebody might become another."""

import base64
import hashlib

import pytest

from tests.end_to_end.harness.configuration import (
    BACKEND_AUTHORIZATION,
    BASE,
    OUTSIDERS,
    Configuration,
    authorization,
    token_data,
    token_xml,
)
from tests.end_to_end.harness.oracle import expected_rows, rows_target
from tests.end_to_end.harness.stage import OwnStage, Stage
from tests.end_to_end.harness.wire import Answer, request

TARGET = rows_target(skip=-1, take=-1)
MINE = authorization("j.devries")
MANAGERS = authorization("m.jansen")


def coded(text: str) -> str:
    return base64.b64encode(text.encode("utf-16" if text.startswith("\ufeff") else "utf-8")).decode()


def refused(stage: Stage, answer: Answer, status: int) -> str:
    """The reason of a refusal before the backend was asked."""
    assert answer.status == status, answer
    assert stage.backend.take() == []
    return str(stage.decision(answer.reference)["reason"])


XML = token_xml("j.devries")
DATA = token_data("j.devries")


@pytest.mark.parametrize(
    "value",
    [
        MINE,
        MINE.replace("AfasToken", "afastoken"),
        MINE.replace("AfasToken ", "AFASTOKEN   "),
        f"AfasToken {coded(XML + chr(13) + chr(10))}",
        f"AfasToken {coded(XML + chr(10))}",
        f"AfasToken {coded(XML).rstrip('=')}",
        f"AfasToken {coded(' ' + XML + ' ')}",
        f"AfasToken {coded(XML.replace('><', '> <'))}",
        f"AfasToken {coded('<?xml version=' + chr(34) + '1.0' + chr(34) + '?>' + XML)}",
        f"AfasToken {base64.urlsafe_b64encode(XML.encode()).decode()}",
    ],
)
def test_a_token_is_known_in_every_form_in_which_apps_send_it(stage: Stage, value: str) -> None:
    assert stage.send(request("GET", TARGET, value)).rows == expected_rows(TARGET, "j.devries")
    (received,) = stage.backend.take()
    assert received.values("Authorization") == [BACKEND_AUTHORIZATION]


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "token_missing"),
        ("", "token_malformed"),
        ("AfasToken", "token_malformed"),
        ("AfasToken ", "token_malformed"),
        ("AfasToken  x", "token_malformed"),
        (f"Basic {coded('j.devries:' + DATA)}", "token_malformed"),
        (f"Bearer {DATA}", "token_malformed"),
        (f"DPoP {DATA}", "token_malformed"),
        (f"AfasToken {DATA}", "token_malformed"),
        (f"AfasToken {XML}", "token_malformed"),
        (f"{MINE}, {MANAGERS}", "token_malformed"),
        (f"{MINE} {MANAGERS}", "token_malformed"),
        (f"AfasToken {coded(XML)}{coded(XML)}", "token_malformed"),
        (f"AfasToken {coded(XML + XML)}", "token_malformed"),
        (f"AfasToken {coded(XML.replace('<data>', '<data>0'))}", "token_malformed"),
        (f"AfasToken {coded('<!DOCTYPE x>' + XML)}", "token_malformed"),
        (f"AfasToken {coded(XML.replace('<version>1', '<version>2'))}", "token_malformed"),
        (f"AfasToken {coded(chr(0xFEFF) + XML)}", "token_malformed"),
        (f"AfasToken {'A' * 5000}", "token_malformed"),
        (f"AfasToken {coded(XML.replace(DATA, '*' * 64))}", "token_malformed"),
        (f"AfasToken {coded(XML.replace(DATA, '0' * 64))}", "token_unknown"),
        (f"AfasToken {coded(XML.replace(DATA, DATA.lower()))}", "token_unknown"),
        (f"AfasToken {coded(XML.replace(DATA, hashlib.sha256(DATA.encode()).hexdigest()))}", "token_unknown"),
        (BACKEND_AUTHORIZATION, "token_unknown"),
        (authorization("nobody.at.all"), "token_unknown"),
        ("AfasToken \xff\xfe\x80", "token_malformed"),
    ],
)
def test_without_a_valid_token_nobody_gets_in(stage: Stage, value: str | None, reason: str) -> None:
    answer = stage.send(request("GET", TARGET, value))
    assert refused(stage, answer, 401) == reason
    assert answer.header("WWW-Authenticate") == "AfasToken"


CONDITIONS = (
    *zip(OUTSIDERS, ("user_blocked", "user_without_email", "user_without_application", "user_not_member"), strict=True),
    ("locked", "app_connector_blocked"),
    ("early", "app_connector_not_yet_valid"),
    ("late", "app_connector_expired"),
    ("elsewhere", "address_not_allowed"),
    ("denied", "address_not_allowed"),
)


@pytest.mark.parametrize(("who", "reason"), CONDITIONS)
@pytest.mark.parametrize("target", [TARGET, f"{BASE}/metainfo", f"{BASE}/profitversion", rows_target("Profit_Countries")])
def test_every_condition_of_the_app_connector_must_hold(stage: Stage, who: str, reason: str, target: str) -> None:
    proof = authorization(who) if who in OUTSIDERS else authorization("m.jansen", who)
    assert refused(stage, stage.send(request("GET", target, proof)), 403) == reason


PRETENCES = (
    f"Cookie: session={token_data('m.jansen')}",
    "OnlineSessionId: 1",
    f"Proxy-Authorization: {MANAGERS}",
    f"X-Authorization: {MANAGERS}",
    f"X-Forwarded-Authorization: {MANAGERS}",
    f"X-Original-Authorization: {MANAGERS}",
    "X-Forwarded-User: m.jansen",
    "X-User: m.jansen",
    "X-Remote-User: m.jansen",
    "Remote_User: m.jansen",
    "X-Forwarded-For: 192.0.2.1",
    "Forwarded: for=192.0.2.1",
    "X-Real-IP: 192.0.2.1",
    "True-Client-IP: 192.0.2.1",
    f"X-Original-URL: {BASE}/connectors/Profit_Secret",
    f"X-Rewrite-URL: {BASE}/connectors/Profit_Secret",
    f"X-Forwarded-Uri: {BASE}/connectors/Profit_Secret",
    f"X-Original-URI: {BASE}/connectors/Profit_Secret",
    "X-Forwarded-Host: evil.example",
    "X-Forwarded-Prefix: /x",
    "X-Sidecar-Reference: 0",
    "DPoP: x",
    "Connection: Authorization",
    "Connection: close, Authorization, Host, X-Sidecar-Reference",
    "Connection: keep-alive, User-Agent",
    "TE: trailers",
    "Trailer: Authorization",
    "Via: 1.1 evil",
    "Max-Forwards: 0",
    "Keep-Alive: timeout=5",
    "Proxy-Connection: keep-alive",
    "SOAPAction: x",
    "User-Agent: kube-probe/1.0",
    "Origin: https://evil.example",
)


@pytest.mark.parametrize("header", PRETENCES)
def test_no_header_makes_anybody_another_or_the_question_another(stage: Stage, header: str) -> None:
    answer = stage.send(request("GET", TARGET, MINE, header))
    assert answer.rows == expected_rows(TARGET, "j.devries")
    assert len(stage.backend.take()) == 1
    assert refused(stage, stage.send(request("GET", TARGET, None, header)), 401) == "token_missing"
    assert refused(stage, stage.send(request("GET", TARGET, authorization("m.jansen", "elsewhere"), header)), 403) == "address_not_allowed"


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ([f"Authorization: {MANAGERS}"], "repeated_header"),
        ([f"Authorization: {MINE}"], "repeated_header"),
        ([f"AUTHORIZATION: {MANAGERS}"], "repeated_header"),
        (["Content_Length: 5"], "repeated_header"),
        (["Transfer_Encoding: chunked"], "repeated_header"),
        (["Content_Type: application/xml"], "repeated_header"),
        (["Range: bytes=0-1", "Range: bytes=2-3"], "repeated_header"),
        (["SendFileAsBinary: 1", "sendfileasbinary: 0"], "repeated_header"),
        (["X-HTTP-Method-Override: DELETE"], "method_override"),
        (["X_HTTP_Method_Override: DELETE"], "method_override"),
        (["x-http-method: PUT"], "method_override"),
        (["X-Method-Override: POST"], "method_override"),
        (["Upgrade: h2c", "Connection: Upgrade, HTTP2-Settings", "HTTP2-Settings: AAMAAABkAAQAAP__"], "upgrade_refused"),
        (["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: x"], "upgrade_refused"),
        (["Upgrade: TLS/1.2", "Connection: upgrade"], "upgrade_refused"),
        (["Connection: Upgrade"], "upgrade_refused"),
    ],
)
def test_headers_that_would_have_two_readings_end_the_connection(stage: Stage, headers: list[str], reason: str) -> None:
    with stage.wire() as wire:
        answer = wire.ask(request("GET", TARGET, MINE, *headers))
        assert refused(stage, answer, 400) == reason
        assert wire.ends() == b""


def test_an_alias_of_the_authorization_header_proves_nothing(stage: Stage) -> None:
    for name in ("Authorization_", "X_Authorization", "authorization-", "HTTP_AUTHORIZATION"):
        assert refused(stage, stage.send(request("GET", TARGET, None, f"{name}: {MINE}")), 401) == "token_missing"


def test_bytes_that_are_no_utf_8_pass_as_bytes_where_they_pass_at_all(stage: Stage) -> None:
    data = request("GET", TARGET, MINE).replace(b"\r\n\r\n", b"\r\nUser-Agent: \xff\xfe caf\xe9\r\nX-Other: \xff\r\n\r\n")
    assert stage.send(data).status == 200
    (received,) = stage.backend.take()
    assert received.values("User-Agent") == ["\xff\xfe caf\xe9"]
    assert received.values("X-Other") == []


def test_only_a_trusted_proxy_says_where_a_request_comes_from(own_stage: OwnStage, stage: Stage) -> None:
    proof = authorization("m.jansen", "elsewhere")
    spoofed = request("GET", TARGET, proof, "X-Forwarded-For: 192.0.2.1")
    assert refused(stage, stage.send(spoofed), 403) == "address_not_allowed"

    def trust(content: Configuration) -> None:
        content["trusted_proxies"] = ["127.0.0.1"]

    behind_proxy = own_stage(trust)
    assert behind_proxy.send(spoofed).status == 200
    for claimed in ("203.0.113.5", "192.0.2.1, 203.0.113.5", "192.0.2.1, nonsense", "nonsense", ""):
        answer = behind_proxy.send(request("GET", TARGET, proof, f"X-Forwarded-For: {claimed}"))
        assert answer.status == 403, claimed


def test_where_the_configuration_says_so_the_backend_gets_the_clients_own_token(stage: Stage) -> None:
    proof = authorization("m.jansen", "own_token")
    assert stage.send(request("GET", TARGET, proof)).rows == expected_rows(TARGET, "m.jansen")
    (received,) = stage.backend.take()
    assert received.values("Authorization") == [proof]
