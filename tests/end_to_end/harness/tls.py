"""Certificates made for a test, and clients that speak TLS."""

import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import trustme

from tests.end_to_end.harness.wire import BrokenOffError, Wire


@dataclass(slots=True)
class Authorities:
    """The sidecar's own, that of clients, and one that nobody knows.

    :ivar folder: where the sidecar's files are: `certificate.pem`, `key.pem`, `clients.pem`.
    """

    folder: Path
    ours: trustme.CA = field(default_factory=trustme.CA)
    clients: trustme.CA = field(default_factory=trustme.CA)
    others: trustme.CA = field(default_factory=trustme.CA)

    def __post_init__(self) -> None:
        self.issue()
        self.clients.cert_pem.write_to_path(str(self.folder / "clients.pem"))

    def issue(self, folder: Path | None = None, **more: Any) -> trustme.LeafCert:
        """A new certificate of the sidecar's, put in place."""
        issued = self.ours.issue_cert("localhost", **more)
        write_pair(folder or self.folder, issued)
        return issued

    def settings(self, **more: str) -> dict[str, str]:
        """The part `tls`."""
        return {"certificate": str(self.folder / "certificate.pem"), "key": str(self.folder / "key.pem"), **more}

    def asking(self, how: str = "optional", **more: str) -> dict[str, str]:
        """The same, with clients asked for certificates."""
        return self.settings(client_ca=str(self.folder / "clients.pem"), client_certificate=how, **more)

    def client(self, certificate: trustme.LeafCert | None = None) -> ssl.SSLContext:
        """A client that knows the sidecar's authority, and has this certificate."""
        context = ssl.create_default_context()
        self.ours.configure_trust(context)
        if certificate is not None:
            certificate.configure_cert(context)
        return context


def write_pair(folder: Path, pair: trustme.LeafCert) -> None:
    """Put a certificate and its key in place."""
    (folder / "certificate.pem").write_bytes(b"".join(each.bytes() for each in pair.cert_chain_pems))
    (folder / "key.pem").write_bytes(pair.private_key_pem.bytes())


def der(certificate: trustme.LeafCert) -> bytes:
    """The certificate itself."""
    return ssl.PEM_cert_to_DER_cert(certificate.cert_chain_pems[0].bytes().decode())


def expired(authority: trustme.CA) -> trustme.LeafCert:
    """A certificate that counted until yesterday."""
    now = datetime.now(UTC)
    return authority.issue_cert("hours.example", not_before=now - timedelta(days=9), not_after=now - timedelta(days=1))


class TlsWire(Wire):
    """One connection to the sidecar, over TLS."""

    def __init__(self, port: int, context: ssl.SSLContext, *, receive_buffer: int | None = None) -> None:
        super().__init__(port, receive_buffer=receive_buffer)
        self.tls = context.wrap_socket(self.socket, server_hostname="localhost", suppress_ragged_eofs=False)
        self.socket: socket.socket = self.tls

    @property
    def shown(self) -> bytes:
        """The sidecar's certificate."""
        return self.tls.getpeercert(True) or b""

    def rest(self) -> bytes:
        """Everything up to an orderly end, which over TLS is said."""
        try:
            return super().rest()
        except ssl.SSLError:
            raise BrokenOffError(self._held) from None


def shown(port: int, context: ssl.SSLContext) -> bytes:
    """The certificate that is shown to whoever connects now."""
    with TlsWire(port, context) as wire:
        return wire.shown


def is_refused(port: int, context: ssl.SSLContext, request: bytes) -> bool:
    """Whether no request comes through: in TLS 1.3 a client learns only after its handshake that its certificate won't do."""
    try:
        with TlsWire(port, context) as wire:
            wire.ask(request)
    except (OSError, BrokenOffError):
        return True
    return False


def alpn(port: int, context: ssl.SSLContext, protocols: Sequence[str]) -> str | None:
    """What is agreed on where these are offered."""
    context.set_alpn_protocols(list(protocols))
    with TlsWire(port, context) as wire:
        return wire.tls.selected_alpn_protocol()
