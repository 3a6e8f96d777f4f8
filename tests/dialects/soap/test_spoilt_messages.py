"""Ordinary messages, spoilt by a few bytes: each is refused, or is a call that the written envelope asks and nothing else."""

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.dialects.call import GetRows
from sidecar.dialects.soap.read import read
from sidecar.dialects.soap.write import write
from sidecar.errors import Refusal
from sidecar.filters.predicate import Operator, conjoin, single
from tests.dialects.soap.messages import ENVELOPES, SAMPLES, SERVICES, envelope

MESSAGES = [
    (sample, envelope(sample.operation, sample.arguments, in_cdata=in_cdata).encode()) for sample in SAMPLES for in_cdata in (False, True)
]
PIECES = [
    *(b"<", b">", b"</", b"/>", b"&", b"&lt;", b"&#0;", b"&#60;", b"<![CDATA[", b"]]>", b"<!--", b"-->", b"<?x ?>", b"<!DOCTYPE a>"),
    *(b"\0", b"\xff", b"\xef\xbb\xbf", b" ", b"'", b'"', b"xmlns=''", b" xmlns:s='x'", b"<logonAs>x</logonAs>", b"</s:Body><s:Body>"),
    *(b'Action="delete"', b"-1", b"[]"),
]
POLICY = single("Afdeling", Operator.EQUAL, "CONS")


@st.composite
def spoilt(draw: st.DrawFn) -> tuple[int, bytes]:
    number = draw(st.integers(0, len(MESSAGES) - 1))
    body = MESSAGES[number][1]
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(body)))
        end = min(len(body), start + draw(st.integers(0, 12)))
        other = draw(
            st.sampled_from(PIECES) | st.binary(max_size=3) | st.integers(0, len(body)).map(lambda at: MESSAGES[number][1][at : at + 20])
        )
        body = body[:start] + other + body[end:]
    return number, body


@given(spoilt())
def test_a_spoilt_message_is_refused_or_means_what_is_written(message: tuple[int, bytes]) -> None:
    number, body = message
    sample = MESSAGES[number][0]
    try:
        soap_call = read(sample.path, body, "text/xml", None)
    except Refusal:
        return
    call = soap_call.call
    narrowed = conjoin(call.filter, POLICY, 100) if isinstance(call, GetRows) else None
    written = write(soap_call, "Canonical", narrowed)
    # By another parser, as the backend would look at it.
    root = ElementTree.fromstring(written)  # noqa: S314
    [[asked]] = root
    assert (root.tag, asked.tag) == (f"{{{ENVELOPES['1.1']}}}Envelope", f"{{{SERVICES}}}{soap_call.operation.name}")
    arguments = {each.tag.removeprefix(f"{{{SERVICES}}}"): each.text or "" for each in asked}
    assert arguments.keys() <= {*soap_call.operation.arguments} - {"token"}
    assert not any(list(each) or each.attrib for each in asked)
    assert {arguments.get("connectorId"), arguments.get("connectorType")} <= {None, "Canonical"}
    if isinstance(call, GetRows):
        for group in ElementTree.fromstring(arguments["filtersXml"]):  # noqa: S314
            assert ("Afdeling", "1", "CONS") in [(field.get("FieldId"), field.get("OperatorType"), field.text) for field in group]


@pytest.mark.parametrize("number", range(len(MESSAGES)))
def test_unspoilt_they_are_served(number: int) -> None:
    sample, body = MESSAGES[number]
    assert read(sample.path, body, "text/xml", None).operation.name == sample.operation
