"""An app connector in shadow, from outside: the app gets what it got without a sidecar, and the log says what it will get with one."""

import gzip
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.end_to_end.harness.backend import METAINFO, Received
from tests.end_to_end.harness.configuration import BACKEND_AUTHORIZATION, BASE, Configuration, authorization, token_xml
from tests.end_to_end.harness.faults import OK, says
from tests.end_to_end.harness.oracle import hidden_rows, rows_target
from tests.end_to_end.harness.question import Habits
from tests.end_to_end.harness.rows import HOURS
from tests.end_to_end.harness.soap import envelope, fault_of, rows_of_answer, understand_message
from tests.end_to_end.harness.stage import OwnStage, Stage
from tests.end_to_end.harness.wire import request

ALL = rows_target(skip=-1, take=-1)
ROWS = f"{BASE}/connectors/Profit_Hours"
REALIZATION = f"{BASE}/connectors/PtRealization"
GUID = "0123456789ABCDEF0123456789ABCDEF"


def in_shadow(content: Configuration) -> None:
    """All app connectors, and one in which nothing is listed."""
    connectors = content["app_connectors"]
    for each in connectors.values():
        each["enforcement"] = "shadow"
    connectors["hours"]["row_guard"] = "enforce"


@pytest.fixture
def stage(own_stage: OwnStage) -> Iterator[Stage]:
    stage = own_stage(in_shadow)
    yield stage
    stage.backend.take()  # in shadow not all of it is of the sidecar's own making


def one(stage: Stage) -> Received:
    (received,) = stage.backend.take()
    return received


def told(stage: Stage, reference: str) -> tuple[Any, ...]:
    line = stage.decision(reference)
    return line["decision"], line["would"], line.get("would_reason")


def test_rows_come_as_they_were_asked_for_and_what_would_have_gone_is_told(stage: Stage) -> None:
    got = stage.get(ALL)
    assert got.rows == list(HOURS)
    assert one(stage).target == ALL
    line = stage.decision(got.reference)
    assert told(stage, got.reference) == ("shadow", "narrow", None)
    assert line["predicate"] == "Afdeling = 'CONS' or Afdeling = 'ICT'"
    assert (line["rows_checked"], line["status"]) == (len(HOURS), 200)
    # The guard's doubt is the row's: some that one backend would hide, another would show.
    assert 0 < line["rows_violating"] <= len(hidden_rows("j.devries", "Profit_Hours", Habits()))


CALLS = [
    # what is asked, by whom, what the backend gets ("" for the same), and what would have become of it
    (f"{ROWS}?take=5&skip=0", "j.devries", f"{ROWS}?skip=0&take=5", "narrow", None),
    (f"{ROWS}?filterfieldids=Uren&filtervalues=8&operatortypes=1", "m.jansen", "", "pass", None),
    (ROWS.replace("Profit_Hours", "profit_hours"), "m.jansen", ROWS, "pass", None),
    (rows_target("Profit_Countries"), "j.devries", "", "pass", None),
    (ROWS, "n.obody", "", "empty", None),
    (ROWS, "x.noemail", "", "refuse", "user_without_email"),
    (ROWS, "x.noapps", "", "refuse", "user_without_application"),
    (ROWS, "x.group", "", "refuse", "user_not_member"),
    (rows_target("Profit_Secret"), "j.devries", "", "refuse", "connector_not_listed"),
    (rows_target("Profit_Unguarded"), "j.devries", "", "refuse", "connector_unguarded"),
    (f"{ROWS}?top=1", "j.devries", "", "refuse", "unknown_parameter"),
    (f"{ROWS}?orderbyfieldids=Id&orderbyfieldids=Uren", "j.devries", "", "refuse", "repeated_parameter"),
    (f"{ROWS}?filterfieldids=A,B&filtervalues=1", "j.devries", "", "refuse", "filter_malformed"),
    (f"{ROWS}?filterfieldids=A&filtervalues=caf%E9&operatortypes=1", "j.devries", "", "refuse", "target_malformed"),
    (f"{ROWS}?filterfieldids=A&filtervalues={'x' * 2100}&operatortypes=1", "j.devries", "", "refuse", "query_too_long"),
    (f"{ROWS}/", "j.devries", "", "refuse", "target_malformed"),
    (f"{ROWS}/Afdeling/CONS", "j.devries", "", "refuse", "unknown_path"),
    (f"{BASE}/bi/Hours?x=%2F", "j.devries", "", "refuse", "unknown_path"),
    (f"{BASE}/profitversion", "j.devries", "", "pass", None),
    (f"{BASE}/fileconnector/{GUID}/a%20b.pdf", "j.devries", "", "pass", None),
]  # fmt: skip


@pytest.mark.parametrize(("target", "user", "asked", "would", "reason"), CALLS)
def test_a_call_is_forwarded_as_it_was_asked_and_its_fate_is_told(
    stage: Stage, target: str, user: str, asked: str, would: str, reason: str | None
) -> None:
    got = stage.get(target, user)
    received = one(stage)
    assert received.target == (asked or target)
    assert received.values("Authorization") == [BACKEND_AUTHORIZATION]
    assert got.status == 200
    assert told(stage, got.reference) == ("shadow", would, reason)


def test_an_address_that_is_not_allowed_is_told_of(stage: Stage) -> None:
    for app in ("elsewhere", "denied"):
        assert told(stage, stage.get(ROWS, "m.jansen", app=app).reference) == ("shadow", "refuse", "address_not_allowed")


def test_metainfo_passes_unreduced(stage: Stage) -> None:
    got = stage.get(f"{BASE}/metainfo")
    assert got.json == METAINFO
    assert told(stage, got.reference) == ("shadow", "narrow", None)


UPDATES: list[tuple[str, str, bytes, str, str, str | None]] = [
    ("POST", REALIZATION, b'{"PtRealization":{}}', "application/json", "pass", None),
    ("DELETE", f"{REALIZATION}/PtRealization/@Id/1", b"", "application/json", "refuse", "action_not_allowed"),
    ("POST", REALIZATION, b'{"A":{"Element":{"@Action":"delete"}}}', "application/json", "refuse", "action_not_allowed"),
    ("POST", REALIZATION, b'{"a":1,"a":2}', "application/json", "refuse", "body_malformed"),
    ("POST", REALIZATION, b"<PtRealization/>", "application/xml", "refuse", "body_type"),
    ("PUT", f"{BASE}/connectors/KnPerson", b"{}", "application/json", "refuse", "connector_not_listed"),
    ("POST", f"{BASE}/bi/Hours", b"\0\xff", "application/octet-stream", "refuse", "unknown_path"),
]


@pytest.mark.parametrize(("verb", "target", "body", "kind", "would", "reason"), UPDATES)
def test_a_write_is_forwarded_byte_for_byte_and_its_fate_is_told(
    stage: Stage, verb: str, target: str, body: bytes, kind: str, would: str, reason: str | None
) -> None:
    got = stage.call(verb, target, body, f"Content-Type: {kind}")
    received = one(stage)
    assert (received.method, received.target, received.body) == (verb, target, body)
    assert received.values("Content-Type") == [kind]
    assert got.status in (200, 201)
    assert told(stage, got.reference) == ("shadow", would, reason)


def test_a_compressed_body_stays_one(stage: Stage) -> None:
    body = gzip.compress(b'{"PtRealization":{}}')
    got = stage.call("POST", REALIZATION, body, "Content-Type: application/json", "Content-Encoding: gzip")
    received = one(stage)
    assert (received.body, received.values("Content-Encoding")) == (body, ["gzip"])
    assert told(stage, got.reference) == ("shadow", "refuse", "body_type")


def test_a_body_over_the_limit_is_refused_in_shadow_too(own_stage: OwnStage) -> None:
    def small(content: Configuration) -> None:
        in_shadow(content)
        content["limits"] = {"body": 10}

    stage = own_stage(small)
    assert stage.call("POST", REALIZATION, b"x" * 11).status == 413
    assert stage.backend.take() == []


@pytest.mark.parametrize("status", [401, 404, 500])
def test_answers_are_the_backends_own(stage: Stage, status: int) -> None:
    body = b'{"externalMessage":"mine"}'
    stage.backend.script = says(b"HTTP/1.1 %d Mine\r\nX-Mine: 1\r\nContent-Length: %d\r\n\r\n%b" % (status, len(body), body))
    got = stage.get(rows_target("Profit_Secret"))
    assert (got.status, got.body, got.header("X-Mine")) == (status, body, "1")


def test_a_row_guard_withholds_nothing_in_shadow(stage: Stage) -> None:
    stage.backend.script = says(OK + b"Content-Length: 9\r\n\r\nno rows.\n")
    got = stage.get(ALL)
    assert (got.status, got.body) == (200, b"no rows.\n")
    assert stage.decision(got.reference)["rows_problem"]


NEVER = [
    ("GET", f"{BASE}/../x", 400, "target_malformed"),
    ("GET", f"{BASE}/connectors/%2e%2e/%2e%2e/x", 400, "target_malformed"),
    ("GET", f"{BASE}/connectors/..;/..;/x", 400, "target_malformed"),
    ("GET", f"{BASE}/connectors/x%2fy", 400, "target_malformed"),
    ("GET", f"{BASE}/connectors/x%5cy", 400, "target_malformed"),
    ("GET", f"{BASE}/connectors/x%252fy", 400, "target_malformed"),
    ("GET", f"{BASE}/connectors/x%00", 400, "target_malformed"),
    ("GET", f"{BASE}/connectors/x?a=%0d%0a", 400, "target_malformed"),
    ("GET", f"{ROWS}#", 400, "target_malformed"),
    ("GET", f"http://backend{ROWS}", 400, "target_malformed"),
    ("GET", "/elsewhere/connectors/Profit_Hours", 404, "unknown_path"),
    ("POST", f"{BASE}/otprequest", 404, "unknown_path"),
    ("POST", f"{BASE}//OtpValidation", 404, "unknown_path"),
    ("POST", f"{BASE}/oauth/token", 404, "unknown_path"),
    ("POST", f"{BASE}/%c5%8dauth/token", 404, "unknown_path"),
    ("POST", f"{BASE}/oauth%e2%80%8b/token", 404, "unknown_path"),
    ("GET", f"{BASE}/x%e2%88%96..%e2%88%96..%e2%88%96y", 400, "target_malformed"),
    ("POST", f"{BASE}/CmdConnector.asmx", 404, "unknown_path"),
    ("POST", f"{BASE}/tokenconnector", 404, "unknown_path"),
    ("PATCH", ROWS, 405, "verb_not_served"),
    ("HEAD", ROWS, 405, "verb_not_served"),
    ("TRACE", ROWS, 405, "verb_not_served"),
]


@pytest.mark.parametrize(("verb", "target", "status", "reason"), NEVER)
def test_what_is_never_forwarded_is_not_forwarded_in_shadow(stage: Stage, verb: str, target: str, status: int, reason: str) -> None:
    got = stage.send(request(verb, target, authorization("j.devries")))
    assert got.status == status
    line = stage.decision(got.reference)
    assert (line["decision"], line["reason"]) == ("deny", reason)
    assert "would" not in line
    assert stage.backend.take() == []


@pytest.mark.parametrize(
    ("user", "app", "reason"),
    [
        ("x.blocked", "hours", "user_blocked"),
        ("m.jansen", "locked", "app_connector_blocked"),
        ("m.jansen", "early", "app_connector_not_yet_valid"),
        ("m.jansen", "late", "app_connector_expired"),
        ("nobody.known", "hours", "token_unknown"),
    ],
)
def test_revocations_hold_in_shadow(stage: Stage, user: str, app: str, reason: str) -> None:
    for data in (request("GET", ROWS, authorization(user, app)), request("POST", REALIZATION, authorization(user, app), body=b"{}")):
        got = stage.send(data)
        assert got.status in (401, 403)
        assert stage.decision(got.reference)["reason"] == reason
    assert stage.backend.take() == []


@pytest.mark.parametrize(
    "headers",
    [
        ("Authorization: AfasToken x",),
        ("X-HTTP-Method-Override: DELETE",),
        ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c"),
        ("Content-Length: 2", "Content-Length: 3"),
        ("Content-Length: 3",),
    ],
)
def test_framing_and_headers_are_looked_after_in_shadow(stage: Stage, headers: tuple[str, ...]) -> None:
    assert stage.send(request("GET", ROWS, authorization("j.devries"), *headers) + b"{ }").status in (400, 401)
    assert stage.backend.take() == []


def test_no_header_passes_that_does_not_pass_otherwise(stage: Stage) -> None:
    stage.get(ROWS, "j.devries", "Cookie: a=b", "X-Forwarded-For: 192.0.2.1", "X-Rewrite-URL: /x", "Accept: application/json")
    received = one(stage)
    assert {name.lower() for name, _ in received.headers} == {"host", "authorization", "accept", "accept-encoding"}


GET = "AppConnectorGet.asmx"
PERSON = (
    '<KnPerson xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
    '<Element><Fields Action="insert"><Nm>x</Nm></Fields></Element></KnPerson>'
)
SOAP_CALLS = [
    (GET, "GetData", {"connectorId": "Profit_Hours"}, "j.devries", "narrow", None),
    (GET, "GetData", {"connectorId": "Profit_Hours"}, "m.jansen", "pass", None),
    (GET, "GetData", {"connectorId": "Profit_Hours"}, "n.obody", "empty", None),
    (GET, "GetData", {"connectorId": "Profit_Secret"}, "j.devries", "refuse", "connector_not_listed"),
    (GET, "GetData", {"connectorId": "Profit_Hours"}, "x.group", "refuse", "user_not_member"),
    ("AppConnectorUpdate.asmx", "Execute", {"connectorType": "KnPerson", "connectorVersion": "1", "dataXml": PERSON},
     "j.devries", "refuse", "connector_not_listed"),
]  # fmt: skip


@pytest.mark.parametrize(("service", "operation", "arguments", "user", "would", "reason"), SOAP_CALLS)
@pytest.mark.parametrize("in_header", [True, False])
def test_a_soap_message_is_written_anew_without_narrowing(
    stage: Stage, service: str, operation: str, arguments: dict[str, str], user: str, would: str, reason: str | None, in_header: bool
) -> None:
    if in_header:
        got = stage.soap(service, envelope(operation, arguments), user)
    else:
        got = stage.soap(service, envelope(operation, {"token": token_xml(user), **arguments}), None)
    received = one(stage)
    message = understand_message(received.target, received.body)
    assert (message.operation, {**message.arguments}) == (operation, arguments)
    assert received.values("Authorization") == [BACKEND_AUTHORIZATION]
    assert got.status == 200
    assert told(stage, got.reference) == ("shadow", would, reason)
    if would == "narrow":
        assert len(rows_of_answer(got)) == len(HOURS)
        assert stage.decision(got.reference)["rows_violating"] > 0


def test_soap_messages_that_cannot_be_read_are_refused_in_shadow_too(stage: Stage) -> None:
    for service, body in (
        ("CmdConnector.asmx", envelope("Execute", {})),
        (GET, b"<!DOCTYPE x><x/>"),
        (GET, envelope("GetData", {"x": "y"})),
    ):
        assert stage.soap(service, body).status in (404, 500)
    for user, app in (("x.blocked", "hours"), ("m.jansen", "locked"), ("m.jansen", "late")):
        assert fault_of(stage.soap(GET, envelope("GetData", {"connectorId": "Profit_Hours"}), user, app=app))
    assert stage.backend.take() == []


def test_it_is_loud(stage: Stage) -> None:
    status, report = stage.admin("/readyz")
    assert (status, json.loads(report)["shadow"]) == (200, sorted(stage.content["app_connectors"]))
    stage.get(rows_target("Profit_Secret"))
    metrics = stage.admin("/metrics")[1]
    assert f"sidecar_shadow_app_connectors {float(len(stage.content['app_connectors']))}" in metrics
    assert 'sidecar_shadowed_requests_total{reason="connector_not_listed",would="refuse"} 1.0' in metrics
    assert re.search(r'sidecar_requests_total\{decision="shadow",reason="",status="2xx"\} 1.0', metrics)
    assert stage.store.last_reload is not None
    assert sum("SHADOW" in str(problem) for problem in stage.store.last_reload.problems) == len(stage.content["app_connectors"])


def test_the_end_of_shadow_is_in_force_at_once_also_for_a_body_under_way(own_stage: OwnStage) -> None:
    stage = own_stage(in_shadow)
    target = f"{BASE}/connectors/KnPerson"
    with stage.wire() as wire:
        wire.send(request("POST", target, authorization("j.devries"), "Content-Length: 2", "Content-Type: application/json"))
        version = stage.store.snapshot.policy.version if stage.store.snapshot else ""

        def enforced(content: Configuration) -> None:
            content["app_connectors"]["hours"]["enforcement"] = "enforce"

        stage.change(enforced)
        line = {"policy": version}
        while line["policy"] == version:
            line = stage.decision(stage.get(rows_target("Profit_Secret")).reference)
        stage.backend.take()
        wire.send(b"{}")
        assert wire.answer().status == 403
    assert stage.backend.take() == []
    assert stage.get(rows_target("Profit_Secret")).status == 403
