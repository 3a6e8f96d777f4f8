"""Updates by clients in PHP and Python: what the app may do is done, at any depth, and everything else refused as a whole."""

import json
import urllib.request

import pytest

from sidecar.demo.running import Held, Running
from tests.soap_clients.question import Arguments, Question, Reply, SoapClient, forwarded

CONSULTANT = Held("j.devries", "hours")
LINE = "<DaTi>2026-07-01</DaTi><EmId>1001</EmId><Qu>7.5</Qu><Ds>R&amp;D &lt;overleg&gt;</Ds>"
DOSSIER = "<StId>3</StId><Ds>Nieuw</Ds><EmId>1001</EmId>"


def element(action: str, fields: str, objects: str = "") -> str:
    return f'<Element><Fields Action="{action}">{fields}</Fields>{f"<Objects>{objects}</Objects>" if objects else ""}</Element>'


def update(demo: Running, ask: SoapClient, connector: str, *elements: str) -> Reply:
    document = f'<{connector} xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">{"".join(elements)}</{connector}>'
    arguments: Arguments = {"connectorType": connector, "connectorVersion": 1, "dataXml": document}
    return ask(demo.soap_url, Question("AppConnectorUpdate", "Execute", arguments, authorization=demo.authorizations[CONSULTANT]))


def stored(demo: Running, connector: str, key: str, number: str) -> dict[str, object] | None:
    """The row as the backend itself has it."""
    url = f"{demo.backend_url}/connectors/{connector}?filterfieldids={key}&filtervalues={number}&operatortypes=1"
    asked = urllib.request.Request(url, headers={"Authorization": demo.backend_authorization})  # noqa: S310  our own http URL
    with urllib.request.urlopen(asked, timeout=20) as answer:  # noqa: S310
        rows: list[dict[str, object]] = json.load(answer)["rows"]
    return rows[0] if rows else None


def number_in(reply: Reply) -> str:
    assert reply.result is not None, reply.fault
    return "".join(filter(str.isdigit, reply.result))


def test_a_record_is_inserted_changed_and_deleted(demo: Running, ask: SoapClient) -> None:
    number = number_in(update(demo, ask, "KnSubject", element("insert", DOSSIER)))
    inserted = stored(demo, "Profit_Dossiers", "SubjectId", number)
    assert inserted is not None
    assert inserted["Onderwerp"] == "Nieuw"
    update(demo, ask, "KnSubject", element("update", f'<SbId>{number}</SbId><EmId xsi:nil="true" /><Ds>Anders</Ds>'))
    assert stored(demo, "Profit_Dossiers", "SubjectId", number) == {**inserted, "Onderwerp": "Anders", "Medewerker": None}
    update(demo, ask, "KnSubject", f'<Element SbId="{number}"><Fields Action="delete" /></Element>')
    assert stored(demo, "Profit_Dossiers", "SubjectId", number) is None


def test_what_may_be_inserted_is_stored_as_it_was_sent(demo: Running, ask: SoapClient) -> None:
    number = number_in(update(demo, ask, "PtRealization", element("insert", LINE)))
    row = stored(demo, "Profit_Hours", "Id", number)
    assert row is not None
    assert (row["Omschrijving"], row["Uren"], row["Afdeling"]) == ("R&D <overleg>", 7.5, "CONS")


@pytest.mark.parametrize(
    ("connector", "elements"),
    [
        ("PtRealization", [element("delete", "<Id>12</Id>")]),
        ("PtRealization", ['<Element Action="delete"><Fields><Id>12</Id></Fields></Element>']),
        ("PtRealization", [element("insert", LINE), element("delete", "<Id>12</Id>")]),
        ("PtRealization", [element("insert", LINE, f"<KnSubject>{element('delete', '<SbId>5001</SbId>')}</KnSubject>")]),
        ("KnPerson", [element("insert", "<Nm>x</Nm>")]),
    ],
    ids=["delete", "delete on the element", "second element", "below", "not listed"],
)
def test_what_the_app_may_not_do_never_reaches_the_backend(demo: Running, ask: SoapClient, connector: str, elements: list[str]) -> None:
    before = stored(demo, "Profit_Hours", "Id", "12"), stored(demo, "Profit_Dossiers", "SubjectId", "5001")
    demo.received.clear()
    reply = update(demo, ask, connector, *elements)
    assert reply.fault is not None
    assert forwarded(demo) == []
    assert (stored(demo, "Profit_Hours", "Id", "12"), stored(demo, "Profit_Dossiers", "SubjectId", "5001")) == before


def test_what_the_backend_refuses_arrives_as_its_own_fault(demo: Running, ask: SoapClient) -> None:
    fault = update(demo, ask, "KnSubject", element("delete", "<SbId>9999</SbId>")).fault
    assert fault is not None
    assert fault.text == "SbId '9999' does not exist"
    assert fault.detail["ErrorNumber"] == "-2147220469"
