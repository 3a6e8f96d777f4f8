"""Answers of the sidecar's own have the shapes that clients look for, whether they parse them or search for them."""

import re
from xml.etree import ElementTree

import pytest

from sidecar.dialects.soap.answers import fault, no_rows
from sidecar.dialects.soap.read import read
from sidecar.dialects.soap.version import Version
from tests.dialects.soap.messages import ENVELOPES, ROWS, SAMPLES, SERVICES, Sample, envelope

MESSAGE = "Unknown <parameter> & 'é' \x00\ud800"


def result_of(body: bytes, operation: str) -> str | None:
    [response] = ElementTree.fromstring(body).iterfind("*/*")  # noqa: S314
    assert response.tag == f"{{{SERVICES}}}{operation}Response"
    [result] = response
    assert result.tag == f"{{{SERVICES}}}{operation}Result"
    return result.text


def empty(sample: Sample, options: str = "<options/>") -> bytes:
    arguments = {**sample.arguments, "options": options} if "options" in sample.arguments else sample.arguments
    return no_rows(read(sample.path, envelope(sample.operation, arguments).encode(), "text/xml", None))


@pytest.mark.parametrize("sample", SAMPLES[:2])
def test_no_rows_are_an_empty_result(sample: Sample) -> None:
    body = empty(sample)
    text = result_of(body, sample.operation)
    assert text is not None
    assert ElementTree.fromstring(text).tag == "AfasGetConnector"  # noqa: S314
    assert re.search(rf"<{sample.operation}Result>(.*)</{sample.operation}Result>", body.decode())


def test_no_rows_as_text_are_an_empty_text() -> None:
    body = empty(SAMPLES[1], "<options><Outputmode>2</Outputmode></options>")
    assert not result_of(body, SAMPLES[1].operation)


def test_no_rows_come_in_the_version_that_was_asked_in() -> None:
    soap_call = read(ROWS.path, envelope(ROWS.operation, ROWS.arguments, "1.2").encode(), "application/soap+xml", None)
    assert ElementTree.fromstring(no_rows(soap_call)).tag == f"{{{ENVELOPES['1.2']}}}Envelope"  # noqa: S314


@pytest.mark.parametrize("version", Version)
def test_a_fault_has_the_backends_detail(version: Version) -> None:
    body = fault(version, MESSAGE, -2147180996, "0123ABCD")
    assert body.isascii()
    root = ElementTree.fromstring(body)  # noqa: S314
    assert root.tag == f"{{{version.value}}}Envelope"
    [detail] = root.iter("ProfitApplicationException")
    told = MESSAGE.replace("\x00", "\ufffd").replace("\ud800", "\ufffd")
    assert [(part.tag, part.text) for part in detail] == [
        ("ErrorNumber", "-2147180996"),
        ("Message", told),
        ("Detail", "Log reference....: 0123ABCD"),
    ]
    if version is Version.SOAP_1_1:
        assert (root.findtext(".//faultcode"), root.findtext(".//faultstring")) == ("soap:Server", told)
        assert root.find(".//detail") is not None
    else:
        space = {"e": version.value}
        assert root.findtext(".//e:Fault/e:Code/e:Value", namespaces=space) == "soap:Receiver"
        assert root.findtext(".//e:Fault/e:Reason/e:Text", namespaces=space) == told
        assert root.find(".//e:Fault/e:Detail", namespaces=space) is not None


def test_clients_find_number_and_reference_by_regular_expression() -> None:
    text = fault(Version.SOAP_1_1, "Not allowed", -1, "0123ABCD").decode()
    found = [re.search(pattern, text) for pattern in (r"ErrorNumber>([^<]+)</ErrorNumber", r"Log reference\.+:([ A-Z0-9]+)")]
    assert [match and match[1].strip() for match in found] == ["-1", "0123ABCD"]
