"""JWTs that are bound to a client certificate (RFC 8705) prove nothing in other hands, on whichever connection they came before."""

import hashlib
from pathlib import Path
from typing import Any

import pytest
import trustme

from tests.end_to_end.harness.configuration import Configuration
from tests.end_to_end.harness.identity import bearer, with_issuers
from tests.end_to_end.harness.oracle import rows_target
from tests.end_to_end.harness.stage import OwnStage, Stage
from tests.end_to_end.harness.tls import Authorities, TlsWire, der
from tests.end_to_end.test_client_certificates import client_cert, judged
from tests.jwt.mint import b64, claims, token

TARGET = rows_target()


@pytest.fixture
def authorities(tmp_path: Path) -> Authorities:
    folder = tmp_path / "tls"
    folder.mkdir()
    return Authorities(folder)


def bound(certificate: trustme.LeafCert, **more: Any) -> bytes:
    """A request with a token that was given to whoever has this certificate."""
    return bearer(token(claims(cnf={"x5t#S256": b64(hashlib.sha256(der(certificate)).digest()), **more})), TARGET)


def test_a_token_bound_to_a_certificate_counts_on_connections_with_that_only(
    own_stage: OwnStage, authorities: Authorities, tmp_path: Path
) -> None:
    mine, another = authorities.clients.issue_cert("hours.example"), authorities.clients.issue_cert("hours.example")
    identity = with_issuers(tmp_path)

    def change(content: Configuration) -> None:
        identity(content)
        content["tls"] = authorities.asking()

    stage, asked = own_stage(change), bound(mine)
    for _ in range(2):
        for certificate, outcome in ((mine, (200, "")), (None, (401, "jwt_certificate")), (another, (401, "jwt_certificate"))):
            with TlsWire(stage.port, authorities.client(certificate)) as wire:
                assert [judged(stage, wire.ask(asked)) for _ in range(4)] == [outcome] * 4
    with TlsWire(stage.port, authorities.client(mine)) as wire:
        assert judged(stage, wire.ask(bound(mine, jkt=b64(bytes(32))))) == (401, "jwt_bound")


def test_a_trusted_proxy_s_word_does_and_nobody_else_s(own_stage: OwnStage, authorities: Authorities, tmp_path: Path) -> None:
    mine, another = authorities.clients.issue_cert("hours.example"), authorities.clients.issue_cert("hours.example")
    identity = with_issuers(tmp_path)

    def start(**more: Any) -> Stage:
        def change(content: Configuration) -> None:
            identity(content)
            content.update({"client_certificate_header": "Client-Cert", **more})

        return own_stage(change)

    def passed_on(certificate: trustme.LeafCert) -> bytes:
        return bound(mine).replace(b"\r\n\r\n", f"\r\n{client_cert(certificate)}\r\n\r\n".encode())

    trusting = start(trusted_proxies=["127.0.0.1"])
    assert judged(trusting, trusting.send(passed_on(mine))) == (200, "")
    assert judged(trusting, trusting.send(passed_on(another))) == (401, "jwt_certificate")
    assert judged(trusting, trusting.send(bound(mine))) == (401, "jwt_certificate")
    alone = start()
    assert judged(alone, alone.send(passed_on(mine))) == (401, "jwt_certificate")
