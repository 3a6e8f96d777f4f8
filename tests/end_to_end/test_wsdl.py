"""The WSDL passes to anybody, with the sidecar's address in it, for services that somebody may use, and for nothing else."""

from urllib.parse import urlsplit

import pytest

from tests.end_to_end.harness.backend import Received, Visit
from tests.end_to_end.harness.configuration import Configuration, authorization
from tests.end_to_end.harness.soap import WSDL
from tests.end_to_end.harness.stage import OwnStage, Stage
from tests.end_to_end.harness.wire import Answer, request

SERVICE = "/ProfitServices/AppConnectorGet.asmx"


def fetch(stage: Stage, target: str = f"{SERVICE}?WSDL", user: str | None = None, host: str = "app.example") -> Answer:
    proof = None if user is None else authorization(user)
    return stage.send(request("GET", target, proof).replace(b"Host: app.example", f"Host: {host}".encode()))


@pytest.mark.parametrize("target", [f"{SERVICE}?WSDL", f"{SERVICE}?wsdl", f"{SERVICE.lower()}?Wsdl"])
@pytest.mark.parametrize("user", [None, "j.devries", "x.blocked"])
def test_whoever_asks_gets_it_with_the_address_that_he_used(own_stage: OwnStage, target: str, user: str | None) -> None:
    stage = own_stage()
    for _ in range(3):  # also when his headers are known
        answer = fetch(stage, target, user, "connectors.example:8080")
        assert answer.status == 200
        assert answer.header("Content-Type") == "text/xml; charset=utf-8"
        assert answer.header("Cache-Control") == "no-store"
        assert b'location="http://connectors.example:8080/ProfitServices/AppConnectorGet.asmx"' in answer.body
        assert f"127.0.0.1:{stage.backend.port}".encode() not in answer.body
    assert len(stage.backend.take()) == 1  # and no credential: see what every message to the backend must look like
    assert stage.decision(answer.reference)["call"] == "Wsdl"


def test_the_address_may_be_said(own_stage: OwnStage) -> None:
    def say(content: Configuration) -> None:
        content["environments"]["O12345AA"]["soap_address"] = "https://connectors.example.com/ProfitServices"

    answer = fetch(own_stage(say), host="evil.example")
    assert b'location="https://connectors.example.com/ProfitServices/AppConnectorGet.asmx"' in answer.body
    assert b"evil" not in answer.body


@pytest.mark.parametrize("host", ['a"/><x y="', "a b", "a/b", "a@b", "", "a:b", "[::1", "é", "a%2fb", "-a"])
def test_a_host_that_is_none_is_refused(stage: Stage, host: str) -> None:
    answer = fetch(stage, host=host)
    assert answer.status == 400
    assert answer.header("Content-Type").startswith("application/json")


@pytest.mark.parametrize("host", ["a", "a.example", "127.0.0.1:80", "[::1]:8080", "A-B.example"])
def test_a_host_comes_back_as_it_was_named(stage: Stage, host: str) -> None:
    assert urlsplit(f"http://{host}/").netloc == host
    assert f'location="http://{host}/ProfitServices/AppConnectorGet.asmx"'.encode() in fetch(stage, host=host).body


@pytest.mark.parametrize(
    "target",
    [
        "/ProfitServices/CmdConnector.asmx?WSDL",
        "/ProfitServices/GetConnector.asmx?WSDL",
        "/ProfitServices/AppConnectorGet.asmx?WSDL=1",
        "/ProfitServices/AppConnectorGet.asmx?op=GetData",
        "/ProfitServices/AppConnectorGet.asmx?disco",
        "/ProfitServices/AppConnectorGet.asmx",
        "/ProfitServices/AppConnectorGet.asmx/?WSDL",
        "/ProfitServices/x/AppConnectorGet.asmx?WSDL",
        "/Other/AppConnectorGet.asmx?WSDL",
        "/AppConnectorGet.asmx?WSDL",
        "/ProfitRestServices/AppConnectorGet.asmx?WSDL",
        "/ProfitServices/../ProfitServices/AppConnectorGet.asmx?WSDL",
        "/ProfitServices//AppConnectorGet.asmx?WSDL",
        "/ProfitServices/AppConnectorGet.asmx?%57SDL",
    ],
)
@pytest.mark.parametrize("user", [None, "j.devries"])
def test_nothing_else_is_told(stage: Stage, target: str, user: str | None) -> None:
    assert fetch(stage, target, user).status in (400, 401, 404)
    assert stage.backend.take() == []


def test_only_services_that_somebody_may_use_have_one(own_stage: OwnStage) -> None:
    def narrow(content: Configuration) -> None:
        for name, app_connector in content["app_connectors"].items():
            app_connector["special_connectors"] = ["version"] if name == "locked" else []  # that one is blocked
            app_connector["update_connectors"] = {}

    stage = own_stage(narrow)
    for service, status in (("Get", 200), ("Update", 404), ("VersionInfo", 404), ("Subject", 404), ("Report", 404), ("Data", 404)):
        assert fetch(stage, f"/ProfitServices/AppConnector{service}.asmx?WSDL").status == status
    assert len(stage.backend.take()) == 1


ANSWERS = {
    "an error": (500, b"oh"),
    "not found": (404, b"no"),
    "a redirect": (302, b""),
    "no XML": (200, b"hello"),
    "something else": (200, b"<a/>"),
    "a document type": (200, b'<!DOCTYPE a SYSTEM "http://127.0.0.1:9/x">' + WSDL.encode().partition(b"?>")[2]),
    "an import": (200, WSDL.replace("<wsdl:types>", '<wsdl:import location="http://BACKEND/x"/><wsdl:types>').encode()),
    "the backend's name elsewhere": (
        200,
        WSDL.replace("<wsdl:types>", "<wsdl:documentation>BACKEND</wsdl:documentation><wsdl:types>").encode(),
    ),
    "no location": (200, WSDL.replace("soap:address location", "soap:address place").encode()),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_what_is_not_plainly_the_services_wsdl_is_not_passed_on(own_stage: OwnStage, name: str) -> None:
    status, body = ANSWERS[name]
    stage = own_stage()
    body = body.replace(b"BACKEND", f"127.0.0.1:{stage.backend.port}".encode())

    async def script(visit: Visit, _received: Received) -> None:
        await visit.say(b"HTTP/1.1 %d Fine\r\nContent-Type: text/xml\r\nContent-Length: %d\r\n\r\n%s" % (status, len(body), body))

    stage.backend.script = script
    answers = [fetch(stage) for _ in range(3)]
    assert {answer.status for answer in answers} == {502}
    assert {stage.decision(answer.reference)["reason"] for answer in answers} == {"backend_answer_unreadable"}
    assert not any(b"127.0.0.1" in answer.body for answer in answers)
    if status != 200:
        assert len(stage.backend.take()) == 1  # failures are not asked for again at once
