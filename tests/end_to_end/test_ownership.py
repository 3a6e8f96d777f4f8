"""Whose file it is: nobody gets an attachment, image or dossier of which he may not see the row, however he spells it."""

import asyncio
import contextlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from tests.end_to_end.harness.backend import FILE, Received, Script, Visit
from tests.end_to_end.harness.configuration import BASE, Configuration, authorization, token_xml
from tests.end_to_end.harness.faults import resets, says, stalls
from tests.end_to_end.harness.identity import bearer, with_issuers
from tests.end_to_end.harness.oracle import PLAIN, rows_target, surplus_rows
from tests.end_to_end.harness.rows import FILES, PEOPLE, may_see
from tests.end_to_end.harness.soap import Message, Version, content_type, envelope, fault_of, understand_message
from tests.end_to_end.harness.stage import OwnStage, Stage, staged, wait_for
from tests.end_to_end.harness.wire import Answer, BrokenOffError, request
from tests.evaluation.filter_xml import read_filterxml
from tests.evaluation.reading import Row
from tests.jwt.mint import claims, token

RULES = {
    "version": None,
    "file": {"get_connector": "Profit_Files", "field": "FileId"},
    "image": {"get_connector": "Profit_Files", "field": "AttachmentId"},
    "subject": {"get_connector": "Profit_Files", "field": "SubjectId", "file_field": "AttachmentId"},
    "report": {"reports": ["R1"], "unchecked": ["R2"]},
}
ABSENT = "F" * 32


def with_rules(content: Configuration) -> None:
    for app_connector in content["app_connectors"].values():
        app_connector["special_connectors"] = dict(RULES)
        app_connector["get_connectors"] = [*app_connector["get_connectors"], "Profit_Files"]
    content["filter_types"]["department"]["reports"] = {"R1": {"department": "1001", "hours": "1002"}}


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("ownership"), with_rules) as stage:
        yield stage


@pytest.fixture
def guarded(lasting: Stage) -> Iterator[Stage]:
    lasting.backend.script = None
    lasting.backend.take()
    yield lasting
    lasting.backend.script = None


@pytest.fixture
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """One that remembers nothing yet, and whose configuration may be changed."""
    with staged(tmp_path_factory.mktemp("fresh"), with_rules) as stage:
        yield stage


def targets(row: Row) -> tuple[str, ...]:
    guid, subject, attachment = row["FileId"], row["SubjectId"], row["AttachmentId"]
    return (
        f"{BASE}/fileconnector/{guid}/a.pdf",
        f"{BASE}/fileconnector?fileid={guid}&filename=a.pdf",
        f"{BASE}/imageconnector/{attachment}?format=1",
        f"{BASE}/subjectconnector/{subject}/{attachment}",
        f"{BASE}/subjectconnector?SubjectId={subject}&FileId={attachment}",
    )


def fetched(received: list[Received]) -> list[str]:
    """What was fetched of the backend, other than rows."""
    return [each.target for each in received if "/connectors/" not in each.target]


def face(answer: Answer) -> tuple[int, list[tuple[str, str]], bytes]:
    """Everything of an answer but its reference and the time."""
    text = re.sub(rb"[0-9A-F]{32}", b"", answer.body)
    return answer.status, sorted((name, value) for name, value in answer.headers if name not in ("X-Sidecar-Reference", "Date")), text


@pytest.mark.parametrize("user", PEOPLE)
def test_a_file_is_fetched_if_and_only_if_its_row_is_among_those_that_the_user_gets(guarded: Stage, user: str) -> None:
    seen = {row["FileId"] for row in guarded.get(rows_target("Profit_Files", skip=-1, take=-1), user).rows}
    assert seen == {row["FileId"] for row in FILES if may_see(PEOPLE[user], "Profit_Files", row, PLAIN.reading)}
    for row in FILES:
        for target in targets(row):
            guarded.backend.take()
            answer = guarded.get(target, user)
            received = guarded.backend.take()
            assert answer.status == (200 if row["FileId"] in seen else 404), target
            assert len(fetched(received)) == (row["FileId"] in seen)
            assert [found for each in received for found in surplus_rows(each, user)] == []


THEIRS = next(row for row in FILES if row["Afdeling"] == "HR")
MINE = next(row for row in FILES if row["Afdeling"] == "CONS")


def spellings(row: Row) -> Iterator[str]:
    plain = str(row["FileId"]).replace("-", "").lower()
    dashed = "-".join((plain[:8], plain[8:12], plain[12:16], plain[16:20], plain[20:]))
    for guid in (plain, plain.upper(), dashed, dashed.upper(), f"{{{dashed}}}", f"%7B{plain}%7D", f"%{ord(plain[0]):02x}{plain[1:]}"):
        yield f"{BASE}/fileconnector/{guid}/a.pdf"
        yield f"{BASE}/FileConnector?FILEID={guid}&FileName=a.pdf"
    subject, attachment = row["SubjectId"], row["AttachmentId"]
    for prefix in ("", "0", "000"):
        yield f"{BASE}/SUBJECTCONNECTOR/{prefix}{subject}/{attachment}"
        yield f"{BASE}/subjectconnector/{subject}/{prefix}{attachment}"
        yield f"{BASE}/imageconnector/{prefix}{attachment}"
        yield f"{BASE}/subjectconnector?subjectid={prefix}{subject}&fileid={attachment}"
    yield f"{BASE}/imageconnector/%3{attachment}" if len(str(attachment)) == 1 else f"{BASE}/imageconnector/{attachment}"


@pytest.mark.parametrize("target", list(spellings(THEIRS)))
def test_no_spelling_brings_what_is_not_his(guarded: Stage, target: str) -> None:
    assert guarded.get(target).status in (400, 404)
    assert fetched(guarded.backend.take()) == []


@pytest.mark.parametrize("target", [target for target in spellings(MINE) if not re.search(r"(?<=[/=])0", target)])
def test_every_spelling_brings_what_is_his_and_the_backend_gets_one(guarded: Stage, target: str) -> None:
    assert guarded.get(target).body == FILE
    guid = str(MINE["FileId"]).replace("-", "").upper()
    [fetch] = fetched(guarded.backend.take())
    assert fetch in {
        f"{BASE}/fileconnector/{guid}/a.pdf",
        f"{BASE}/fileconnector?fileid={guid}&filename=a.pdf",
        f"{BASE}/imageconnector/{MINE['AttachmentId']}",
        f"{BASE}/subjectconnector/{MINE['SubjectId']}/{MINE['AttachmentId']}",
        f"{BASE}/subjectconnector?SubjectId={MINE['SubjectId']}&FileId={MINE['AttachmentId']}",
    }


def test_the_id_is_fetched_as_the_row_has_it(guarded: Stage) -> None:
    """`0007` and `7` are one to some backends and two to others: whichever row is his is what he gets."""
    row = json.dumps({"skip": 0, "take": 1, "rows": [{**MINE, "AttachmentId": 77}]}).encode()
    guarded.backend.script = _rows_say(row)
    assert guarded.get(f"{BASE}/imageconnector/00077").status == 200
    assert fetched(guarded.backend.take()) == [f"{BASE}/imageconnector/77"]


def test_a_file_of_another_dossier_item_does_not_slip_through(guarded: Stage) -> None:
    his = next(row for row in FILES if row["Afdeling"] == "ICT" and row["SubjectId"] != "900")
    assert guarded.get(f"{BASE}/subjectconnector/{his['SubjectId']}/{his['AttachmentId']}").status == 200
    guarded.backend.take()
    assert guarded.get(f"{BASE}/subjectconnector/{his['SubjectId']}/{THEIRS['AttachmentId']}").status == 404
    assert fetched(guarded.backend.take()) == []


def test_not_his_and_not_there_look_the_same(guarded: Stage) -> None:
    absent: Row = {"FileId": ABSENT, "SubjectId": "1", "AttachmentId": "99999"}
    faces = {str(face(guarded.get(target))) for row in (THEIRS, absent) for target in targets(row)}
    assert len(faces) == 1
    assert fetched(guarded.backend.take()) == []
    answer = guarded.get(targets(THEIRS)[0])
    assert answer.status == 404
    assert answer.json.keys() == {"externalMessage", "errorNumber", "profitLogReference"}
    line = guarded.decision(answer.reference)
    assert (line["decision"], line["reason"], line["connector"]) == ("deny", "file_not_owned", "file")


def test_who_sees_no_row_at_all_is_refused_without_a_question(guarded: Stage) -> None:
    assert guarded.get(targets(MINE)[0], "n.obody").status == 404
    assert guarded.backend.take() == []


def test_the_question_is_narrowed_and_asks_for_one_row(guarded: Stage) -> None:
    guarded.get(f"{BASE}/imageconnector/4711", "b.oth")
    [asked] = guarded.backend.take()
    query = parse_qs(asked.query)
    assert asked.target.startswith(f"{BASE}/connectors/Profit_Files?")
    assert (query["skip"], query["take"]) == (["0"], ["1"])
    assert "4711" in asked.target
    assert "CONS" in asked.target
    assert "SALES" in asked.target


# What is remembered.


def questions(received: list[Received]) -> int:
    return len(received) - len(fetched(received))


def test_an_answer_is_remembered_for_the_same_user_and_for_no_other(fresh: Stage) -> None:
    target = targets(MINE)[0]
    for status, user in ((200, "j.devries"), (404, "p.bakker"), (200, "b.oth")):
        assert fresh.get(target, user).status == status
        assert questions(fresh.backend.take()) > 0
        assert fresh.get(target, user).status == status
        assert questions(fresh.backend.take()) == 0


def test_an_answer_is_remembered_for_the_same_claims_and_for_no_others(own_stage: OwnStage, tmp_path: Path) -> None:
    """One user, two tokens, of which each says something else of him: what one may see must not open a file to the other."""
    stage = own_stage(with_issuers(tmp_path, with_rules))
    tokens = {row["Afdeling"]: token(claims(preferred_username="e.mpty", departments=[row["Afdeling"]])) for row in (THEIRS, MINE)}
    for _ in range(2):
        for row in (THEIRS, MINE):
            told = {department: stage.send(bearer(text, targets(row)[0])).status for department, text in tokens.items()}
            assert told == {department: 200 if department == row["Afdeling"] else 404 for department in tokens}


def test_an_answer_about_one_field_answers_no_question_about_another(fresh: Stage) -> None:
    """Dossier item 900 is his through one of its attachments; neither attachment 900 nor the other attachments are."""
    his = next(row for row in FILES if row["SubjectId"] == "900" and may_see(PEOPLE["j.devries"], "Profit_Files", row, PLAIN.reading))
    assert fresh.get(f"{BASE}/subjectconnector/900/{his['AttachmentId']}").status == 200
    assert fresh.get(f"{BASE}/imageconnector/900").status == 404
    others = [row for row in FILES if row["SubjectId"] == "900" and row["Afdeling"] not in ("CONS", "ICT")]
    assert {fresh.get(f"{BASE}/subjectconnector/900/{row['AttachmentId']}").status for row in others} == {404}


def test_with_the_clients_own_token_each_token_is_asked_for_by_itself(fresh: Stage) -> None:
    assert fresh.get(targets(MINE)[0], "m.jansen", app="own_token").status == 200
    asked, got = fresh.backend.take()
    assert asked.values("Authorization") == got.values("Authorization") == [authorization("m.jansen", "own_token")]


def test_a_change_of_policy_takes_effect_within_a_second(fresh: Stage) -> None:
    assert fresh.get(targets(MINE)[0]).status == 200
    version = fresh.decision_where(lambda line: line["connector"] == "file")["policy"]

    def take_away(content: Configuration) -> None:
        content["users"]["j.devries"]["attributes"]["departments"] = ["ICT"]

    fresh.change(take_away)
    wait_for(lambda: fresh.store.snapshot is not None and fresh.store.snapshot.policy.version != version, 1.0)
    fresh.backend.take()
    assert fresh.get(targets(MINE)[0]).status == 404
    assert fetched(fresh.backend.take()) == []


def hesitating(stage: Stage) -> tuple[asyncio.Event, asyncio.Event]:
    """Has the backend wait with its answers about rows: is set once it was asked, and once set lets it go on."""
    asked, go_on = asyncio.Event(), asyncio.Event()

    async def slowly(visit: Visit, received: Received) -> None:
        if "/connectors/" in received.target:
            asked.set()
            await go_on.wait()
        await visit.say(stage.backend._answer(received))

    stage.backend.script = slowly
    return asked, go_on


def test_a_policy_that_changes_while_the_backend_is_asked_fetches_nothing(fresh: Stage) -> None:
    asked, go_on = hesitating(fresh)
    before = fresh.store.snapshot
    with fresh.wire() as wire:
        wire.send(request("GET", targets(MINE)[0], authorization("j.devries")))
        wait_for(asked.is_set)
        fresh.change(lambda content: content["users"]["j.devries"].update(blocked=True))
        wait_for(lambda: fresh.store.snapshot is not before)
        fresh.loop.call_soon_threadsafe(go_on.set)
        answer = wire.answer()
    assert answer.status == 503
    assert fresh.decision(answer.reference)["reason"] == "policy_changed"
    assert fetched(fresh.backend.take()) == []


def test_who_asks_at_the_same_time_shares_a_question_and_a_client_that_goes_away_does_not_take_it_along(fresh: Stage) -> None:
    asked, go_on = hesitating(fresh)
    data = request("GET", targets(MINE)[0], authorization("j.devries"))
    with fresh.wire() as first, fresh.wire() as second, fresh.wire() as third:
        first.send(data)
        wait_for(asked.is_set)
        second.send(data)
        third.send(request("GET", targets(MINE)[0], authorization("p.bakker")))
        wait_for(lambda: len(fresh.backend.received) == 2)  # the other user's is his own
        first.close()
        fresh.decision_where(lambda line: line.get("detail", "").startswith("the client went away"))
        fresh.loop.call_soon_threadsafe(go_on.set)
        assert second.answer().status == 200
        assert third.answer().status == 404
    received = fresh.backend.take()
    assert len(fetched(received)) == 1
    assert len({each.target for each in received}) == len(received)


# A backend that can't be believed.


def _rows_say(body: bytes, status: bytes = b"200 OK", more: bytes = b"") -> Script:
    """Answers every question for rows with this, and gives every file away."""

    async def script(visit: Visit, received: Received) -> None:
        content = body if "/connectors/" in received.target else FILE
        line = status if "/connectors/" in received.target else b"200 OK"
        await visit.say(b"HTTP/1.1 %s\r\n%sContent-Length: %d\r\n\r\n%s" % (line, more, len(content), content))

    return script


def rows(*told: object) -> bytes:
    return json.dumps({"skip": 0, "take": 1, "rows": told}).encode()


IMAGE = f"{BASE}/imageconnector/{MINE['AttachmentId']}"
LIES = {
    "a row with another id": rows({**MINE, "AttachmentId": "2"}),
    "a row of another department": rows({**MINE, "Afdeling": "HR"}),
    "a row that is his behind one that is not": rows(THEIRS, MINE),
    "all rows": rows(*FILES),
    "a row without the id": rows({"Afdeling": "CONS"}),
    "a row without the field of the policy": rows({"AttachmentId": MINE["AttachmentId"]}),
    "a row with the id in two fields": b'{"skip":0,"take":1,"rows":[{"AttachmentId":"1","attachmentid":"1","Afdeling":"CONS","Uren":"5"}]}',
    "a row with a field twice": b'{"skip":0,"take":1,"rows":[{"AttachmentId":"2","AttachmentId":"1","Afdeling":"CONS","Uren":"5"}]}',
    "an id in a list": rows({**MINE, "AttachmentId": [MINE["AttachmentId"]]}),
    "an id that is almost a number": b'{"skip":0,"take":1,"rows":[{"AttachmentId":1.0,"Afdeling":"CONS","Uren":"5"}]}',
    "no JSON": b"<html>1</html>",
    "a bare list": json.dumps([MINE]).encode(),
    "rows under another name": json.dumps({"skip": 0, "take": 1, "Rows": [MINE]}).encode(),
    "an answer that is too large": rows({**MINE, "Naam": "x" * 1_100_000}),
    "half an answer": rows(MINE)[:-3],
}


@pytest.mark.parametrize("lie", LIES)
def test_a_backend_that_lies_is_not_believed(fresh: Stage, lie: str) -> None:
    fresh.backend.script = _rows_say(LIES[lie])
    answer = fresh.get(IMAGE)
    assert answer.status == 502
    assert fresh.decision(answer.reference)["reason"] == "backend_answer_unreadable"
    assert fetched(fresh.backend.take()) == []


FAULTS: dict[str, tuple[Script, int]] = {
    "an error": (_rows_say(b'{"externalMessage":"no"}', b"500 Oops"), 502),
    "a missing page": (_rows_say(rows(MINE), b"404 No"), 502),
    "part of the content": (_rows_say(rows(MINE), b"206 Part"), 502),
    "a redirect": (_rows_say(rows(MINE), b"302 There", b"Location: /elsewhere\r\n"), 502),
    "something compressed": (_rows_say(rows(MINE), more=b"Content-Encoding: gzip\r\n"), 502),
    "no HTTP": (says(b"hello\r\n\r\n", closes=True), 502),
    "a reset": (resets(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"), 502),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_without_an_answer_nothing_is_fetched_and_nothing_remembered(fresh: Stage, fault: str) -> None:
    fresh.backend.script, status = FAULTS[fault]
    assert fresh.get(IMAGE).status == status
    assert fetched(fresh.backend.take()) == []
    fresh.backend.script = None
    assert fresh.get(IMAGE).status == 200


def test_a_question_that_is_never_answered_ends_with_its_client(fresh: Stage) -> None:
    for beginning in (b"", b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"):
        fresh.backend.script = stalls(beginning)
        asked = len(fresh.backend.received)
        with fresh.wire() as wire:
            wire.send(request("GET", IMAGE, authorization("j.devries")))
            wait_for(lambda asked=asked: len(fresh.backend.received) > asked)  # type: ignore[misc]
        fresh.decision_where(lambda line: line.get("detail", "").startswith("the client went away"))
        wait_for(fresh.backend.visits[-1].gone.is_set)
    fresh.backend.script = None
    assert fresh.get(IMAGE).status == 200
    fresh.backend.take()
    assert fresh.get(f"{BASE}/imageconnector/99999").status == 404
    assert fetched(fresh.backend.take()) == []


def test_a_file_that_breaks_off_breaks_off_here_too(fresh: Stage) -> None:
    async def breaks(visit: Visit, received: Received) -> None:
        if "/connectors/" in received.target:
            await visit.say(fresh.backend._answer(received))
        else:
            await visit.say(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
            visit.writer.close()

    fresh.backend.script = breaks
    with contextlib.suppress(BrokenOffError):
        assert fresh.get(IMAGE).status == 502


# Reports.


def test_a_report_is_narrowed_like_rows(guarded: Stage) -> None:
    assert guarded.get(f"{BASE}/reportconnector/r1?filterfieldids=1003&filtervalues=x&operatortypes=1", "p.bakker").status == 200
    [received] = guarded.backend.take()
    assert received.target == f"{BASE}/reportconnector/R1?filterfieldids=1003,1001&filtervalues=x,ICT&operatortypes=1,1"


def test_a_client_cannot_widen_a_report_by_or(guarded: Stage) -> None:
    assert guarded.get(f"{BASE}/reportconnector/R1?filterfieldids=1001;1003&filtervalues=HR;x&operatortypes=1;1", "p.bakker").status == 200
    [received] = guarded.backend.take()
    assert received.target == f"{BASE}/reportconnector/R1?filterfieldids=1003,1001&filtervalues=x,ICT&operatortypes=1,1"


REPORTS = [
    ("R1", "", "n.obody", "report_without_rows"),
    ("R1", "?filterfieldids=1001&filtervalues=HR&operatortypes=1", "p.bakker", "report_without_rows"),
    ("R3", "", "j.devries", "connector_not_listed"),
]


@pytest.mark.parametrize(("report", "query", "user", "reason"), REPORTS)
def test_a_report_without_rows_looks_like_one_that_is_not_listed(guarded: Stage, report: str, query: str, user: str, reason: str) -> None:
    answer = guarded.get(f"{BASE}/reportconnector/{report}{query}", user)
    assert answer.status == 403
    assert guarded.decision(answer.reference)["reason"] == reason
    assert guarded.backend.take() == []
    assert str(face(answer)) == str(face(guarded.get(rows_target("Profit_Nope"))))


def test_a_report_that_is_unchecked_is_passed_on_as_asked_for(guarded: Stage) -> None:
    assert guarded.get(f"{BASE}/reportconnector/R2?filterfieldids=7&filtervalues=x&operatortypes=1", "n.obody").status == 200
    [received] = guarded.backend.take()
    assert received.target == f"{BASE}/reportconnector/R2?filterfieldids=7&filtervalues=x&operatortypes=1"


def test_a_report_that_a_filter_type_names_is_narrowed_also_where_all_are_unchecked(own_stage: OwnStage) -> None:
    def unchecked(content: Configuration) -> None:
        with_rules(content)
        content["app_connectors"]["hours"]["special_connectors"] = {"report": "unchecked"}

    stage = own_stage(unchecked)
    assert stage.get(f"{BASE}/reportconnector/r1", "p.bakker").status == 200
    assert stage.get(f"{BASE}/reportconnector/R1", "n.obody").status == 403
    assert stage.get(f"{BASE}/reportconnector/R3?filterfieldids=7&filtervalues=x&operatortypes=1", "n.obody").status == 200
    assert [each.target for each in stage.backend.take()] == [
        f"{BASE}/reportconnector/R1?filterfieldids=1001&filtervalues=ICT&operatortypes=1",
        f"{BASE}/reportconnector/R3?filterfieldids=7&filtervalues=x&operatortypes=1",
    ]


def test_in_shadow_a_file_is_forwarded_as_asked_for_and_what_would_have_been_asked_first_is_told(own_stage: OwnStage) -> None:
    def in_shadow(content: Configuration) -> None:
        with_rules(content)
        content["app_connectors"]["hours"] |= {"enforcement": "shadow", "row_guard": "enforce"}

    stage = own_stage(in_shadow)
    told = []
    for user, target in (("j.devries", targets(THEIRS)[0]), ("n.obody", targets(MINE)[0]), ("p.bakker", f"{BASE}/reportconnector/R1")):
        answer = stage.get(target, user)
        assert answer.body == FILE
        line = stage.decision(answer.reference)
        told.append((line["would"], line.get("would_reason")))
    assert told == [("check", None), ("refuse", "file_not_owned"), ("narrow", None)]
    assert fetched(stage.backend.take()) == [targets(THEIRS)[0], targets(MINE)[0], f"{BASE}/reportconnector/R1"]


# Over SOAP.

SUBJECT, REPORT = "AppConnectorSubject.asmx", "AppConnectorReport.asmx"


def attachment(row: Row, version: Version = "1.1", **more: str) -> bytes:
    return envelope("GetAttachment", {**more, "subjectID": str(row["SubjectId"]), "fileId": str(row["AttachmentId"])}, version)


def messages(received: list[Received]) -> list[Message]:
    return [understand_message(each.target, each.body) for each in received if each.method == "POST"]


@pytest.mark.parametrize("user", ["j.devries", "p.bakker", "m.jansen", "n.obody", "w.ild"])
def test_over_soap_an_attachment_is_given_if_and_only_if_its_row_is_his(guarded: Stage, user: str) -> None:
    for row in FILES:
        seen = may_see(PEOPLE[user], "Profit_Files", row, PLAIN.reading)
        assert guarded.soap(SUBJECT, attachment(row), user).status == (200 if seen else 500)
        told = messages(guarded.backend.take())
        expected = {"subjectID": row["SubjectId"], "fileId": row["AttachmentId"]}
        assert [message.arguments for message in told] == ([expected] if seen else [])


@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_over_soap_not_his_and_not_there_look_the_same(guarded: Stage, version: Version) -> None:
    absent: Row = {"SubjectId": "1", "AttachmentId": "99999"}
    answers = [guarded.soap(SUBJECT, attachment(row, version), version=version) for row in (THEIRS, absent)]
    assert len({(fault_of(answer).version, fault_of(answer).text) for answer in answers}) == 1
    assert {guarded.decision(fault_of(answer).reference)["reason"] for answer in answers} == {"file_not_owned"}
    assert messages(guarded.backend.take()) == []


def test_over_soap_the_ids_are_those_of_the_row(guarded: Stage) -> None:
    spelled = {"SubjectId": f"0{MINE['SubjectId']}", "AttachmentId": MINE["AttachmentId"]}
    guarded.backend.script = _rows_say(rows(MINE))
    assert guarded.soap(SUBJECT, attachment(spelled)).status == 200
    [message] = messages(guarded.backend.take())
    assert message.arguments == {"subjectID": MINE["SubjectId"], "fileId": MINE["AttachmentId"]}


def test_over_soap_a_token_in_the_message_is_asked_for_as_any_other(fresh: Stage) -> None:
    own = token_xml("m.jansen", "own_token")
    assert fresh.soap(SUBJECT, attachment(MINE, token=own), None, app="own_token").status == 200
    asked, fetch = fresh.backend.take()
    assert asked.values("Authorization") == [authorization("m.jansen", "own_token")]
    assert understand_message(fetch.target, fetch.body).arguments["token"] == own
    assert fresh.soap(SUBJECT, attachment(THEIRS, token=token_xml("j.devries")), None).status == 500


def test_over_soap_a_policy_that_changes_while_the_backend_is_asked_fetches_nothing(fresh: Stage) -> None:
    asked, go_on = asyncio.Event(), asyncio.Event()

    async def slowly(visit: Visit, received: Received) -> None:
        asked.set()
        await go_on.wait()
        await visit.say(fresh.backend._answer(received))

    fresh.backend.script = slowly
    before = fresh.store.snapshot
    with fresh.wire() as wire:
        type_line = f"Content-Type: {content_type()}"
        wire.send(request("POST", f"/ProfitServices/{SUBJECT}", authorization("j.devries"), type_line, body=attachment(MINE)))
        wait_for(asked.is_set)
        fresh.change(lambda content: content["groups"].update(nobody=["m.jansen"]))
        wait_for(lambda: fresh.store.snapshot is not before)
        fresh.loop.call_soon_threadsafe(go_on.set)
        answer = wire.answer("POST")
    assert fresh.decision(fault_of(answer).reference)["reason"] == "policy_changed"
    assert messages(fresh.backend.take()) == []


@pytest.mark.parametrize("operation", ["GetSubjectAttachmentInfo", "GetSubjectAttachmentData"])
def test_all_attachments_at_once_are_refused_where_each_is_checked_and_checked_where_the_item_is(
    guarded: Stage, own_stage: OwnStage, operation: str
) -> None:
    assert guarded.soap(SUBJECT, envelope(operation, {"subjectID": "900"}), "m.jansen").status == 500
    assert guarded.backend.take() == []

    def by_item(content: Configuration) -> None:
        with_rules(content)
        content["app_connectors"]["hours"]["special_connectors"]["subject"] = {"get_connector": "Profit_Files", "field": "SubjectId"}

    stage = own_stage(by_item)
    for row in FILES:
        seen = any(
            may_see(PEOPLE["p.bakker"], "Profit_Files", each, PLAIN.reading) for each in FILES if each["SubjectId"] == row["SubjectId"]
        )
        answer = stage.soap(SUBJECT, envelope(operation, {"subjectID": str(row["SubjectId"])}), "p.bakker")
        assert answer.status == (200 if seen else 500)
        assert len(messages(stage.backend.take())) == seen


def test_over_soap_a_report_is_narrowed_like_rows(guarded: Stage) -> None:
    field = '<Filter><Field FieldId="{}" OperatorType="1">{}</Field></Filter>'
    asked = f"<Filters>{field.format('1001', 'HR')}{field.format('1003', 'x')}</Filters>"
    assert guarded.soap(REPORT, envelope("Execute", {"reportID": "r1", "filtersXml": asked}), "p.bakker").status == 200
    [message] = messages(guarded.backend.take())
    assert message.arguments["reportID"] == "R1"
    assert read_filterxml(message.arguments["filtersXml"], PLAIN.reading) == [[("1003", "1", "x"), ("1001", "1", "ICT")]]
    for user, arguments in (("n.obody", {"reportID": "R1"}), ("p.bakker", {"reportID": "R3"})):
        assert guarded.soap(REPORT, envelope("Execute", arguments), user).status == 500
    assert guarded.backend.take() == []


@pytest.mark.parametrize("listing", [["file", "image", "subject", "report"], dict.fromkeys(("file", "image", "subject", "report"))])
def test_what_nobody_made_a_rule_for_is_denied(tmp_path_factory: pytest.TempPathFactory, listing: object) -> None:
    def without_rules(content: Configuration) -> None:
        content["app_connectors"]["hours"]["special_connectors"] = listing

    with staged(tmp_path_factory.mktemp("unguarded"), without_rules) as stage:
        for target in (*targets(MINE), f"{BASE}/reportconnector/R1"):
            answer = stage.get(target, "m.jansen")
            assert answer.status == 403
            assert stage.decision(answer.reference)["reason"] == "special_connector_unguarded"
        assert stage.backend.take() == []
