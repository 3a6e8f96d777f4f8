"""Which version of SOAP a message is, by its headers: XML in UTF-8 only, and one action at most."""

import pytest

from sidecar.dialects.soap.services import DATA, GET_DATA
from sidecar.dialects.soap.version import Version, content_type_of, read_headers, version_for_fault, write_headers
from sidecar.errors import Reason, Refusal

ACTION = "urn:Afas.Profit.Services/GetData"


@pytest.mark.parametrize(
    ("content_type", "version", "action"),
    [
        ("text/xml", Version.SOAP_1_1, None),
        ("Text/XML; charset=utf-8", Version.SOAP_1_1, None),
        ('text/xml;charset="UTF-8"', Version.SOAP_1_1, None),
        ("text/xml; charset=utf8 ", Version.SOAP_1_1, None),
        ("application/soap+xml", Version.SOAP_1_2, None),
        (f'application/soap+xml; charset=utf-8; action="{ACTION}"', Version.SOAP_1_2, ACTION),
        (f"application/soap+xml;action={ACTION};charset=utf-8", Version.SOAP_1_2, ACTION),
        ('application/soap+xml; action=""', Version.SOAP_1_2, None),
        ("application/xml", None, None),
    ],
)
def test_the_headers_of_ordinary_clients_are_read(content_type: str, version: Version | None, action: str | None) -> None:
    assert read_headers(content_type, None) == (version, action)


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        "text",
        "text/plain",
        "text/html",
        "application/json",
        "application/x-www-form-urlencoded",
        'multipart/related; type="text/xml"; start="<a>"; boundary=x',
        "multipart/form-data; boundary=x",
        'application/xop+xml; type="application/soap+xml"',
        "application/soap+msbin1",
        "text/xml, text/plain",
        "text/xml; charset=iso-8859-1",
        "text/xml; charset=utf-16",
        "text/xml; charset=utf-7",
        "text/xml; charset=utf-8; charset=utf-8",
        "text/xml; charset*=utf-8''utf-7",
        "text/xml; charset",
        "text/xml; charset=utf-8;",
        "text/xml; boundary=x",
        "text/xml charset=utf-8",
        'text/xml; charset="utf-8',
        'text/xml; charset="utf\\-8"',
        "text/xml; charset=utf-8\n; charset=utf-7",
        "te\u212at/xml",
    ],
)
def test_any_other_content_type_is_refused(content_type: str | None) -> None:
    with pytest.raises(Refusal) as caught:
        read_headers(content_type, None)
    assert caught.value.reason is Reason.BODY_TYPE


def test_two_actions_must_be_the_same_one() -> None:
    assert read_headers(f'application/soap+xml; action="{ACTION}"', f'"{ACTION}"').action == ACTION
    with pytest.raises(Refusal) as caught:
        read_headers(f'application/soap+xml; action="{ACTION}"', f'"{ACTION}WithOptions"')
    assert caught.value.reason is Reason.BODY_MALFORMED


def test_the_backend_is_told_version_and_action() -> None:
    assert write_headers(Version.SOAP_1_1, GET_DATA) == (("Content-Type", "text/xml; charset=utf-8"), ("SOAPAction", f'"{ACTION}"'))
    assert write_headers(Version.SOAP_1_2, GET_DATA) == (("Content-Type", f'application/soap+xml; charset=utf-8; action="{ACTION}"'),)


@pytest.mark.parametrize("version", Version)
def test_what_is_told_is_read_the_same(version: Version) -> None:
    headers = dict(write_headers(version, DATA))
    assert read_headers(headers["Content-Type"], headers.get("SOAPAction")) == (version, DATA.action)


@pytest.mark.parametrize(
    ("content_type", "version"),
    [
        (None, Version.SOAP_1_1),
        ("text/html", Version.SOAP_1_1),
        ("application/xml", Version.SOAP_1_1),
        (content_type_of(Version.SOAP_1_2), Version.SOAP_1_2),
        ("application/SOAP+xml; charset=x", Version.SOAP_1_2),
    ],
)
def test_a_fault_is_told_in_the_version_that_the_client_most_likely_reads(content_type: str | None, version: Version) -> None:
    assert version_for_fault(content_type) is version
