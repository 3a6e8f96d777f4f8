"""The row guard, from outside: before a backend that ignores the filter it is sent."""

import json
import re
from pathlib import Path

import pytest

from tests.end_to_end.harness.backend import Received, Script, Visit
from tests.end_to_end.harness.configuration import Configuration, authorization, configuration, write
from tests.end_to_end.harness.faults import OK, says
from tests.end_to_end.harness.oracle import expected_rows, rows_target
from tests.end_to_end.harness.program import program
from tests.end_to_end.harness.rows import HOURS, PEOPLE
from tests.end_to_end.harness.soap import answer_with_rows, envelope, fault_of, rows_of_answer
from tests.end_to_end.harness.stage import Change, OwnStage
from tests.end_to_end.harness.wire import BrokenOffError, request

ALL = rows_target(skip=-1, take=-1)


def guarding(mode: str, **limits: int) -> Change:
    def change(content: Configuration) -> None:
        content["app_connectors"]["hours"]["row_guard"] = mode
        content["limits"] = limits

    return change


def answer_of(rows: object) -> bytes:
    body = json.dumps({"skip": 0, "take": 100, "rows": rows}).encode()
    return OK + b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


IGNORES_FILTERS = says(answer_of(HOURS))


def many_rows(count: int, bad: int | None) -> Script:
    """So many rows, one of them foreign; as fast as they are taken, without a length."""

    def row(number: int) -> bytes:
        return b'{"Id":"%d","Afdeling":"%b","Omschrijving":"%b"}' % (number, b"HR" if number == bad else b"CONS", b"x" * 170)

    async def script(visit: Visit, _received: Received) -> None:
        await visit.say(OK + b'Transfer-Encoding: chunked\r\n\r\n1b\r\n{"skip":0,"take":1,"rows":[\r\n')
        for start in range(0, count, 1000):
            piece = b",".join(map(row, range(start, min(start + 1000, count)))) + (b"," if start + 1000 < count else b"]}")
            await visit.say(b"%x\r\n%b\r\n" % (len(piece), piece))
        await visit.say(b"0\r\n\r\n")

    return script


@pytest.mark.parametrize("mode", ["sample", "enforce"])
@pytest.mark.parametrize("user", PEOPLE)
def test_an_honest_backend_is_not_disturbed(own_stage: OwnStage, mode: str, user: str) -> None:
    stage = own_stage(guarding(mode))
    for target in (ALL, rows_target("Profit_Ledger", skip=-1, take=-1), rows_target("Profit_Countries"), rows_target(take=5, skip=2)):
        got = stage.get(target, user)
        if got.status == 414:  # this user's filters of both kinds are too long for a query
            continue
        assert got.rows == expected_rows(target, user)
        line = stage.decision(got.reference)
        assert line.get("rows_checked", len(got.rows)) == len(got.rows)
        assert [line.get(name) for name in ("rows_violating", "rows_unjudgeable", "rows_problem")] in ([0, 0, None], [None] * 3)


def test_an_ignored_filter_is_withheld_under_enforce(own_stage: OwnStage) -> None:
    stage = own_stage(guarding("enforce"))
    stage.backend.script = IGNORES_FILTERS
    for _ in range(2):
        got = stage.get(ALL)
        assert got.status == 502
        assert got.json["profitLogReference"] == got.reference
        assert b"Afdeling" not in got.body
        line = stage.decision(got.reference)
        assert (line["decision"], line["reason"], line["rows_checked"]) == ("allow", "rows_not_allowed", len(HOURS))
        assert 0 < line["rows_violating"] < len(HOURS)
    status, metrics = stage.admin("/metrics")
    assert status == 200
    assert 'sidecar_checked_answers_total{result="violating"} 2.0' in metrics
    assert f'sidecar_checked_rows_total{{result="violating"}} {2.0 * line["rows_violating"]}' in metrics


def test_an_ignored_filter_is_counted_and_logged_under_sample(own_stage: OwnStage) -> None:
    stage = own_stage(guarding("sample"))
    stage.backend.script = IGNORES_FILTERS
    first, second = stage.get(ALL), stage.get(ALL)
    assert first.rows == second.rows == list(HOURS)
    assert stage.decision(first.reference)["rows_violating"] > 0
    assert "rows_violating" not in stage.decision(second.reference)
    assert 'sidecar_checked_answers_total{result="violating"} 1.0' in stage.admin("/metrics")[1]


def test_without_the_guard_an_ignored_filter_passes_unseen(own_stage: OwnStage) -> None:
    """Else the tests before this one would show nothing."""
    stage = own_stage()
    stage.backend.script = IGNORES_FILTERS
    assert stage.get(ALL).rows == list(HOURS)


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_of_a_huge_answer_nothing_passes_from_its_first_foreign_row_on(own_stage: OwnStage, version: str) -> None:
    stage = own_stage(guarding("enforce", answer=100_000))
    stage.backend.script = many_rows(120_000, bad=100_000)
    with stage.wire() as wire:
        wire.send(request("GET", ALL, authorization("j.devries"), version=version))
        assert wire.head()[0] == 200
        with pytest.raises(BrokenOffError) as broken:
            wire.rest()
    so_far = broken.value.so_far
    assert b'"Id":"10000"' in so_far
    assert b'"HR"' not in so_far
    assert b"0\r\n\r\n" not in so_far[-10:]
    line = stage.decision_where(lambda line: line.get("reason") == "rows_not_allowed")
    assert line["rows_violating"] == 1
    assert line["rows_checked"] > 100_000


def test_a_huge_answer_that_fits_is_refused_in_the_usual_shape(own_stage: OwnStage) -> None:
    stage = own_stage(guarding("enforce", answer=40_000_000))
    stage.backend.script = many_rows(120_000, bad=100_000)
    got = stage.get(ALL)
    assert (got.status, set(got.json)) == (502, {"externalMessage", "errorNumber", "profitLogReference"})


def asks_by_soap(operation: str = "GetData", **more: str) -> bytes:
    return envelope(operation, {"connectorId": "Profit_Hours", "skip": "-1", "take": "-1", **more})


@pytest.mark.parametrize("mode", ["sample", "enforce"])
@pytest.mark.parametrize("user", PEOPLE)
def test_over_soap_an_honest_backend_is_not_disturbed(own_stage: OwnStage, mode: str, user: str) -> None:
    guarded, plain = own_stage(guarding(mode)), own_stage()
    for message in (asks_by_soap(), asks_by_soap("GetDataWithOptions", options="<options><Outputmode>1</Outputmode></options>")):
        got = guarded.soap("AppConnectorGet.asmx", message, user)
        assert (got.status, got.body) == (200, plain.soap("AppConnectorGet.asmx", message, user).body)
        line = guarded.decision(got.reference)
        assert line.get("rows_checked", len(rows_of_answer(got))) == len(rows_of_answer(got))
        assert [line.get(name) for name in ("rows_violating", "rows_unjudgeable", "rows_problem")] in ([0, 0, None], [None] * 3)


IGNORES_SOAP_FILTERS = answer_with_rows("Profit_Hours", HOURS)
IN_SOAP = OK.replace(b"application/json", b"text/xml") + b"Content-Length: %d\r\n\r\n%b" % (len(IGNORES_SOAP_FILTERS), IGNORES_SOAP_FILTERS)


def test_over_soap_an_ignored_filter_is_withheld_or_counted(own_stage: OwnStage) -> None:
    enforcing, sampling = own_stage(guarding("enforce")), own_stage(guarding("sample"))
    enforcing.backend.script = sampling.backend.script = says(IN_SOAP)
    got = enforcing.soap("AppConnectorGet.asmx", asks_by_soap())
    assert b"Afdeling" not in got.body
    assert fault_of(got).reference == got.reference
    line = enforcing.decision(got.reference)
    assert (line["reason"], line["rows_checked"]) == ("rows_not_allowed", len(HOURS))
    got = sampling.soap("AppConnectorGet.asmx", asks_by_soap())
    assert (got.status, got.body) == (200, IGNORES_SOAP_FILTERS)
    assert sampling.decision(got.reference)["rows_violating"] == line["rows_violating"]


def test_over_soap_a_large_answer_breaks_off_before_its_first_foreign_row(own_stage: OwnStage) -> None:
    stage = own_stage(guarding("enforce", answer=2_000))
    good = [{"Id": str(number), "Afdeling": "CONS"} for number in range(5_000)]
    body = answer_with_rows("Profit_Hours", [*good, {"Id": "FOREIGN", "Afdeling": "HR"}, *good])
    stage.backend.script = says(OK + b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
    with pytest.raises(BrokenOffError) as broken:
        stage.soap("AppConnectorGet.asmx", asks_by_soap())
    assert b"FOREIGN" not in broken.value.so_far


@pytest.mark.parametrize("option", ["<Outputmode>2</Outputmode>", "<Metadata>1</Metadata>"])
def test_over_soap_rows_that_cannot_be_read_are_not_asked_for_under_enforce(own_stage: OwnStage, option: str) -> None:
    enforcing, sampling = own_stage(guarding("enforce")), own_stage(guarding("sample"))
    message = asks_by_soap("GetDataWithOptions", options=f"<options>{option}</options>")
    got = enforcing.soap("AppConnectorGet.asmx", message)
    assert enforcing.decision(got.reference)["reason"] == "form_not_judged"
    assert enforcing.backend.take() == []
    assert sampling.soap("AppConnectorGet.asmx", message).status == 200
    assert enforcing.soap("AppConnectorGet.asmx", message, "m.jansen").status == 200  # sees everything


def test_over_soap_faults_pass_as_they_are(own_stage: OwnStage) -> None:
    stage = own_stage(guarding("enforce"))
    stage.backend.script = says(b"HTTP/1.1 500 Oops\r\nContent-Type: text/xml\r\nContent-Length: 8\r\n\r\n<fault/>")
    got = stage.soap("AppConnectorGet.asmx", asks_by_soap())
    assert (got.status, got.body) == (500, b"<fault/>")


@pytest.mark.parametrize("mode", ["sample", "enforce"])
def test_memory_stays_bounded_on_an_answer_of_200_mb(own_stage: OwnStage, tmp_path: Path, mode: str) -> None:
    """The peak of the process, as the kernel counts it."""
    stage = own_stage()
    rows = 1_000_000
    content = configuration(stage.backend.port)
    guarding(mode, answer=1 << 20)(content)
    write(tmp_path / "run.yaml", content)
    with program(tmp_path, tmp_path / "run.yaml") as running:
        status = Path(f"/proc/{running.process.pid}/status")
        if not status.exists():
            pytest.skip("needs /proc")

        def peak() -> int:
            found = re.search(r"VmHWM:\s*(\d+) kB", status.read_text())
            assert found is not None
            return int(found[1]) // 1024

        stage.backend.script = many_rows(1000, bad=None)
        with running.wire() as wire:
            assert wire.ask(request("GET", ALL, authorization("b.oth"))).status == 200
            before = peak()
            stage.backend.script = many_rows(rows, bad=None)
            wire.send(request("GET", ALL, authorization("j.devries")))
            assert wire.head()[0] == 200
            size, tail = 0, b""
            while not tail.endswith(b"0\r\n\r\n"):
                data = wire.socket.recv(1 << 20)
                assert data
                size, tail = size + len(data), (tail + data)[-10:]
        assert size > 200_000_000
        assert peak() - before < 40
        running.wait_for(f"rows_checked={rows} ")
