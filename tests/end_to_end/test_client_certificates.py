"""Client certificates as a condition of app connectors: over TLS that ends here, and over a trusted proxy at which it ended."""

import base64
import hashlib
from pathlib import Path
from typing import Any

import pytest
import trustme

from tests.end_to_end.harness.configuration import authorization
from tests.end_to_end.harness.oracle import rows_target
from tests.end_to_end.harness.soap import BASE, envelope
from tests.end_to_end.harness.stage import OwnStage, Stage, wait_for
from tests.end_to_end.harness.tls import Authorities, TlsWire, der, expired
from tests.end_to_end.harness.wire import Answer, request

MINE = authorization("j.devries")
ASK = request("GET", rows_target(), MINE)


@pytest.fixture
def authorities(tmp_path: Path) -> Authorities:
    folder = tmp_path / "tls"
    folder.mkdir()
    return Authorities(folder)


def fingerprint(certificate: trustme.LeafCert) -> str:
    return hashlib.sha256(der(certificate)).hexdigest()


def ask(stage: Stage, authorities: Authorities, certificate: trustme.LeafCert | None, data: bytes = ASK) -> tuple[int, str]:
    """Status and reason."""
    with TlsWire(stage.port, authorities.client(certificate)) as wire:
        return judged(stage, wire.ask(data))


def judged(stage: Stage, answer: Answer) -> tuple[int, str]:
    return answer.status, stage.decision(answer.reference).get("reason", "")


def put(stage: Stage, rule: dict[str, Any]) -> None:
    """Have this rule in force."""
    before = stage.store.snapshot
    stage.change(lambda content: content["app_connectors"]["hours"].update(client_certificate=rule))
    wait_for(lambda: stage.store.snapshot is not before)


def test_a_rule_lets_in_whom_it_names_in_any_way_and_nobody_else(own_stage: OwnStage, authorities: Authorities) -> None:
    mine = authorities.clients.issue_cert("Hours.example", common_name="hours app")
    another = authorities.clients.issue_cert("other.example", common_name="other app")

    def change(content: dict[str, Any]) -> None:
        content["tls"] = authorities.asking()
        content["app_connectors"]["hours"]["client_certificate"] = {"sha256": ["00" * 32]}

    stage = own_stage(change)
    for rule in ({"sha256": [fingerprint(mine)]}, {"dns_names": ["hours.EXAMPLE", "more.example"]}, {"common_names": ["hours app"]}):
        put(stage, rule)
        assert ask(stage, authorities, mine) == (200, "")
        assert ask(stage, authorities, another) == (403, "client_certificate_not_allowed")
        assert ask(stage, authorities, None) == (403, "client_certificate_missing")


def test_what_was_allowed_on_one_connection_is_not_served_on_another(own_stage: OwnStage, authorities: Authorities) -> None:
    """The very same bytes, remembered or not: the certificate is no part of them."""
    mine, another = authorities.clients.issue_cert("hours.example"), authorities.clients.issue_cert("other.example")

    def change(content: dict[str, Any]) -> None:
        content["tls"] = authorities.asking()
        content["app_connectors"]["hours"]["client_certificate"] = {"dns_names": ["hours.example"]}

    stage = own_stage(change)
    expected = [(mine, (200, "")), (None, (403, "client_certificate_missing")), (another, (403, "client_certificate_not_allowed"))]
    for _ in range(2):
        for certificate, outcome in expected:
            with TlsWire(stage.port, authorities.client(certificate)) as wire:
                assert [judged(stage, wire.ask(ASK)) for _ in range(5)] == [outcome] * 5
    line = stage.decision_where(lambda line: line.get("certificate") == fingerprint(mine))
    assert line["decision"] == "allow"


def test_a_soap_message_needs_the_certificate_as_well(own_stage: OwnStage, authorities: Authorities) -> None:
    mine = authorities.clients.issue_cert("hours.example")

    def change(content: dict[str, Any]) -> None:
        content["tls"] = authorities.asking()
        content["app_connectors"]["hours"]["client_certificate"] = {"sha256": [fingerprint(mine)]}

    stage = own_stage(change)
    body = envelope("GetData", {"connectorId": "Profit_Hours", "skip": "-1", "take": "-1"})
    message = request("POST", f"{BASE}/appconnectorget.asmx", MINE, "Content-Type: text/xml; charset=utf-8", body=body)
    assert ask(stage, authorities, mine, message) == (200, "")
    assert ask(stage, authorities, None, message) == (500, "client_certificate_missing")


# Over a trusted proxy.


def client_cert(certificate: trustme.LeafCert) -> str:
    """The header, as RFC 9440 has it."""
    return f"Client-Cert: :{base64.b64encode(der(certificate)).decode()}:"


def passed_on(rule: dict[str, Any], **more: Any) -> Any:
    def change(content: dict[str, Any]) -> None:
        content["app_connectors"]["hours"]["client_certificate"] = rule
        content.update({"trusted_proxies": ["127.0.0.1"], "client_certificate_header": "Client-Cert", **more})

    return change


def test_a_trusted_proxy_passes_the_certificate_on_and_the_backend_does_not_see_it(own_stage: OwnStage, authorities: Authorities) -> None:
    mine, late = authorities.clients.issue_cert("hours.example"), expired(authorities.clients)
    another = authorities.clients.issue_cert("other.example")
    stage = own_stage(passed_on({"dns_names": ["hours.example"]}))
    outcomes = [
        ((client_cert(mine),), (200, "")),
        ((), (403, "client_certificate_missing")),
        ((client_cert(another),), (403, "client_certificate_not_allowed")),
        ((client_cert(late),), (403, "client_certificate_expired")),
        ((client_cert(mine), client_cert(mine)), (400, "repeated_header")),
        ((client_cert(mine), "client_cert: x"), (400, "repeated_header")),
        ((f"{client_cert(mine)};a=1",), (401, "client_certificate_unreadable")),
        (("Client-Cert: ::",), (401, "client_certificate_unreadable")),
        (("Client-Cert: ",), (401, "client_certificate_unreadable")),
        (("Client-Cert: :QUJD:",), (401, "client_certificate_unreadable")),
        ((client_cert(mine).replace(":MII", ":%4DII"),), (401, "client_certificate_unreadable")),
        ((f"{client_cert(mine)}, {client_cert(another).partition(' ')[2]}",), (401, "client_certificate_unreadable")),
    ]
    for _ in range(3):
        for headers, outcome in outcomes:
            assert judged(stage, stage.get(rows_target(), "j.devries", *headers)) == outcome
    assert {name.lower() for received in stage.backend.take() for name, _ in received.headers}.isdisjoint({"client-cert"})


@pytest.mark.parametrize(
    "change",
    [
        {"trusted_proxies": []},
        {"trusted_proxies": ["192.0.2.1"]},
        {"client_certificate_header": None},
    ],
)
def test_nobody_else_is_believed(own_stage: OwnStage, authorities: Authorities, change: dict[str, Any]) -> None:
    mine = authorities.clients.issue_cert("hours.example")
    stage = own_stage(passed_on({"dns_names": ["hours.example"]}, **change))
    assert judged(stage, stage.get(rows_target(), "j.devries", client_cert(mine))) == (403, "client_certificate_missing")


@pytest.mark.parametrize("header", ["Client-Cert", None])
def test_a_proxy_s_own_certificate_is_not_that_of_its_clients(own_stage: OwnStage, authorities: Authorities, header: str | None) -> None:
    proxy, mine = authorities.clients.issue_cert("hours.example"), authorities.clients.issue_cert("hours.example")
    stage = own_stage(passed_on({"dns_names": ["hours.example"]}, tls=authorities.asking("required"), client_certificate_header=header))
    assert ask(stage, authorities, proxy) == (403, "client_certificate_missing")
    passed = request("GET", rows_target(), MINE, client_cert(mine))
    assert ask(stage, authorities, proxy, passed) == ((200, "") if header else (403, "client_certificate_missing"))
