"""What clients send is read as the call that they mean, in every spelling that is ordinary; what is not in the inventory is refused."""

import pytest

from sidecar.dialects.call import (
    Action,
    DescribeUpdate,
    FetchSubject,
    FetchSubjectFile,
    GetRows,
    Page,
    ProductVersion,
    RunReport,
    Sort,
    Update,
)
from sidecar.dialects.soap.call import Options, SoapCall
from sidecar.dialects.soap.read import read
from sidecar.dialects.soap.services import OPERATIONS
from sidecar.dialects.soap.version import Version
from sidecar.errors import Reason, Refusal
from sidecar.filters.predicate import EVERYTHING, Operator, single
from tests.dialects.soap.messages import DATA, DOCUMENT, FILTERS, ROWS, SAMPLES, SCHEMA_OF, SERVICES, TOKEN, Sample, around, envelope

A_IS_1 = single("A", Operator.EQUAL, "1")
GET = "AppConnectorGet.asmx"


def read_sample(sample: Sample, **changed: str | None) -> SoapCall:
    """The sample, with arguments changed; None leaves one out."""
    arguments = {name: text for name, text in {**sample.arguments, **changed}.items() if text is not None}
    return read(sample.path, envelope(sample.operation, arguments).encode(), "text/xml; charset=utf-8", None)


def refusal_of(body: str | bytes, path: str = GET, content_type: str | None = "text/xml", action: str | None = None) -> Refusal:
    with pytest.raises(Refusal) as caught:
        read(path, body.encode() if isinstance(body, str) else body, content_type, action)
    return caught.value


CALLS = [
    GetRows("Profit_Hours", A_IS_1, (), Page(0, 5)),
    GetRows("Profit_Hours", A_IS_1, (), Page(-1, -1)),
    Update("KnSubject", Action.INSERT, (), frozenset({Action.INSERT})),
    RunReport("A" * 32, A_IS_1),
    FetchSubjectFile("49946", "B" * 32),
    FetchSubject("49946", with_data=False),
    FetchSubject("49946", with_data=True),
    DescribeUpdate("KnSubject"),
    ProductVersion(),
]


@pytest.mark.parametrize(("sample", "call"), list(zip(SAMPLES, CALLS, strict=True)), ids=lambda each: getattr(each, "operation", ""))
def test_every_operation_is_read_with_its_token(sample: Sample, call: object) -> None:
    soap_call = read_sample(sample)
    assert soap_call.call == call
    assert soap_call.token == DATA
    assert (soap_call.operation.service, soap_call.operation.name) == (sample.path, sample.operation)
    assert read_sample(sample, token=None).token is None


def test_there_is_a_sample_of_every_operation() -> None:
    assert [(sample.path, sample.operation) for sample in SAMPLES] == [(each.service, each.name) for each in OPERATIONS]


def test_a_token_is_not_shown() -> None:
    assert DATA not in repr(read_sample(ROWS))


@pytest.mark.parametrize(
    "body",
    [
        envelope("GetData", ROWS.arguments, in_cdata=True),
        envelope("GetData", dict(reversed(list(ROWS.arguments.items())))),
        '<?xml version="1.0" encoding="utf-8"?>\n' + envelope("GetData", ROWS.arguments),
        "\ufeff" + envelope("GetData", ROWS.arguments),
        envelope("GetData", ROWS.arguments).replace("<s:Body>", "<s:Header/><s:Body>"),
        envelope("GetData", ROWS.arguments).replace("<s:Body>", "\n <s:Header>\n </s:Header>\n<s:Body>\n"),
        envelope("GetData", ROWS.arguments).replace("<s:", "<E:").replace("</s:", "</E:").replace("xmlns:s=", "xmlns:E="),
        envelope("GetData", ROWS.arguments).replace("<connectorId>", "<!--Optional:-->\n<connectorId>"),
        envelope("GetData", {**ROWS.arguments, "token": f"\n{TOKEN}\r\n", "filtersXml": f"\n  {FILTERS}\n"}),
        envelope("GetData", {**ROWS.arguments, "filtersXml": f'<?xml version="1.0" encoding="utf-16"?>{FILTERS}'}),
        around(
            f'<n:GetData xmlns:n="{SERVICES}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
            f"<n:filtersXml>\n<![CDATA[{FILTERS}]]>\n</n:filtersXml><n:connectorId>Profit_Hours</n:connectorId>"
            f"<n:take>5</n:take><n:skip>0</n:skip><n:token><![CDATA[{TOKEN}]]></n:token></n:GetData>"
        ),
    ],
)
def test_clients_spell_the_same_call_in_many_ways(body: str) -> None:
    assert read(GET, body.encode(), "text/xml", None) == read_sample(ROWS)


@pytest.mark.parametrize("path", ["AppConnectorGet.asmx", "appconnectorget.asmx", "APPCONNECTORGET.ASMX"])
def test_a_service_is_found_in_any_letter_case(path: str) -> None:
    assert read(path, envelope("GetData", ROWS.arguments).encode(), "text/xml", None) == read_sample(ROWS)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "CmdConnector.asmx",
        "TokenConnector.asmx",
        "GetConnector.asmx",
        "UpdateConnector.asmx",
        "OSCConnector.asmx",
        "AppConnectorGet",
        "AppConnectorGet.asmx/",
        "/AppConnectorGet.asmx",
        "AppConnectorGet.asmx/GetData",
        "x/AppConnectorGet.asmx",
        "AppConnectorGet.asmx ",
        "AppConnectorGet.asm\u212a",
        "appconnectorget%2Easmx",
    ],
)
def test_other_paths_are_unknown(path: str) -> None:
    assert refusal_of(envelope("GetData", ROWS.arguments), path).reason is Reason.UNKNOWN_PATH
    assert refusal_of("", path, content_type=None).reason is Reason.UNKNOWN_PATH


@pytest.mark.parametrize("operation", ["getData", "GetDataAsUser", "Execute", "GetDataWithOptions2", "AppConnectorGet"])
def test_other_operations_are_unknown(operation: str) -> None:
    assert refusal_of(envelope(operation, ROWS.arguments)).reason is Reason.UNKNOWN_PATH


def test_both_versions_are_read() -> None:
    in_1_2 = envelope("GetData", ROWS.arguments, "1.2").encode()
    assert read(GET, in_1_2, "application/soap+xml; charset=utf-8", None).version is Version.SOAP_1_2
    assert read(GET, in_1_2, "application/xml", None).version is Version.SOAP_1_2
    assert read_sample(ROWS).version is Version.SOAP_1_1


@pytest.mark.parametrize(
    ("version", "content_type"), [("1.1", "application/soap+xml"), ("1.2", "text/xml"), ("1.2", 'text/xml; charset="utf-8"')]
)
def test_the_content_type_must_be_that_of_the_version(version: str, content_type: str) -> None:
    body = envelope("GetData", ROWS.arguments, "1.1" if version == "1.1" else "1.2")
    assert refusal_of(body, content_type=content_type).reason is Reason.BODY_TYPE


@pytest.mark.parametrize("action", [f'"{SERVICES}/GetData"', f"{SERVICES}/GetData", '""', "", None])
def test_an_action_that_agrees_or_says_nothing_is_fine(action: str | None) -> None:
    assert read(GET, envelope("GetData", ROWS.arguments).encode(), "text/xml", action) == read_sample(ROWS)


@pytest.mark.parametrize(
    "action", [f'"{SERVICES}/GetDataWithOptions"', "GetData", f"{SERVICES}/getdata", f'"{SERVICES}/GetData', '"', "x" * 9]
)
def test_an_action_that_disagrees_is_refused(action: str) -> None:
    assert refusal_of(envelope("GetData", ROWS.arguments), action=action).reason is Reason.BODY_MALFORMED
    body = envelope("GetData", ROWS.arguments, "1.2")
    content_type = f'application/soap+xml; action="{SERVICES}/GetDataWithOptions"'
    assert refusal_of(body, content_type=content_type).reason is Reason.BODY_MALFORMED


@pytest.mark.parametrize(
    ("argument", "text", "reason"),
    [
        ("logonAs", "m.jansen", Reason.UNKNOWN_PARAMETER),
        ("filtersxml", FILTERS, Reason.UNKNOWN_PARAMETER),
        ("FiltersXml", FILTERS, Reason.UNKNOWN_PARAMETER),
        ("options", "<options/>", Reason.UNKNOWN_PARAMETER),  # of the other operation
        ("connectorType", "x", Reason.UNKNOWN_PARAMETER),
        ("connectorId", "", Reason.PARAMETER_MALFORMED),
        ("connectorId", "a\nb", Reason.PARAMETER_MALFORMED),
        ("connectorId", "x" * 101, Reason.PARAMETER_MALFORMED),
        ("skip", "", Reason.PARAMETER_MALFORMED),
        ("take", "", Reason.PARAMETER_MALFORMED),
        ("filtersXml", "<Filters/>", Reason.FILTER_MALFORMED),
        ("filtersXml", "A=1", Reason.FILTER_MALFORMED),
        ("filtersXml", "<Filters>" + " " * 500_000 + "</Filters>", Reason.FILTER_TOO_LARGE),
        ("token", "x", Reason.TOKEN_MALFORMED),
        ("token", DATA, Reason.TOKEN_MALFORMED),
        ("token", TOKEN.replace("1<", "2<"), Reason.TOKEN_MALFORMED),
        ("token", TOKEN.replace(DATA, DATA[1:]), Reason.TOKEN_MALFORMED),
        ("token", TOKEN.replace(DATA, "G" + DATA[1:]), Reason.TOKEN_MALFORMED),
        ("token", TOKEN + TOKEN, Reason.TOKEN_MALFORMED),
        ("token", TOKEN.replace("</token>", f"<data>{DATA}</data></token>"), Reason.TOKEN_MALFORMED),
        ("token", TOKEN.replace("<data>", '<data x="1">'), Reason.TOKEN_MALFORMED),
        ("token", TOKEN.replace("token>", "Token>"), Reason.TOKEN_MALFORMED),
        ("token", TOKEN.replace("<token>", '<token xmlns="urn:x">'), Reason.TOKEN_MALFORMED),
        ("token", TOKEN.replace("<data>", "<data><!-- -->"), Reason.TOKEN_MALFORMED),
        ("token", TOKEN.replace(DATA, " " * 5000), Reason.TOKEN_MALFORMED),
    ],
)  # fmt: skip
def test_an_argument_that_is_not_known_or_not_right_is_refused(argument: str, text: str, reason: Reason) -> None:
    refusal = refusal_of(envelope("GetData", {**ROWS.arguments, argument: text}))
    assert refusal.reason is reason
    assert DATA not in refusal.detail


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda each: each.operation)
def test_every_argument_is_there_once_or_is_missed(sample: Sample) -> None:
    body = envelope(sample.operation, sample.arguments)
    optional = {"token", "filtersXml", "skip", "take", "options"}
    for name in sample.arguments:
        repeated = body.replace(f"</{name}>", f"</{name}><{name}></{name}>")
        assert refusal_of(repeated, sample.path).reason is Reason.REPEATED_PARAMETER
        if name not in optional:
            missing = envelope(sample.operation, {key: text for key, text in sample.arguments.items() if key != name})
            assert refusal_of(missing, sample.path).reason is Reason.PARAMETER_MALFORMED
    if sample is not SAMPLES[1]:
        assert read_sample(sample, **dict.fromkeys({*sample.arguments} & optional)).operation.name == sample.operation


@pytest.mark.parametrize(
    ("sample", "argument", "text"),
    [
        (2, "connectorVersion", "2"),
        (2, "connectorVersion", ""),
        (3, "reportID", "../x"),
        (4, "subjectID", "1 or 1"),
        (4, "fileId", "a/b"),
        (4, "fileId", ""),
        (5, "subjectID", "é"),
        (7, "dataID", "getxmlschema"),
        (7, "parametersXml", ""),
        (7, "parametersXml", "x"),
        (7, "parametersXml", "<DataConnector/>"),
        (7, "parametersXml", SCHEMA_OF.replace("false", "maybe")),
        (7, "parametersXml", SCHEMA_OF.replace("DataConnector", "dataConnector")),
        (7, "parametersXml", SCHEMA_OF.replace("EncodeBase64", "Encode")),
        (7, "parametersXml", SCHEMA_OF.replace("EncodeBase64", "UpdateConnectorId")),
        (7, "parametersXml", SCHEMA_OF.replace("<DataConnector>", '<DataConnector x="1">')),
        (7, "parametersXml", SCHEMA_OF.replace("KnSubject", "")),
        (7, "parametersXml", SCHEMA_OF.replace("KnSubject", "<a/>")),
        (7, "parametersXml", SCHEMA_OF + " " * 4000),
    ],
)  # fmt: skip
def test_what_an_operation_does_not_take_is_refused(sample: int, argument: str, text: str) -> None:
    path, operation, arguments = SAMPLES[sample]
    if text.endswith(" "):
        text = text.replace("</DataConnector>", text[-4000:] + "</DataConnector>")
    assert refusal_of(envelope(operation, {**arguments, argument: text}), path).reason is Reason.PARAMETER_MALFORMED


def test_a_filter_of_white_space_is_none() -> None:
    call = read_sample(ROWS, filtersXml=" \n").call
    assert isinstance(call, GetRows)
    assert call.filter == EVERYTHING


def test_options_bring_the_order_and_the_form() -> None:
    options = (
        "<options><Outputmode>1</Outputmode><Metadata>0</Metadata><Outputoptions>2</Outputoptions><Skip>3</Skip><Take>9</Take>"
        '<Index><Field FieldId="X" OperatorType="0"/><Field FieldId="Y" OperatorType="1"/></Index></options>'
    )
    soap_call = read_sample(SAMPLES[1], skip=None, take="7", options=options)
    assert soap_call.call == GetRows("Profit_Hours", A_IS_1, (Sort("X", descending=True), Sort("Y")), Page(3, 7))
    assert soap_call.options == Options(as_text=False, metadata=False, style=2, page=Page(3, None))


def test_an_update_carries_its_document_and_all_its_actions() -> None:
    sample = SAMPLES[2]
    document = DOCUMENT.replace("</Element>", '</Element><Element Action="delete" SbId="1"/>')
    soap_call = read_sample(sample, dataXml=document)
    assert soap_call.call == Update("KnSubject", Action.DELETE, (), frozenset({Action.INSERT, Action.DELETE}))
    assert soap_call.document is not None
