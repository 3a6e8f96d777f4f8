"""Refusals are faults that clients in PHP and Python can read, in either version of SOAP; and what is not served has no WSDL."""

import json
import urllib.error
import urllib.request

import pytest

from sidecar.demo.running import Held, Running
from tests.demo.test_backend_soap_rows import filter_xml
from tests.dialects.soap.messages import Version, envelope
from tests.end_to_end.harness.stage import wait_for
from tests.soap_clients.question import FIRST, Arguments, Fault, Question, SoapClient, forwarded

CONSULTANT, IN_PAYROLL = Held("j.devries", "hours"), Held("m.jansen", "payroll")
NOT_LISTED: Arguments = {"connectorId": "Profit_Salaries", **FIRST}
TAG = filter_xml([[("Naam", 1, "[Medewerker]")]])


def decision(demo: Running, reference: str) -> dict[str, object]:
    """The line of the decision log to which a reference leads, as soon as it is written."""

    def found() -> list[dict[str, object]]:
        return [line for line in map(json.loads, list(demo.decisions)) if line["reference"] == reference]

    wait_for(lambda: bool(found()))
    return found()[0]


def fault_of(demo: Running, ask: SoapClient, arguments: Arguments, authorization: str | None, version: Version = "1.1") -> Fault:
    """The fault that GetData gives, of which the backend heard nothing."""
    demo.received.clear()
    fault = ask(demo.soap_url, Question("AppConnectorGet", "GetData", arguments, version, authorization)).fault
    assert fault is not None
    assert forwarded(demo) == []
    return fault


@pytest.mark.parametrize("version", ["1.1", "1.2"])
@pytest.mark.parametrize(
    ("held", "arguments", "reason"),
    [
        (CONSULTANT, NOT_LISTED, "connector_not_listed"),
        (CONSULTANT, {"connectorId": "Profit_Nonsense", **FIRST}, "connector_not_listed"),
        (IN_PAYROLL, NOT_LISTED, "app_connector_blocked"),
        (
            CONSULTANT,
            {"connectorId": "Profit_Hours", "filtersXml": TAG, **FIRST},
            "filter_not_supported",
        ),
        (CONSULTANT, {"connectorId": "Profit_Hours", "filtersXml": "<filters/>", **FIRST}, "filter_malformed"),
        (CONSULTANT, {"connectorId": "Profit_Hours", "skip": 2, "take": -1}, "parameter_malformed"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_a_refusal_is_a_fault_that_leads_to_its_reason(
    demo: Running, ask: SoapClient, held: Held, arguments: Arguments, reason: str, version: Version
) -> None:
    fault = fault_of(demo, ask, arguments, demo.authorizations[held], version)
    assert fault.code.rpartition(":")[2] == ("Server" if version == "1.1" else "Receiver")
    assert fault.text == fault.detail["Message"]
    assert fault.detail["ErrorNumber"].startswith("-2147")
    assert decision(demo, fault.reference)["reason"] == reason


def test_a_connector_that_is_not_listed_looks_like_one_that_is_not_there(demo: Running, ask: SoapClient) -> None:
    held = demo.authorizations[CONSULTANT]
    faults = [fault_of(demo, ask, {"connectorId": name, **FIRST}, held) for name in ("Profit_Salaries", "Profit_Nonsense")]
    assert len({(fault.code, fault.text, fault.detail["ErrorNumber"]) for fault in faults}) == 1


@pytest.mark.parametrize("authorization", [None, "AfasToken AAAA", "Bearer x"])
def test_without_a_good_token_there_is_a_fault(demo: Running, ask: SoapClient, authorization: str | None) -> None:
    fault = fault_of(demo, ask, {"connectorId": "Profit_Countries", **FIRST}, authorization)
    assert str(decision(demo, fault.reference)["reason"]).startswith("token_")


def test_a_misspelled_argument_is_refused_rather_than_dropped(demo: Running, ask: SoapClient) -> None:
    filters = "&lt;Filters/&gt;"
    arguments = f"<connectorId>Profit_Hours</connectorId><filtersxml>{filters}</filtersxml><skip>0</skip><take>1</take>"
    body = f'<GetData xmlns="urn:Afas.Profit.Services">{arguments}</GetData>'
    question = Question("AppConnectorGet", "GetData", NOT_LISTED, authorization=demo.authorizations[CONSULTANT], body=body)
    fault = ask(demo.soap_url, question).fault
    assert fault is not None
    assert decision(demo, fault.reference)["reason"] == "unknown_parameter"


def test_version_and_schema_are_the_backends(demo: Running, ask: SoapClient) -> None:
    authorization = demo.authorizations[CONSULTANT]
    version = ask(demo.soap_url, Question("AppConnectorVersionInfo", "GetProductVersion", {}, authorization=authorization))
    assert version.result == "26.2.11"
    for connector, served in (("KnSubject", True), ("KnPerson", False)):
        parameters = f"<DataConnector><UpdateConnectorId>{connector}</UpdateConnectorId></DataConnector>"
        arguments: Arguments = {"dataID": "GetXmlSchema", "parametersXml": parameters}
        reply = ask(demo.soap_url, Question("AppConnectorData", "Execute", arguments, authorization=authorization))
        assert (reply.fault is None) is served


@pytest.mark.parametrize("service", ["CmdConnector", "GetConnector", "TokenConnector", "OSCConnector"])
def test_what_is_not_served_has_no_wsdl_and_takes_no_call(demo: Running, service: str) -> None:
    headers = {"Authorization": demo.authorizations[CONSULTANT], "Content-Type": "text/xml"}
    call = envelope("Execute", {"commandLine": "DEFINITIEIMPORT"}).encode()
    for url, data in ((f"{demo.soap_url}/{service}.asmx?WSDL", None), (f"{demo.soap_url}/{service}.asmx", call)):
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(urllib.request.Request(url, data, headers), timeout=20)  # noqa: S310  our own http URL
        refused.value.close()
    assert not demo.received
