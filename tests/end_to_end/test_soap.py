"""SOAP from outside: what apps send in all its spellings is served, and each user gets what he asked for AND what he may see."""

from collections.abc import Mapping
from contextlib import ExitStack
from xml.sax.saxutils import escape

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sidecar.proxy.strangers import MOST_LARGE
from tests.dialects.soap.attacks import ATTACKS
from tests.end_to_end.harness.backend import Received
from tests.end_to_end.harness.configuration import BACKEND_XML, Configuration, authorization, token_xml
from tests.end_to_end.harness.oracle import PLAIN, hidden_rows
from tests.end_to_end.harness.question import HABITS
from tests.end_to_end.harness.rows import HOURS, PEOPLE, may_see
from tests.end_to_end.harness.soap import (
    NAMESPACE,
    Version,
    around,
    content_type,
    envelope,
    fault_of,
    rows_of_answer,
    understand_message,
)
from tests.end_to_end.harness.stage import OwnStage, Stage, wait_for
from tests.end_to_end.harness.wire import Answer, BrokenOffError, request
from tests.evaluation.filter_xml import FilterXml, filterxml_admits, xml_filters
from tests.evaluation.reading import Row

GET = "AppConnectorGet.asmx"
ALL = {"skip": "-1", "take": "-1"}
VERSIONS: tuple[Version, ...] = ("1.1", "1.2")
DEPARTMENT = '<Field FieldId="Afdeling" OperatorType="{}">{}</Field>'


def ask(connector: str = "Profit_Hours", filters: str = "", **more: str) -> dict[str, str]:
    """Arguments of GetData."""
    return {"connectorId": connector, **({"filtersXml": filters} if filters else {}), **ALL, **more}


def filters(*groups: str) -> str:
    return "<Filters>" + "".join(f"<Filter>{group}</Filter>" for group in groups) + "</Filters>"


def expected(user: str, connector: str = "Profit_Hours") -> list[dict[str, str | None]]:
    """All rows that this user may see, as SOAP tells them: without empty fields, and an empty text is none."""
    rows = [row for row in HOURS if may_see(PEOPLE[user], connector, row, PLAIN.reading)]
    return as_told(rows)


def as_told(rows: list[Row]) -> list[dict[str, str | None]]:
    return [{name: value or None for name, value in row.items() if value is not None} for row in rows]


def surplus(received: Received, user: str) -> list[tuple[object, Row]]:
    """Rows that this user may not see but would get from some backend for this message."""
    message = understand_message(received.target, received.body)
    text = message.arguments.get("filtersXml", "")
    found: list[tuple[object, Row]] = []
    for habits in HABITS:
        hidden = hidden_rows(user, message.arguments["connectorId"], habits)
        found += [(habits, row) for row in hidden if not text or filterxml_admits(text, row, habits.reading)]
    return found


@pytest.mark.parametrize("user", sorted(PEOPLE))
@pytest.mark.parametrize("version", VERSIONS)
def test_each_user_gets_his_own_rows(stage: Stage, user: str, version: Version) -> None:
    answer = stage.soap(GET, envelope("GetData", ask(), version), user, version=version)
    assert rows_of_answer(answer) == expected(user)
    for received in stage.backend.take():
        assert surplus(received, user) == []


def styles() -> dict[str, bytes]:
    """One question in the ways in which clients put it."""
    plain = ask(filters=filters(DEPARTMENT.format(1, "CONS")))
    turned = dict(reversed(plain.items()))
    token = {"token": token_xml("j.devries")}
    prefixed = "".join(f"<p:{name}>{escape(text)}</p:{name}>" for name, text in {**plain, **token}.items())
    return {
        "escaped": envelope("GetData", plain),
        "CDATA": envelope("GetData", plain, in_cdata=True),
        "token first": envelope("GetData", {**token, **plain}),
        "token last": envelope("GetData", {**plain, **token}),
        "token in CDATA": envelope("GetData", {**token, **plain}, in_cdata=True),
        "empty token": envelope("GetData", {"token": "", **plain}),
        "another order": envelope("GetData", {**turned, **token}),
        "prefixes": around(f'<p:GetData xmlns:p="{NAMESPACE}">{prefixed}</p:GetData>'),
        "byte order mark": b"\xef\xbb\xbf" + envelope("GetData", {**token, **plain}),
        "declaration": b'<?xml version="1.0" encoding="UTF-8"?>\n' + envelope("GetData", {**token, **plain}),
        "options": envelope(
            "GetDataWithOptions", {**plain, **token, "options": "<options><Outputmode>1</Outputmode><Metadata>0</Metadata></options>"}
        ),
    }


@pytest.mark.parametrize("style", styles())
def test_clients_put_the_same_question_in_many_ways(stage: Stage, style: str) -> None:
    answer = stage.soap(GET, styles()[style])
    assert rows_of_answer(answer) == [row for row in expected("j.devries") if row["Afdeling"] == "CONS"]
    if b"data" in styles()[style]:  # it has a token
        assert rows_of_answer(stage.soap(GET, styles()[style], None)) == rows_of_answer(answer)


@pytest.mark.parametrize("base", ["/ProfitServices", "/profitservices", "/PROFITSERVICES"])
@pytest.mark.parametrize("service", ["AppConnectorGet.asmx", "appconnectorget.asmx", "APPCONNECTORGET.ASMX", "AppConnectorGet%2easmx?"])
def test_letter_case_in_the_path_makes_no_difference(stage: Stage, base: str, service: str) -> None:
    body = envelope("GetData", ask())
    answer = stage.send(request("POST", f"{base}/{service}", authorization("j.devries"), f"Content-Type: {content_type()}", body=body))
    if "%2e" in service:  # refused, as any other unknown path
        assert answer.status == 404
        return
    assert rows_of_answer(answer) == expected("j.devries")
    assert [received.target for received in stage.backend.take()] == ["/ProfitServices/AppConnectorGet.asmx"]


@pytest.mark.parametrize("action", ["", f'SOAPAction: "{NAMESPACE}/GetData"', f"SOAPAction: {NAMESPACE}/GetData", 'SOAPAction: ""'])
def test_the_action_may_be_named_or_not(stage: Stage, action: str) -> None:
    headers = (action,) if action else ()
    assert rows_of_answer(stage.soap(GET, envelope("GetData", ask()), "j.devries", *headers)) == expected("j.devries")


@given(asked=xml_filters(), user=st.sampled_from(sorted(PEOPLE)), version=st.sampled_from(VERSIONS))
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_rows_that_come_back_are_those_that_client_filter_and_policy_admit(
    stage: Stage, asked: FilterXml, user: str, version: Version
) -> None:
    stage.backend.take()
    answer = stage.soap(GET, envelope("GetData", ask(filters=asked.text), version), user, version=version)
    if answer.status == 500:
        assert stage.decision(answer.reference)["reason"].startswith("filter_")
        assert stage.backend.take() == []
        return
    wanted = [row for row in HOURS if asked.admits(row, PLAIN.reading) and may_see(PEOPLE[user], "Profit_Hours", row, PLAIN.reading)]
    assert rows_of_answer(answer) == as_told(wanted)
    for received in stage.backend.take():
        assert surplus(received, user) == []


def spoilt(**more: str) -> bytes:
    return envelope("GetData", {**ask(filters=filters(DEPARTMENT.format(1, "CONS"))), **more})


FOREIGN = filters(DEPARTMENT.format(1, "HR"))
REFUSED: Mapping[str, tuple[bytes, str]] = {
    "mis-cased argument": (spoilt().replace(b"filtersXml", b"filtersxml"), "unknown_parameter"),
    "unknown argument": (spoilt(logonAs="m.jansen"), "unknown_parameter"),
    "argument twice": (spoilt().replace(b"<skip>", b"<connectorId>Profit_Secret</connectorId><skip>"), "repeated_parameter"),
    "argument in no namespace": (spoilt().replace(b"<filtersXml>", b'<filtersXml xmlns="">'), "unknown_parameter"),
    "two operations": (spoilt().replace(b"</e:Body>", f'<GetData xmlns="{NAMESPACE}"/></e:Body>'.encode()), "body_malformed"),
    "two Bodies": (spoilt().replace(b"</e:Envelope>", b"<e:Body/></e:Envelope>"), "body_malformed"),
    "an entry in the Header": (spoilt().replace(b"<e:Body>", b"<e:Header><a/></e:Header><e:Body>"), "body_malformed"),
    "xsi:type": (spoilt().replace(b"<skip>", b'<skip xmlns:x="http://www.w3.org/2001/XMLSchema-instance" x:type="a">'), "body_malformed"),
    "operator 15": (envelope("GetData", ask(filters=filters(DEPARTMENT.format(15, "=HR")))), "filter_not_supported"),
    "bracket tag": (envelope("GetData", ask(filters=filters(DEPARTMENT.format(1, "[Medewerker]")))), "filter_not_supported"),
    "empty Filters": (envelope("GetData", ask(filters="<Filters/>")), "filter_malformed"),
    "mis-cased Filter": (envelope("GetData", ask(filters=FOREIGN.replace("FieldId", "fieldid"))), "filter_malformed"),
    "filter within a filter": (envelope("GetData", ask(filters=FOREIGN.replace("<Field", "<Filter><Field", 1))), "filter_malformed"),
    "no filter": (envelope("GetData", ask(filters="Afdeling = HR")), "filter_malformed"),
    "skip without take": (envelope("GetData", {**ask(), "take": "10"}), "parameter_malformed"),
    "an unknown connector": (envelope("GetData", ask("Profit_Nothing")), "connector_not_listed"),
    "a connector of others": (envelope("GetData", ask("Profit_Secret")), "connector_not_listed"),
    "an unguarded connector": (envelope("GetData", ask("Profit_Unguarded")), "connector_unguarded"),
    "not XML": (b"GetData", "body_malformed"),
    "nothing": (b"", "body_malformed"),
}


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("version", VERSIONS)
def test_what_has_no_single_reading_or_no_right_is_refused_by_a_fault(stage: Stage, name: str, version: Version) -> None:
    body, reason = REFUSED[name]
    if version == "1.2":
        body = body.replace(b"http://schemas.xmlsoap.org/soap/envelope/", b"http://www.w3.org/2003/05/soap-envelope")
    answer = stage.soap(GET, body, version=version)
    fault = fault_of(answer)
    assert fault.version == version
    assert fault.reference == answer.reference
    assert stage.decision(answer.reference)["reason"] == reason
    assert stage.backend.take() == []


def test_no_such_connector_and_not_yours_look_the_same(stage: Stage) -> None:
    answers = [stage.soap(GET, REFUSED[name][0]) for name in ("an unknown connector", "a connector of others", "an unguarded connector")]
    assert len({answer.body.replace(answer.reference.encode(), b"") for answer in answers}) == 1


@pytest.mark.parametrize("attack", [name for name, text in ATTACKS.items() if len(text) < 2_000_000])
def test_known_attacks_on_xml_do_nothing(stage: Stage, attack: str) -> None:
    answer = stage.soap(GET, ATTACKS[attack].encode("utf-8", "surrogatepass"))
    fault_of(answer)
    assert stage.decision(answer.reference)["decision"] == "deny"
    assert stage.backend.take() == []


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        (("Content-Type: text/plain",), "body_type"),
        (("Content-Type: application/x-www-form-urlencoded",), "body_type"),
        (('Content-Type: multipart/related; type="text/xml"; boundary=x',), "body_type"),
        (("Content-Type: text/xml; charset=utf-16",), "body_type"),
        (("Content-Type: text/xml; charset=utf-7",), "body_type"),
        (("Content-Type: application/soap+xml",), "body_type"),
        (("Content-Encoding: gzip", "Content-Type: text/xml"), "body_type"),
        (("Content-Type: text/xml", f'SOAPAction: "{NAMESPACE}/Execute"'), "body_malformed"),
        (("Content-Type: text/xml", "SOAPAction: x", "SOAPAction: y"), "repeated_header"),
    ],
)
def test_headers_that_say_something_else_than_the_message_are_refused(stage: Stage, headers: tuple[str, ...], reason: str) -> None:
    answer = stage.soap(GET, envelope("GetData", ask()), "j.devries", *headers)
    assert stage.decision(answer.reference)["reason"] == reason
    assert stage.backend.take() == []


@pytest.mark.parametrize(
    "service",
    [
        *("CmdConnector.asmx", "GetConnector.asmx", "UpdateConnector.asmx", "ReportConnector.asmx", "SubjectConnector.asmx"),
        *("DataConnector.asmx", "OSCConnector.asmx", "CommSvcConnector.asmx", "Unknown.asmx", "AppConnectorGet.asmx.asmx"),
    ],
)
@pytest.mark.parametrize("operation", ["Execute", "GetData", "GetState"])
def test_other_services_do_not_exist(stage: Stage, service: str, operation: str) -> None:
    answer = stage.soap(service, envelope(operation, {"token": token_xml("m.jansen"), "commandLine": "DEFINITIEIMPORT"}), "m.jansen")
    assert stage.decision(answer.reference)["reason"] == "unknown_path"
    assert stage.backend.take() == []


@pytest.mark.parametrize(
    ("user", "arguments", "reason"),
    [
        (None, {}, "token_missing"),
        (None, {"token": ""}, "token_missing"),
        (None, {"token": "<token><version>1</version><data>" + "0" * 64 + "</data></token>"}, "token_unknown"),
        (None, {"token": "0" * 64}, "token_malformed"),
        ("j.devries", {"token": token_xml("m.jansen")}, "token_ambiguous"),
        ("m.jansen", {"token": token_xml("m.jansen", "locked")}, "token_ambiguous"),
        (None, {"token": token_xml("m.jansen", "locked")}, "app_connector_blocked"),
        (None, {"token": token_xml("m.jansen", "late")}, "app_connector_expired"),
        (None, {"token": token_xml("m.jansen", "elsewhere")}, "address_not_allowed"),
        (None, {"token": token_xml("x.blocked")}, "user_blocked"),
        (None, {"token": token_xml("x.noemail")}, "user_without_email"),
        (None, {"token": token_xml("x.noapps")}, "user_without_application"),
        (None, {"token": token_xml("x.group")}, "user_not_member"),
        ("x.group", {}, "user_not_member"),
    ],
)
def test_every_condition_holds_for_a_token_in_a_message_too(stage: Stage, user: str | None, arguments: dict[str, str], reason: str) -> None:
    answer = stage.soap(GET, envelope("GetData", {**arguments, **ask()}), user)
    fault_of(answer)
    assert stage.decision(answer.reference)["reason"] == reason
    assert stage.backend.take() == []
    assert not any(part in answer.body for part in (b"m.jansen", b"x.group", b"token_", b"0" * 64))


@pytest.mark.parametrize("header", [f"Authorization: {authorization('j.devries')}", "Authorization: Basic eDp5"])
def test_two_headers_are_never_one(stage: Stage, header: str) -> None:
    answer = stage.soap(GET, envelope("GetData", ask()), "j.devries", header)
    assert stage.decision(answer.reference)["reason"] == "repeated_header"


XSI = "http://www.w3.org/2001/XMLSchema-instance"
UPDATE = "AppConnectorUpdate.asmx"


def update(connector: str, document: str, **more: str) -> bytes:
    return envelope("Execute", {"connectorType": connector, "connectorVersion": "1", "dataXml": document, **more})


def document(connector: str, action: str, inner: str = "") -> str:
    said = f' Action="{action}"' if action else ""
    return f"<{connector}><Element><Fields{said}><Om>a &amp; b</Om></Fields>{inner}</Element></{connector}>"


def test_a_write_goes_on_as_what_it_says(stage: Stage) -> None:
    answer = stage.soap(UPDATE, update("ptrealization", document("PtRealization", "insert")))
    assert answer.status == 200
    (received,) = stage.backend.take()
    message = understand_message(received.target, received.body)
    assert message.arguments == {
        "connectorType": "PtRealization",
        "connectorVersion": "1",
        "dataXml": document("PtRealization", "insert").replace("<PtRealization>", f'<PtRealization xmlns:xsi="{XSI}">', 1),
    }


BESIDE = '<FbSales><Element Action="insert"><Fields><A>1</A></Fields></Element>{}</FbSales>'
SALES_LINE = '<Objects><FbSalesLines><Element><Fields Action="{}"><A>1</A></Fields></Element></FbSalesLines></Objects>'


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (update("PtRealization", document("PtRealization", "delete")), "action_not_allowed"),
        (update("FbSales", document("FbSales", "update")), "action_not_allowed"),
        (update("FbSales", document("FbSales", "")), "action_not_allowed"),
        (update("FbSales", document("FbSales", "insert", SALES_LINE.format("delete"))), "action_not_allowed"),
        (update("FbSales", BESIDE.format('<Element OrNu="1"/>')), "action_not_allowed"),
        (
            update("FbSales", BESIDE.format('<Element Action="insert"><Objects><A><Element Id="1"/></A></Objects></Element>')),
            "action_not_allowed",
        ),
        (
            update("FbSales", BESIDE.format('<Element><Fields Action="insert"><Action>Delete</Action></Fields></Element>')),
            "action_not_allowed",
        ),
        (update("KnPerson", document("KnPerson", "insert")), "connector_not_listed"),
        (update("FbSales", document("KnSubject", "insert")), "body_malformed"),
        (update("FbSales", document("FbSales", "drop")), "body_malformed"),
        (update("FbSales", "<FbSales>"), "body_malformed"),
        (update("FbSales", document("FbSales", "insert"), connectorVersion="2"), "parameter_malformed"),
    ],
)
def test_no_write_does_more_than_its_app_connector_may(stage: Stage, body: bytes, reason: str) -> None:
    answer = stage.soap(UPDATE, body)
    fault_of(answer)
    assert stage.decision(answer.reference)["reason"] == reason
    assert stage.backend.take() == []


SCHEMA = "<DataConnector><UpdateConnectorId>{}</UpdateConnectorId><EncodeBase64>false</EncodeBase64></DataConnector>"
SPECIALS = {
    "version": ("AppConnectorVersionInfo.asmx", "GetProductVersion", {}),
    "data": ("AppConnectorData.asmx", "Execute", {"dataID": "GetXmlSchema", "parametersXml": SCHEMA.format("KnSubject")}),
}


@pytest.mark.parametrize("special", SPECIALS)
def test_special_connectors_are_served_where_they_are_listed(own_stage: OwnStage, special: str) -> None:
    def only(content: Configuration) -> None:
        content["app_connectors"]["own_token"]["special_connectors"] = [special]

    stage = own_stage(only)
    for name, (service, operation, arguments) in SPECIALS.items():
        answer = stage.soap(service, envelope(operation, arguments), "m.jansen", app="own_token")
        if name == special:
            assert answer.status == 200, answer.body
        else:
            assert stage.decision(answer.reference)["reason"] == "connector_not_listed"
    (received,) = stage.backend.take()
    assert understand_message(received.target, received.body).arguments == SPECIALS[special][2]


def test_a_schema_is_told_of_listed_update_connectors_only(stage: Stage) -> None:
    service, operation, arguments = SPECIALS["data"]
    answer = stage.soap(service, envelope(operation, {**arguments, "parametersXml": SCHEMA.format("KnPerson")}))
    assert stage.decision(answer.reference)["reason"] == "connector_not_listed"


def token_at_the_backend(stage: Stage) -> tuple[list[str], str | None]:
    (received,) = stage.backend.take()
    return received.values("Authorization"), understand_message(received.target, received.body).arguments.get("token")


def test_the_credential_goes_where_the_backend_takes_it(own_stage: OwnStage) -> None:
    def in_body(content: Configuration) -> None:
        content["environments"]["O12345AA"]["soap_credential"] = "body"

    stage = own_stage(in_body)
    assert stage.soap(GET, envelope("GetData", {"token": token_xml("j.devries"), **ask()}), None).status == 200
    assert token_at_the_backend(stage) == ([], BACKEND_XML)


def test_a_clients_own_token_passes_where_he_had_put_it(stage: Stage) -> None:
    own = token_xml("m.jansen", "own_token")
    assert stage.soap(GET, envelope("GetData", {"token": own, **ask()}), None).status == 200
    assert token_at_the_backend(stage) == ([], own)
    assert stage.soap(GET, envelope("GetData", ask()), "m.jansen", app="own_token").status == 200
    assert token_at_the_backend(stage) == ([authorization("m.jansen", "own_token")], None)
    assert stage.soap(GET, envelope("GetData", {"token": own, **ask()}), "m.jansen", app="own_token").status == 200
    assert token_at_the_backend(stage) == ([authorization("m.jansen", "own_token")], None)


def test_where_no_row_is_left_the_backend_is_not_asked(stage: Stage) -> None:
    for version in VERSIONS:
        answer = stage.soap(GET, envelope("GetData", ask(), version), "n.obody", version=version)
        assert rows_of_answer(answer) == []
        assert answer.header("Content-Type") == content_type(version)
    assert stage.backend.take() == []


def test_an_environment_without_soap_serves_none(own_stage: OwnStage) -> None:
    def without(content: Configuration) -> None:
        del content["environments"]["O12345AA"]["soap"]

    stage = own_stage(without)
    for user, arguments in (("j.devries", {}), (None, {"token": token_xml("j.devries")})):
        answer = stage.soap(GET, envelope("GetData", {**arguments, **ask()}), user)
        assert stage.decision(answer.reference)["reason"] == "unknown_path"
    assert stage.backend.take() == []


def test_a_message_that_took_its_time_counts_by_the_rights_at_its_end(own_stage: OwnStage) -> None:
    stage = own_stage()
    body = envelope("GetData", ask())
    whole = request("POST", f"/ProfitServices/{GET}", authorization("j.devries"), f"Content-Type: {content_type()}", body=body)
    with stage.wire() as wire:
        wire.send(whole[:-20])
        before = stage.store.snapshot
        stage.change(lambda content: content["users"]["j.devries"].update(blocked=True))
        while stage.store.snapshot is before:
            pass
        wire.send(whole[-20:])
        answer = wire.answer("POST")
    assert stage.decision(answer.reference)["reason"] == "user_blocked"
    assert stage.backend.take() == []


def test_a_stranger_may_send_less_than_somebody_who_is_known(stage: Stage) -> None:
    long = document("PtRealization", "insert").replace("a &amp; b", "x" * 5_000_000)
    body = update("PtRealization", long, token=token_xml("j.devries"))
    try:
        answer: Answer | None = stage.soap(UPDATE, body, None)
    except (BrokenOffError, OSError):  # it is not read to its end
        answer = None
    assert answer is None or stage.decision(answer.reference)["reason"] == "body_too_large"
    assert stage.backend.take() == []
    assert stage.soap(UPDATE, body).status == 200
    stage.backend.take()


def test_strangers_do_not_fill_the_memory(own_stage: OwnStage) -> None:
    stage = own_stage()
    large = document("PtRealization", "insert").replace("a &amp; b", "x" * 100_000)
    unproven = update("PtRealization", large, token=token_xml("j.devries"))
    beginning = request("POST", f"/ProfitServices/{UPDATE}", None, f"Content-Type: {content_type()}", body=unproven)[:-10]
    with ExitStack() as stack:
        wires = [stack.enter_context(stage.wire()) for _ in range(MOST_LARGE)]
        for wire in wires:
            wire.send(beginning)
        reasons: list[str] = []

        def is_refused() -> bool:
            answer = stage.soap(UPDATE, unproven, None)
            reasons.append(stage.decision(answer.reference).get("reason", ""))
            return answer.status == 500

        wait_for(is_refused)
        assert reasons[-1] == "too_much_from_strangers"
        assert stage.soap(UPDATE, unproven, "j.devries").status == 200  # with a header as well
        assert stage.soap(GET, envelope("GetData", {"token": token_xml("j.devries"), **ask()}), None).status == 200
        wires[0].send(unproven[-10:])
        assert wires[0].answer("POST").status == 200
        wires[1].close()
        wait_for(lambda: stage.soap(UPDATE, unproven, None).status == 200)


@pytest.mark.parametrize("verb", ["PUT", "DELETE", "HEAD", "PATCH", "GET"])
def test_messages_are_posted_and_nothing_else(stage: Stage, verb: str) -> None:
    answer = stage.send(request(verb, f"/ProfitServices/{GET}", authorization("j.devries")))
    assert answer.status in (404, 405)
    assert stage.backend.take() == []


def test_a_query_behind_a_service_is_refused(stage: Stage) -> None:
    answer = stage.soap(f"{GET}?op=GetData", envelope("GetData", ask()))
    assert stage.decision(answer.reference)["reason"] == "unknown_parameter"
    assert stage.backend.take() == []
