"""Whatever the backend does wrong has its own clear answer and reason, and an answer cut short never looks whole."""

import socket

import pytest

from sidecar.proxy.forwarding import Forwarding
from tests.end_to_end.harness.backend import METAINFO, Script
from tests.end_to_end.harness.configuration import BASE, Configuration, authorization
from tests.end_to_end.harness.faults import OK, drips, resets, says, stalls
from tests.end_to_end.harness.oracle import rows_target
from tests.end_to_end.harness.stage import OwnStage, Stage
from tests.end_to_end.harness.wire import Answer, BrokenOffError, request

TARGET = rows_target()
MINE = authorization("j.devries")


def impatient(content: Configuration) -> None:
    content["timeouts"] = {"connect": 0.3, "head": 0.3, "idle": 0.3, "client": 0.3, "drain": 1}


def assert_blamed(stage: Stage, answer: Answer, status: int, reason: str) -> None:
    assert (answer.status, list(answer.json)) == (status, ["externalMessage", "errorNumber", "profitLogReference"])
    line = stage.decision(answer.reference)
    assert (line["decision"], line["reason"], line["status"]) == ("allow", reason, status)
    assert line["detail"]
    assert str(stage.backend.port) not in answer.body.decode()


HEADS = {
    "garbage": b"what do you want?\r\n\r\n",
    "another protocol": b"SSH-2.0-OpenSSH_9.2p1\r\n",
    "HTTP/2": b"HTTP/2 200\r\n\r\n",
    "bare LFs": b"HTTP/1.1 200 OK\nContent-Length: 2\n\n{}",
    "a status of letters": b"HTTP/1.1 abc OK\r\n\r\n",
    "a folded header": OK + b"X-A: b\r\n c\r\nContent-Length: 2\r\n\r\n{}",
    "two lengths": OK + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    "length and chunked": OK + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    "gzip, chunked": OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "NUL in a header": OK + b"X-A: \x00\r\nContent-Length: 2\r\n\r\n{}",
    "another protocol agreed to": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n",
    "an endless head": OK + b"X-A: b\r\n" * 20_000,
}


@pytest.mark.parametrize("head", HEADS.values(), ids=HEADS.keys())
def test_an_answer_that_cannot_be_believed_is_not_passed_on(stage: Stage, head: bytes) -> None:
    stage.backend.script = says(head)
    assert_blamed(stage, stage.get(TARGET), 502, "backend_broken")
    assert len(stage.backend.take()) == 1


def test_a_backend_that_closes_at_once_is_asked_again_only_over_a_kept_connection(own_stage: OwnStage) -> None:
    stage = own_stage()
    stage.backend.script = says(b"", closes=True)
    assert_blamed(stage, stage.get(TARGET), 502, "backend_broken")
    assert len(stage.backend.take()) == 1
    stage.backend.script = None
    assert stage.get(TARGET).status == 200
    stage.backend.take()
    stage.backend.script = says(b"", closes=True)
    assert_blamed(stage, stage.get(TARGET), 502, "backend_broken")
    first, second = stage.backend.take()
    assert first.target == second.target
    stage.backend.script = None
    assert stage.get(TARGET).status == 200
    stage.backend.take()
    stage.backend.script = says(b"", closes=True)
    assert_blamed(stage, stage.call("POST", f"{BASE}/connectors/PtRealization", b"{}"), 502, "backend_broken")
    assert len(stage.backend.take()) == 1


def test_a_backend_that_is_not_there_is_said_to_be_unreachable(own_stage: OwnStage) -> None:
    def elsewhere(content: Configuration) -> None:
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            content["environments"]["O12345AA"]["rest"] = f"http://127.0.0.1:{unused.getsockname()[1]}{BASE}"

    stage = own_stage(elsewhere)
    assert_blamed(stage, stage.get(TARGET), 502, "backend_unreachable")
    assert stage.get(TARGET, "n.obody").rows == []


def test_a_backend_that_does_not_take_connections_times_out(own_stage: OwnStage) -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        waiting = [socket.socket() for _ in range(4)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(full.getsockname())

        def crowded(content: Configuration) -> None:
            impatient(content)
            content["environments"]["O12345AA"]["rest"] = f"http://127.0.0.1:{full.getsockname()[1]}{BASE}"

        stage = own_stage(crowded)
        assert_blamed(stage, stage.get(TARGET), 504, "backend_connect_timeout")
        for each in waiting:
            each.close()


def test_a_backend_that_does_not_answer_times_out(own_stage: OwnStage) -> None:
    stage = own_stage(impatient)
    for beginning in (b"", b"HTTP/1.1 200 OK\r\nContent-"):
        stage.backend.script = stalls(beginning)
        assert_blamed(stage, stage.get(TARGET), 504, "backend_head_timeout")
    for verb, target in (("POST", f"{BASE}/connectors/PtRealization"), ("PUT", f"{BASE}/connectors/PtRealization")):
        assert_blamed(stage, stage.call(verb, target, b"{}"), 504, "backend_head_timeout")
    assert len(stage.backend.take()) == 4


CUT_SHORT: dict[str, tuple[Script, str]] = {
    "less than its length": (says(OK + b'Content-Length: 100\r\n\r\n{"rows":[]}', closes=True), "backend_broken"),
    "no last chunk": (says(OK + b"Transfer-Encoding: chunked\r\n\r\nb\r\n" + b'{"rows":[]}\r\n', closes=True), "backend_broken"),
    "a chunk cut in two": (says(OK + b'Transfer-Encoding: chunked\r\n\r\nff\r\n{"rows":[', closes=True), "backend_broken"),
    "a reset within its length": (resets(OK + b'Content-Length: 100\r\n\r\n{"rows":[]}'), "backend_broken"),
    "a reset without a length": (resets(OK + b'Connection: close\r\n\r\n{"rows":[]}'), "backend_broken"),
    "a standstill": (stalls(OK + b'Content-Length: 100\r\n\r\n{"rows":[]}'), "backend_idle_timeout"),
    "a standstill between chunks": (stalls(OK + b"Transfer-Encoding: chunked\r\n\r\nb\r\n" + b'{"rows":[]}\r\n'), "backend_idle_timeout"),
    "a standstill without a length": (stalls(OK + b'Connection: close\r\n\r\n{"rows":[]}'), "backend_idle_timeout"),
    "a chunk size that is none": (stalls(OK + b'Transfer-Encoding: chunked\r\n\r\nb\r\n{"rows":[]}\r\nzz\r\n'), "backend_broken"),
}


@pytest.mark.parametrize("fault", CUT_SHORT)
@pytest.mark.parametrize("version", ["1.1", "1.0"])
def test_an_answer_cut_short_never_looks_whole(own_stage: OwnStage, fault: str, version: str) -> None:
    stage = own_stage(impatient)
    stage.backend.script, reason = CUT_SHORT[fault]
    with stage.wire() as wire:
        wire.send(request("GET", TARGET, MINE, version=version))
        try:
            answer = wire.answer()
        except BrokenOffError:
            line = stage.decision_where(lambda line: line["event"] == "decision")
            assert (line["decision"], line["reason"], line["status"]) == ("allow", reason, 200)
        else:
            assert_blamed(stage, answer, 502, reason)  # it was known to be broken before its head was passed on


def test_slow_is_not_the_same_as_standing_still(own_stage: OwnStage) -> None:
    stage = own_stage(impatient)
    stage.backend.script = drips(10, 0.06)
    assert stage.get(TARGET).body == b"x" * 10


def test_bytes_that_nobody_asked_for_answer_no_other_request(own_stage: OwnStage) -> None:
    stage = own_stage()
    stage.backend.script = says(OK + b"Content-Length: 2\r\n\r\n{}" + OK + b"Content-Length: 6\r\n\r\nSECRET")
    for user in ("j.devries", "p.bakker", "m.jansen"):
        assert stage.get(TARGET, user).body == b"{}"
    assert len({received.connection for received in stage.backend.take()}) == 3


METAINFOS = {
    "not JSON": OK + b"Content-Length: 3\r\n\r\n<x>",
    "a list": OK + b"Content-Length: 2\r\n\r\n[]",
    "entries without id": OK + b'Content-Length: 26\r\n\r\n{"getConnectors":[{"a":1}]}'[:-1],
    "compressed": OK + b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
    "another good status": b'HTTP/1.1 203 Fine\r\nContent-Length: 37\r\n\r\n{"getConnectors":[{"id":"Secret"}]}  ',
    "a part": b'HTTP/1.1 206 Fine\r\nContent-Length: 37\r\n\r\n{"getConnectors":[{"id":"Secret"}]}  ',
    "a redirect": b"HTTP/1.1 302 Found\r\nLocation: http://backend.example/\r\nContent-Length: 0\r\n\r\n",
    "too large": OK + b"Content-Length: 9000000\r\n\r\n" + b" " * 9_000_000,
}


@pytest.mark.parametrize("metainfo", METAINFOS.values(), ids=METAINFOS.keys())
def test_a_list_of_connectors_that_cannot_be_reduced_is_not_passed_on(stage: Stage, metainfo: bytes) -> None:
    stage.backend.script = says(metainfo)
    assert_blamed(stage, stage.get(f"{BASE}/metainfo"), 502, "backend_answer_unreadable")


def test_the_list_of_connectors_is_reduced_to_those_that_the_caller_may_use(stage: Stage) -> None:
    answer = stage.get(f"{BASE}/MetaInfo")
    assert answer.json == {
        "updateConnectors": [{"id": "PtRealization", "description": "Nacalculatie"}],
        "getConnectors": [
            {"id": "Profit_Hours", "description": "about Profit_Hours"},
            {"id": "Profit_Countries", "description": "about PROFIT_COUNTRIES"},
        ],
        "info": {"envid": "O12345AA", "appName": "Book hours", "group": "staff", "tokenExpiry": "0"},
    }
    assert str(METAINFO["info"]) not in answer.body.decode()
    (received,) = stage.backend.take()
    assert received.values("Accept-Encoding") == ["identity"]


def test_an_error_of_the_backend_passes_as_it_is(stage: Stage) -> None:
    body = b'{"externalMessage":"Connector field not found","errorNumber":-2147180996,"profitLogReference":"0"}'
    for status in (400, 401, 404, 500, 503):
        stage.backend.script = says(
            b"HTTP/1.1 %d Oops\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % (status, len(body)) + body
        )
        for target in (TARGET, f"{BASE}/metainfo"):
            answer = stage.get(target)
            assert (answer.status, answer.body) == (status, body)
            assert stage.decision(answer.reference)["status"] == status


@pytest.mark.parametrize("framing", ["Content-Length: 5000", "Transfer-Encoding: chunked"])
def test_a_fault_of_the_sidecars_own_within_an_answer_is_no_part_of_it(
    own_stage: OwnStage, monkeypatch: pytest.MonkeyPatch, framing: str
) -> None:
    stage = own_stage()
    first = "5\r\nfirst\r\n" if "chunked" in framing else "first"
    stage.backend.script = stalls(f"HTTP/1.1 200 OK\r\n{framing}\r\n\r\n{first}".encode())

    def breaks_down(_: Forwarding) -> None:
        raise RuntimeError("planted")

    monkeypatch.setattr(Forwarding, "_go_on", breaks_down)
    with stage.wire() as wire:
        wire.send(request("GET", TARGET, MINE))
        assert wire.head()[0] == 200
        rest = wire.ends()
    assert b"first" in rest
    assert b"HTTP/" not in rest
    assert b"externalMessage" not in rest
    assert stage.decision_where(lambda line: line.get("reason") == "internal_error")
