"""Writes: what apps send passes byte for byte, and no body does more than its app connector may."""

import json

import pytest

from tests.end_to_end.harness.configuration import BASE, authorization
from tests.end_to_end.harness.stage import Stage
from tests.end_to_end.harness.wire import chunked, request

REALIZATION = f"{BASE}/connectors/PtRealization"  # insert, update
SUBJECT = f"{BASE}/connectors/KnSubject"  # everything
SALES = f"{BASE}/connectors/FbSales"  # insert
BODY = b'{"PtRealization": {"Element": {"@Id": "1", "Fields": {"DaTi": "2026-01-01", "Om": "caf\xc3\xa9"}}}}'
MINE = authorization("j.devries")


def element(fields: object, **more: object) -> bytes:
    return json.dumps({"PtRealization": {"Element": {"Fields": fields, **more}}}).encode()


@pytest.mark.parametrize(
    ("verb", "target", "forwarded"),
    [
        ("POST", REALIZATION, REALIZATION),
        ("PUT", REALIZATION, REALIZATION),
        ("POST", f"{BASE.lower()}/Connectors/ptrealization", REALIZATION),
        ("POST", f"{REALIZATION}?", REALIZATION),
        ("POST", f"{SUBJECT}/KnSubjectAttachment", f"{SUBJECT}/KnSubjectAttachment"),
        ("PUT", f"{SUBJECT}/KnPerson", f"{SUBJECT}/KnPerson"),
        ("POST", SALES, SALES),
    ],
)
@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "application/json;charset=utf-8",
        "application/json; charset=UTF-8",
        "text/plain;charset=UTF-8",
        'Application/JSON; charset="utf-8"',
        "text/json",
        "",
    ],
)
def test_an_ordinary_write_passes_byte_for_byte(stage: Stage, verb: str, target: str, forwarded: str, content_type: str) -> None:
    headers = (f"Content-Type: {content_type}",) if content_type else ()
    answer = stage.send(request(verb, target, MINE, *headers, body=BODY))
    assert answer.status == (201 if verb == "POST" else 200)
    (received,) = stage.backend.take()
    assert (received.method, received.target, received.body) == (verb, forwarded, BODY)
    assert received.values("Content-Type") == ([content_type] if content_type else [])
    assert received.values("Transfer-Encoding") == []


DELETES = (
    f"{SUBJECT}/KnSubject/@SbId/999",
    f"{SUBJECT}/KnSubject/SbId/999",
    f"{SUBJECT}/FbUnitBasicItem/@VaIt,@BiUn/Art,st",
    f"{SUBJECT}/FbUnitBasicItem/@VaIt,@BiUn/Art%201,caf%C3%A9",
    f"{SUBJECT}/HrCompMut/@PtId,@Year,@PeId,@Id,@DaTi,@EmId,@ErId,@Sc02/1,2026,3,4,2026-01-01,6,7,8",
    f"{SUBJECT}/AfasEmployee/@EmId/1001/AfasBankInfo/SeNo/1",
    f"{SUBJECT}/FiEntryPar/UnId,JoCo/1,73/FiEntries/@EnNo/70001",
)


@pytest.mark.parametrize("target", DELETES)
@pytest.mark.parametrize("body", [None, b"", b"{}", BODY])
def test_every_form_of_delete_passes(stage: Stage, target: str, body: bytes | None) -> None:
    assert stage.call("DELETE", target, body).status == 200
    (received,) = stage.backend.take()
    assert (received.method, received.target, received.body) == ("DELETE", target, body or b"")


@pytest.mark.parametrize("size", [70_000, 5_000_000])
def test_a_large_body_passes_whole_however_it_is_framed(stage: Stage, size: int) -> None:
    body = element({"Om": "x" * size})
    headers = ("Content-Type: application/json",)
    whole = request("POST", REALIZATION, MINE, *headers, body=body)
    in_chunks = request("POST", REALIZATION, MINE, *headers, "Transfer-Encoding: chunked", body=chunked(body, 4093))
    for data in (whole, in_chunks):
        assert stage.send(data).status == 201
        (received,) = stage.backend.take()
        assert received.body == body
        assert received.values("Content-Length") == [str(len(body))]


def test_a_client_that_waits_for_leave_to_send_gets_it_only_if_the_call_may_be_made(stage: Stage) -> None:
    head = ("Expect: 100-continue", f"Content-Length: {len(BODY)}", "Content-Type: application/json")
    with stage.wire() as wire:
        wire.send(request("POST", REALIZATION, MINE, *head))
        assert wire.head()[0] == 100
        wire.send(BODY)
        answer = wire.answer("POST")
        assert (answer.status, answer.interim) == (201, ())
        assert wire.ask(request("GET", f"{BASE}/profitversion", MINE)).status == 200
    (written, _) = stage.backend.take()
    assert (written.body, written.values("Expect")) == (BODY, [])
    for target, proof, status in ((f"{BASE}/connectors/Other", MINE, 403), (REALIZATION, None, 401), (f"{REALIZATION}?x=1", MINE, 400)):
        with stage.wire() as wire:
            answer = wire.ask(request("POST", target, proof, *head))
            assert (answer.status, answer.interim) == (status, ())
            # The body may have been on its way already. Neither it nor what follows may become a request.
            wire.send(BODY + request("GET", f"{BASE}/profitversion", MINE))
            assert wire.ends() == b""
    assert stage.backend.take() == []


def test_an_old_client_that_expects_leave_is_not_sent_what_it_does_not_know(stage: Stage) -> None:
    data = request("POST", REALIZATION, MINE, "Expect: 100-continue", "Content-Type: application/json", body=BODY, version="1.0")
    answer = stage.send(data)
    assert (answer.status, answer.interim) == (201, ())


FORBIDDEN = (
    ("DELETE", f"{REALIZATION}/PtRealization/@Id/1", None, "action_not_allowed"),
    ("PUT", SALES, BODY, "action_not_allowed"),
    ("DELETE", f"{SALES}/FbSales/@OrNu/1", None, "action_not_allowed"),
    ("PUT", REALIZATION, element({"@Action": "delete"}), "action_not_allowed"),
    ("PUT", REALIZATION, element({}, **{"@Action": "delete"}), "action_not_allowed"),
    ("POST", REALIZATION, element({"@action": "DELETE"}), "action_not_allowed"),
    ("POST", REALIZATION, element({"@ACTION": " Delete "}), "action_not_allowed"),
    ("POST", REALIZATION, element({"\uff20Action": "delete"}), "action_not_allowed"),
    ("POST", REALIZATION, element({"Action": "delete"}), "action_not_allowed"),
    ("POST", REALIZATION, b'{"P":{"Element":{"Fields":{"\\u0040Act\\u0069on":"d\\u0065lete"}}}}', "action_not_allowed"),
    ("POST", REALIZATION, element({}, Objects=[{"X": {"Element": [{"Fields": {"@Action": "delete"}}]}}]), "action_not_allowed"),
    ("POST", SALES, element({"@Action": "update"}), "action_not_allowed"),
    ("POST", f"{SALES}/FbSalesLines", element({"OrNu": "1"}), "action_not_allowed"),
    ("POST", REALIZATION, element({"@Action": "truncate"}), "body_malformed"),
    ("POST", REALIZATION, element({"@Action": ["delete"]}), "body_malformed"),
    ("POST", REALIZATION, element({"@Action": {"#text": "delete"}}), "body_malformed"),
    ("POST", REALIZATION, element({"@Action": None}), "body_malformed"),
    ("POST", REALIZATION, b'{"a":{"@Action":"insert","@Action":"delete"}}', "body_malformed"),
    ("POST", REALIZATION, b'{"a":1,"a":2}', "body_malformed"),
    ("POST", REALIZATION, b'{"PtRealization":{"Element":{}},"KnPerson":{"Element":{"Fields":{}}}}', "body_malformed"),
    ("POST", REALIZATION, b"", "body_malformed"),
    ("POST", REALIZATION, b"[]", "body_malformed"),
    ("POST", REALIZATION, b"<PtRealization/>", "body_malformed"),
    ("POST", REALIZATION, b"{'a':1}", "body_malformed"),
    ("POST", REALIZATION, b'{"a":1,}', "body_malformed"),
    ("POST", REALIZATION, b'{"a":1}/*x*/', "body_malformed"),
    ("POST", REALIZATION, b'{"a":1}{"b":2}', "body_malformed"),
    ("POST", REALIZATION, b'{"a":NaN}', "body_malformed"),
    ("POST", REALIZATION, b'{"a":"\x00"}', "body_malformed"),
    ("POST", REALIZATION, b'{"a":"\xff"}', "body_malformed"),
    ("POST", REALIZATION, b"\xef\xbb\xbf{}", "body_malformed"),
    ("POST", REALIZATION, BODY.decode().encode("utf-16"), "body_malformed"),
    ("POST", REALIZATION, b"[" * 100_000, "body_malformed"),
    ("POST", REALIZATION, b'{"a":' * 50_000, "body_malformed"),
    ("DELETE", f"{SUBJECT}/KnSubject/@SbId/1,2", None, "target_malformed"),
    ("DELETE", f"{SUBJECT}/KnSubject/@SbId,@Other/1", None, "target_malformed"),
    ("DELETE", f"{SUBJECT}/KnSubject/@SbId/,", None, "target_malformed"),
    ("DELETE", f"{SUBJECT}/KnSubject/@SbId,SBID/1,2", None, "target_malformed"),
    ("DELETE", f"{SUBJECT}/KnSubject/@SbId/1%2F2", None, "target_malformed"),
    ("DELETE", f"{SUBJECT}/KnSubject", None, "unknown_path"),
    ("DELETE", SUBJECT, None, "unknown_path"),
    ("POST", f"{SUBJECT}/A/B", BODY, "unknown_path"),
    ("POST", f"{REALIZATION}?x=1", BODY, "unknown_parameter"),
    ("POST", f"{BASE}/metainfo", BODY, "verb_not_served"),
    ("POST", f"{BASE}/fileconnector/{'0' * 32}/a.pdf", BODY, "verb_not_served"),
    ("POST", f"{BASE}/otprequest", BODY, "unknown_path"),
    ("POST", f"{BASE}/connectors/KnPerson", BODY, "connector_not_listed"),
)


@pytest.mark.parametrize(("verb", "target", "body", "reason"), FORBIDDEN)
def test_no_write_does_more_than_its_app_connector_may(stage: Stage, verb: str, target: str, body: bytes | None, reason: str) -> None:
    answer = stage.call(verb, target, body)
    assert stage.decision(answer.reference)["reason"] == reason
    assert list(answer.json) == ["externalMessage", "errorNumber", "profitLogReference"]
    assert stage.backend.take() == []


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        (["Content-Type: application/xml"], "body_type"),
        (["Content-Type: multipart/form-data; boundary=x"], "body_type"),
        (["Content-Type: application/x-www-form-urlencoded"], "body_type"),
        (["Content-Type: application/json; charset=utf-16"], "body_type"),
        (["Content-Type: application/json; charset=utf-7"], "body_type"),
        (['Content-Type: application/json; CHARSET = "utf-7"'], "body_type"),
        (["Content-Type: application/json; charset*=utf-7''x"], "body_type"),
        (['Content-Type: application/json; x="a;charset=utf-7"'], "body_type"),
        (["Content-Type: application/json; charset=utf-8; charset=utf-7"], "body_type"),
        (["Content-Type: application/json", "Content-Encoding: gzip"], "body_type"),
        (["Content-Type: application/json", "Content-Encoding: identity, deflate"], "body_type"),
        (["Content-Type: application/json", "Content-Encoding: identity", "Content-Encoding: gzip"], "repeated_header"),
    ],
)
def test_a_body_that_somebody_else_might_read_otherwise_is_refused(stage: Stage, headers: list[str], reason: str) -> None:
    answer = stage.send(request("POST", REALIZATION, MINE, *headers, body=BODY))
    assert stage.decision(answer.reference)["reason"] == reason
    assert stage.backend.take() == []


@pytest.mark.parametrize("target", [f"{BASE}/connectors/Profit_Hours", f"{BASE}/metainfo", f"{BASE}/profitversion"])
def test_a_body_where_none_belongs_ends_the_connection(stage: Stage, target: str) -> None:
    framings = [("Content-Length: 4",), ("Transfer-Encoding: chunked",), ("Content-Length: 18446744073709551615",)]
    for headers in framings:
        with stage.wire() as wire:
            answer = wire.ask(request("GET", target, MINE, *headers) + b"0\r\n\r\n")
            assert stage.decision(answer.reference)["reason"] == "unexpected_body"
            assert wire.ends() == b""
    assert stage.backend.take() == []
    assert stage.get(target, "j.devries", "Content-Length: 0", "Content-Type: application/json").status == 200
    (received,) = stage.backend.take()
    assert received.values("Content-Length") == received.values("Content-Type") == []
