"""Rows of SOAP answers: ordinary spellings pass whole, everything else is never let through as good."""

import pytest

from tests.guard.answers import CONNECTOR, checked_soap, element, soap, soap_rows

GOOD = element(CONNECTOR, {"Afdeling": "CONS", "Id": 1})


def answer(*rows: str) -> bytes:
    return soap("<AfasGetConnector>" + "".join(rows) + "</AfasGetConnector>")


@pytest.mark.parametrize(
    ("data", "rows"),
    [
        (answer(), 0),
        (soap("<AfasGetConnector />"), 0),
        (soap("<AfasGetConnector/>"), 0),
        (answer(GOOD), 1),
        (soap_rows([{"Afdeling": "CONS"}, {"Afdeling": "ICT"}], between="\r\n  "), 2),
        (soap_rows([{"Afdeling": "CONS", "Note": f"</{CONNECTOR}> & <b> &lt;/{CONNECTOR}&gt; ]]> \"'é€😀"}] * 3), 3),
        (answer(f"<{CONNECTOR}><Afdeling>CONS</Afdeling><Note/><Other /></{CONNECTOR}>"), 1),
        (answer(element(CONNECTOR, {"Afdeling": "CONS", "Note": "xmlns:x='y' <a xmlns='urn:x'/> xml:lang"})), 1),
        (soap(f"<AfasGetConnector>{GOOD}</AfasGetConnector>", operation="GetDataWithOptions"), 1),
        (soap(f"<AfasGetConnector>{GOOD}</AfasGetConnector>", prefix="s"), 1),
        (answer(GOOD).replace(b'<?xml version="1.0" encoding="utf-8"?>', b""), 1),
        (answer(GOOD).replace(b"&gt;&lt;Id", b"&gt;&#xD;\n&lt;Id"), 1),
        (answer(GOOD.upper().replace("AFDELING", "Afdeling")), 1),
    ],
)
def test_an_answer_in_order_passes_whole(data: bytes, rows: int) -> None:
    assert checked_soap(data) == ((rows, 0, 0, True), data)


@pytest.mark.parametrize("row", ["<Afdeling>HR</Afdeling>", "<Afdeling/>", "<Afdeling></Afdeling>", "<Id>1</Id>", ""])
def test_a_row_that_the_policy_does_not_admit_is_a_violation(row: str) -> None:
    assert checked_soap(answer(GOOD, f"<{CONNECTOR}>{row}</{CONNECTOR}>", GOOD)) == ((3, 1, 0, True), b"")


def test_a_row_that_has_a_field_twice_cannot_be_judged() -> None:
    row = f"<{CONNECTOR}><Afdeling>CONS</Afdeling><Afdeling>CONS</Afdeling></{CONNECTOR}>"
    assert checked_soap(answer(GOOD, row)) == ((2, 0, 1, True), b"")


@pytest.mark.parametrize(
    ("data", "rows"),
    [
        (b"", 0),
        (b"<html></html>", 0),
        (soap("Id;Afdeling"), 0),
        (soap("<AfasGetConnector"), 0),
        (soap('<AfasGetConnector a="1">' + GOOD + "</AfasGetConnector>"), 0),
        (soap("<Other>" + GOOD + "</Other>"), 0),
        (soap("<!DOCTYPE x><AfasGetConnector>" + GOOD + "</AfasGetConnector>"), 0),
        (b"<!DOCTYPE x>" + answer(GOOD), 0),
        (answer(GOOD).replace(b"utf-8", b"utf-16"), 0),
        (answer(GOOD).decode().encode("utf-16"), 0),
        (answer(GOOD).replace(b"<GetDataResult>", b"<GetDataResult><![CDATA[", 1), 0),
        (answer(GOOD).replace(b"<GetDataResult>", b"<GetDataResult></GetDataResult><GetDataResult>", 1), 0),
        (answer(GOOD).replace(b"</GetDataResult>", b"</GetDataResult><GetDataResult>x</GetDataResult>"), 1),
        (answer(GOOD).replace(b"</GetDataResult>", b"</GetDataResult><!-- x -->"), 1),
        (answer(GOOD) + b"x", 1),
        (answer(GOOD)[:-5], 1),
        (answer(GOOD)[:-300], 0),
        (soap(f"<AfasGetConnector>{GOOD}</AfasGetConnector>{GOOD}"), 1),
        (soap(f"<AfasGetConnector />{GOOD}"), 0),
        (answer(element("Profit_Salaries", {"Afdeling": "CONS"})), 0),
        (answer(GOOD, element("Profit_Salaries", {"Afdeling": "CONS"})), 1),
        (answer(GOOD, element("Profit_Salaries", {"Afdeling": "CONS"}), GOOD), 1),
        (answer(GOOD, "text", GOOD), 1),
        (answer(GOOD, "<!-- x -->", GOOD), 1),
        (answer(GOOD, "<?x y?>", GOOD), 1),
        (answer(f"<{CONNECTOR}><Afdeling><![CDATA[CONS]]></Afdeling></{CONNECTOR}>"), 0),
        (answer(f"<{CONNECTOR}><Afdeling><b>CONS</b></Afdeling></{CONNECTOR}>"), 0),
        (answer(f"<{CONNECTOR}><Afdeling a='1'>CONS</Afdeling></{CONNECTOR}>"), 0),
        (answer(f"<{CONNECTOR} a='1'><Afdeling>CONS</Afdeling></{CONNECTOR}>"), 0),
        (answer(f"<{CONNECTOR}><Afdeling xmlns='urn:x'>CONS</Afdeling></{CONNECTOR}>"), 0),
        (answer(f"<{CONNECTOR}><x:Afdeling xmlns:x='urn:x'>CONS</x:Afdeling></{CONNECTOR}>"), 0),
        (answer(f"<{CONNECTOR}><xml:Afdeling>CONS</xml:Afdeling></{CONNECTOR}>"), 0),
        (answer(f"<{CONNECTOR}><Afdeling xmlns:x='HR'>CONS</Afdeling></{CONNECTOR}>"), 0),
        (answer(f"<{CONNECTOR}>text<Afdeling>CONS</Afdeling></{CONNECTOR}>"), 0),
        (answer(f"<{CONNECTOR}><Afdeling>CONS</Afdeling>text</{CONNECTOR}>"), 0),
        (answer(f"<{CONNECTOR}><Afdeling>&xxe;</Afdeling></{CONNECTOR}>"), 0),
        (answer(f"<{CONNECTOR}><Afdeling>CO\x00NS</Afdeling></{CONNECTOR}>"), 0),
        (answer(f"<{CONNECTOR}><Afdeling>CO&#0;NS</Afdeling></{CONNECTOR}>"), 0),
        (answer(GOOD, f"<{CONNECTOR}>{GOOD}</{CONNECTOR}>"), 1),
        (answer(f"<{CONNECTOR}>" + "<a>" * 100_000 + "</a>" * 100_000 + f"</{CONNECTOR}>"), 0),
        (answer(GOOD, f"<{CONNECTOR}><Afdeling>CONS</Afdeling><Note>{'x' * 2_000_000}</Note></{CONNECTOR}>"), 1),
        (answer(GOOD).replace(b"CONS", b"CO\xffNS"), 0),
        (answer(GOOD).replace(b"&lt;Id", b"&#60;Id"), 0),
        (answer(GOOD).replace(b"CONS", b"CO&#x4E;S"), 0),
        (answer(GOOD, "</rows><rows>", GOOD), 1),
    ],
    ids=lambda part: str(part[200:300]) if isinstance(part, bytes) else str(part),
)
def test_what_is_no_list_of_flat_rows_is_unreadable_and_never_passes(data: bytes, rows: int) -> None:
    finding, passed = checked_soap(data)
    assert finding == (rows, 0, 0, False)
    assert not passed or (finding[0] and b"</" not in passed)
