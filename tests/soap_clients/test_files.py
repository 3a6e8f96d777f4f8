"""Attachments and reports by clients in PHP and Python: whose row the user may see, and of a report the lines that he may see."""

import csv
import json
import urllib.request

import pytest

from sidecar.demo.running import Held, Running
from tests.dialects.soap.messages import Version
from tests.soap_clients.demo import HOURS_REPORT
from tests.soap_clients.question import Arguments, Question, Reply, SoapClient, forwarded

CONSULTANT, MANAGER = Held("j.devries", "hours"), Held("m.jansen", "hours")


def attachment_of(demo: Running, *, department: str) -> dict[str, object]:
    """One of somebody in this department, as the backend itself has it."""
    query = f"take=1&filterfieldids=Afdeling&filtervalues={department}&operatortypes=1"
    url = f"{demo.backend_url}/connectors/Profit_Attachments?{query}"
    asked = urllib.request.Request(url, headers={"Authorization": demo.backend_authorization})  # noqa: S310  our own http URL
    with urllib.request.urlopen(asked, timeout=20) as answer:  # noqa: S310
        [row] = json.load(answer)["rows"]
    demo.received.clear()
    assert isinstance(row, dict)
    return row


def fetch(demo: Running, ask: SoapClient, held: Held, operation: str, subject: object, file: object = None) -> Reply:
    arguments: Arguments = {"subjectID": str(subject), **({} if file is None else {"fileId": str(file)})}
    return ask(demo.soap_url, Question("AppConnectorSubject", operation, arguments, authorization=demo.authorizations[held]))


def test_an_attachment_of_a_row_that_the_user_may_see_is_fetched(demo: Running, ask: SoapClient) -> None:
    own = attachment_of(demo, department="CONS")
    one = fetch(demo, ask, CONSULTANT, "GetAttachment", own["SubjectId"], own["AttachmentId"])
    assert f"Bijlage bij dossieritem {own['SubjectId']}." in (one.result or "")


@pytest.mark.parametrize("operation", ["GetAttachment", "GetSubjectAttachmentInfo", "GetSubjectAttachmentData"])
def test_an_attachment_of_somebody_else_is_never_asked_of_the_backend(demo: Running, ask: SoapClient, operation: str) -> None:
    foreign = attachment_of(demo, department="HR")
    file = foreign["AttachmentId"] if operation == "GetAttachment" else None
    fault = fetch(demo, ask, CONSULTANT, operation, foreign["SubjectId"], file).fault
    assert fault is not None
    assert forwarded(demo) == []
    assert "Bijlage" in (fetch(demo, ask, MANAGER, "GetAttachment", foreign["SubjectId"], foreign["AttachmentId"]).result or "")


def test_a_file_of_somebody_else_is_not_fetched_by_a_dossier_item_of_ones_own(demo: Running, ask: SoapClient) -> None:
    own, foreign = attachment_of(demo, department="CONS"), attachment_of(demo, department="HR")
    assert fetch(demo, ask, CONSULTANT, "GetAttachment", own["SubjectId"], foreign["AttachmentId"]).fault is not None
    assert forwarded(demo) == []


@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_a_report_has_the_lines_that_the_user_may_see(demo: Running, ask: SoapClient, version: Version) -> None:
    code = '<Filters><Filter FilterId="1"><Field FieldId="U006" OperatorType="2">8</Field></Filter></Filters>'
    for held, departments in ((CONSULTANT, {"CONS"}), (MANAGER, {"CONS", "ICT", "FIN", "HR", "SALES", "DIR", ""})):
        arguments = {"reportID": HOURS_REPORT, "filtersXml": code}
        reply = ask(demo.soap_url, Question("AppConnectorReport", "Execute", arguments, version, demo.authorizations[held]))
        lines = list(csv.DictReader((reply.result or "").removeprefix("\ufeff").splitlines(), delimiter=";"))
        assert lines
        assert {line["Afdeling"] for line in lines} <= departments
        assert all(float(line["Uren"].replace(",", ".")) >= 8 for line in lines)


def test_a_report_that_is_not_listed_is_not_run(demo: Running, ask: SoapClient) -> None:
    arguments = {"reportID": "9D4C2A7E61B8453F8E0D5C3A92F7B116", "filtersXml": ""}
    assert ask(demo.soap_url, Question("AppConnectorReport", "Execute", arguments, authorization=demo.authorizations[MANAGER])).fault
    assert forwarded(demo) == []
