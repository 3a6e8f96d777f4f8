"""The other services of the stand-in backend, who gets into them, and their WSDL."""

import base64
from xml.etree import ElementTree

import pytest
from aiohttp import ClientSession
from aiohttp.web import Application
from pytest_aiohttp import AiohttpClient

from sidecar.demo.backend import ONE_TIME_PASSWORDS, RECEIVED, SOAP, new_token
from sidecar.dialects.soap.services import OPERATIONS
from sidecar.dialects.soap.wsdl import rewrite_wsdl
from tests.demo.soap import Client, ask, rows_in
from tests.dialects.soap.messages import SERVICES, Version, envelope

LINE = "<DaTi>2026-07-01</DaTi><EmId>1001</EmId><Qu>7.5</Qu><Ds>Werk &amp; meer</Ds>"
ONE_ROW = {"connectorId": "Profit_Hours", "take": "1"}
REPORT = "3B1F6C0E5A7D4E1C9F2A60D18B7C4E55"


def element(action: str, fields: str, objects: str = "") -> str:
    return f'<Element><Fields Action="{action}">{fields}</Fields>{f"<Objects>{objects}</Objects>" if objects else ""}</Element>'


async def update(client: Client, connector: str, *elements: str) -> tuple[int, str]:
    document = f'<{connector} xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">{"".join(elements)}</{connector}>'
    arguments = {"connectorType": connector, "connectorVersion": "1", "dataXml": document}
    return await ask(client, "AppConnectorUpdate", "Execute", arguments)


async def line(client: Client, number: int) -> list[dict[str, str]]:
    query = {"filterfieldids": "Id", "filtervalues": str(number), "operatortypes": "1"}
    async with client.get("/ProfitRestServices/connectors/Profit_Hours", params=query) as answer:
        rows = (await answer.json())["rows"]
        assert isinstance(rows, list)
        return rows


async def test_an_update_inserts_changes_and_deletes_what_rest_shows(client: Client) -> None:
    assert await update(client, "PtRealization", element("insert", LINE)) == (
        200,
        "<results><PtRealization><Id>3001</Id></PtRealization></results>",
    )
    assert [row["Omschrijving"] for row in await line(client, 3001)] == ["Werk & meer"]
    await update(client, "PtRealization", '<Element Id="3001"><Fields Action="update"><Ds xsi:nil="true"/></Fields></Element>')
    assert [row["Omschrijving"] for row in await line(client, 3001)] == [None]
    await update(client, "PtRealization", '<Element Action="delete"><Fields><Id>3001</Id></Fields></Element>')
    assert await line(client, 3001) == []


@pytest.mark.parametrize("depth", [1, 2, 5])
async def test_an_action_counts_at_any_depth(client: Client, depth: int) -> None:
    document = f"<PtRealization>{element('delete', '<Id>12</Id>')}</PtRealization>"
    for _ in range(depth):
        document = f"<KnSubject>{element('insert', '<StId>1</StId><Ds>x</Ds>', document)}</KnSubject>"
    status, said = await update(client, "KnSubject", document.removeprefix("<KnSubject>").removesuffix("</KnSubject>"))
    assert (status, await line(client, 12)) == (200, []), said


@pytest.mark.parametrize(
    ("elements", "message"),
    [
        (element("destroy", LINE), "destroy"),
        (element("insert", "<Nope>1</Nope>"), "Nope"),
        (element("delete", "<Id>9999</Id>"), "does not exist"),
        (element("insert", LINE, "<KnSubject/>"), "KnSubject"),
        ("<Element>", "well-formed"),
    ],
)
async def test_an_update_is_carried_out_whole_or_not_at_all(client: Client, elements: str, message: str) -> None:
    status, said = await update(client, "PtRealization", element("insert", LINE), elements)
    assert (status, await line(client, 3001)) == (500, [])
    assert message in said


async def test_attachments_come_by_dossier_item(client: Client) -> None:
    _, listed = await ask(client, "AppConnectorSubject", "GetSubjectAttachmentInfo", {"subjectID": "5001"})
    (file,) = ElementTree.fromstring(listed).iter("FileId")  # noqa: S314  from our own backend
    _, whole = await ask(client, "AppConnectorSubject", "GetSubjectAttachmentData", {"subjectID": "5001"})
    _, one = await ask(client, "AppConnectorSubject", "GetAttachment", {"subjectID": "5001", "fileId": file.text or ""})
    assert f"<FileData>{one}</FileData>" in whole
    assert b"dossieritem 5001" in base64.b64decode(one)
    status, _ = await ask(client, "AppConnectorSubject", "GetAttachment", {"subjectID": "5001", "fileId": "77"})
    assert status == 500


async def test_a_report_is_the_same_file_as_over_rest(client: Client) -> None:
    by_code = '<Filters><Filter FilterId="1"><Field FieldId="U004" OperatorType="1">DIR</Field></Filter></Filters>'
    _, encoded = await ask(client, "AppConnectorReport", "Execute", {"reportID": REPORT, "filtersXml": by_code})
    query = {"filterfieldids": "U004", "filtervalues": "DIR", "operatortypes": "1"}
    async with client.get(f"/ProfitRestServices/reportconnector/{REPORT}", params=query, headers={"SendFileAsBinary": "1"}) as answer:
        content = await answer.read()
    assert base64.b64decode(encoded) == content
    names, *lines = content.decode("utf-8-sig").splitlines()
    assert names.startswith("Id;Medewerker;Naam;Afdeling;")
    assert {text.split(";")[3] for text in lines} == {"DIR"}


@pytest.mark.parametrize(
    ("report", "filters"),
    [("0" * 32, ""), (REPORT, '<Filters><Filter><Field FieldId="Afdeling" OperatorType="1">HR</Field></Filter></Filters>')],
)
async def test_an_unknown_report_or_field_is_a_fault(client: Client, report: str, filters: str) -> None:
    status, _ = await ask(client, "AppConnectorReport", "Execute", {"reportID": report, "filtersXml": filters})
    assert status == 500


@pytest.mark.parametrize("encoded", ["false", "true"])
async def test_the_schema_of_an_update_connector_has_its_fields(client: Client, encoded: str) -> None:
    parameters = f"<DataConnector><UpdateConnectorId>KnSubject</UpdateConnectorId><EncodeBase64>{encoded}</EncodeBase64></DataConnector>"
    _, result = await ask(client, "AppConnectorData", "Execute", {"dataID": "GetXmlSchema", "parametersXml": parameters})
    data = ElementTree.fromstring(result).find("ConnectorData")  # noqa: S314  from our own backend
    assert data is not None
    schema = base64.b64decode(data.text or "").decode() if encoded == "true" else ElementTree.tostring(data[0], encoding="unicode")
    assert 'name="SbId"' in schema


async def test_the_version_is_the_one_of_rest(client: Client) -> None:
    async with client.get("/ProfitRestServices/profitversion") as answer:
        version = (await answer.json())["version"]
    assert await ask(client, "AppConnectorVersionInfo", "GetProductVersion", {}) == (200, version)


async def test_commands_are_recorded_and_legacy_services_say_no(client: Client, app: Application) -> None:
    await ask(client, "CmdConnector", "Execute", {"commandLine": "DEFINITIEIMPORT"})
    await ask(client, "CmdConnector", "GetState", {"commandId": "7"})
    assert app[SOAP].commands == [("Execute", "DEFINITIEIMPORT"), ("GetState", "7")]
    assert (await ask(client, "GetConnector", "GetData", {"connectorId": "Profit_Hours", "userId": "x", "password": "y"}))[0] == 500


async def test_the_header_goes_before_the_body_which_serves_without_it(aiohttp_client: AiohttpClient, app: Application, token: str) -> None:
    client = await aiohttp_client(app)

    async def rows(body: str | None, header: str | None) -> tuple[int, int]:
        headers = {"Authorization": f"AfasToken {base64.b64encode(header.encode()).decode()}"} if header else None
        given = {"token": body} if body else {}
        status, result = await ask(client, "AppConnectorGet", "GetData", ONE_ROW | given, headers=headers)
        return status, len(rows_in(result)) if status == 200 else 0

    other = new_token()
    assert [await rows(token, None), await rows(None, token), await rows(other, token)] == [(200, 1)] * 3
    assert [await rows(None, None), await rows(other, None), await rows(token, other)] == [(500, 0), (500, 0), (401, 0)]


@pytest.mark.parametrize(
    ("path", "content_type", "headers", "body", "message"),
    [
        ("AppConnectorGet", "text/xml", {}, "no xml", "well-formed"),
        ("AppConnectorGet", "text/xml", {}, "<x/>", "envelope"),
        ("AppConnectorGet", "application/soap+xml", {}, envelope("GetData", {}), "envelope"),
        ("AppConnectorGet", "text/xml", {"SOAPAction": '"urn:Afas.Profit.Services/Execute"'}, envelope("GetData", {}), "SOAPAction"),
        ("AppConnectorUpdate", "text/xml", {}, envelope("GetData", {}), "SOAPAction"),
    ],
)
async def test_an_envelope_that_is_none_is_a_fault(
    client: Client, path: str, content_type: str, headers: dict[str, str], body: str, message: str
) -> None:
    sent = {"Content-Type": content_type, **headers}
    async with client.post(f"/profitservices/{path}.ASMX", data=body.encode(), headers=sent) as answer:
        text = await answer.text()
    assert answer.status == 500
    assert message in text
    assert "Fault" in text


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "AppConnectorGet.asmx"),
        ("GET", "AppConnectorToken.asmx?WSDL"),
        ("GET", "AppConnectorGet.asmx/x?WSDL"),
        ("PUT", "AppConnectorGet.asmx"),
        ("POST", ""),
    ],
)
async def test_other_paths_and_verbs_lead_nowhere(client: Client, method: str, path: str) -> None:
    async with client.request(method, f"/ProfitServices/{path}") as answer:
        assert answer.status == 404


async def test_anybody_gets_a_wsdl_that_names_the_backend_and_that_the_sidecar_can_pass_on(
    aiohttp_client: AiohttpClient, app: Application
) -> None:
    client = await aiohttp_client(app)
    for service in sorted({operation.service for operation in OPERATIONS}):
        here = str(client.make_url(f"/ProfitServices/{service}"))
        async with ClientSession() as session, session.get(f"{here.lower()}?wsdl") as answer:
            document = await answer.read()
        assert document.count(f'location="{here}"'.encode()) == 2
        rewritten = rewrite_wsdl(document, service, "https://sidecar.example.com/ProfitServices").decode()
        assert here not in rewritten
        elements = ElementTree.fromstring(rewritten).iter("{http://www.w3.org/2001/XMLSchema}element")  # noqa: S314
        described = {element.get("name"): [each.get("name") for each in element.iter() if each.get("type")] for element in elements}
        for operation in OPERATIONS:
            if operation.service == service:
                assert described[operation.name] == list(operation.arguments)


@pytest.mark.parametrize("version", ["1.1", "1.2"])
async def test_a_one_time_password_gives_a_token_once_and_the_token_can_be_taken_back(
    aiohttp_client: AiohttpClient, app: Application, version: Version
) -> None:
    client, passwords = await aiohttp_client(app), app[ONE_TIME_PASSWORDS]
    who = {"userId": "p.bakker@example.com", "apiKey": passwords.api_key, "environmentKey": passwords.environment_key}
    assert await ask(client, "TokenConnector", "GenerateOTP", who | {"description": "telefoon"}, version) == (200, "")
    [mail] = passwords.mails
    assert (mail.email, mail.device, len(mail.code)) == ("p.bakker@example.com", "telefoon", 8)
    _, token = await ask(client, "TokenConnector", "GetTokenFromOTP", who | {"otp": mail.code}, version)
    assert (await ask(client, "TokenConnector", "GetTokenFromOTP", who | {"otp": mail.code}, version))[0] == 500
    assert (await ask(client, "AppConnectorGet", "GetData", ONE_ROW | {"token": token}))[0] == 200
    await ask(client, "TokenConnector", "DeleteToken", {"token": token}, version)
    assert (await ask(client, "AppConnectorGet", "GetData", ONE_ROW | {"token": token}))[0] == 500


async def test_it_remembers_the_body_too(client: Client, app: Application) -> None:
    await ask(client, "AppConnectorGet", "GetData", ONE_ROW)
    assert f'<GetData xmlns="{SERVICES}">'.encode() in app[RECEIVED][-1].body
