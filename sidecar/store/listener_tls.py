"""TLS of a port, from the files that the configuration names: a certificate, its key, and the authorities of clients."""

import hashlib
import os
import re
import ssl
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from sidecar.settings.model import Settings
from sidecar.settings.problem import KeyPath
from sidecar.settings.report import Report
from sidecar.settings.tls import ClientCertificates, MinimumVersion, Tls

SOON = timedelta(days=14)
"""Before a certificate's end: by then whatever renews it should long have done so."""

_PEM = re.compile(rb"-----BEGIN [A-Z0-9 ]+-----(.*?)-----END ", re.DOTALL)
_VERSIONS = {MinimumVersion.TLS_1_2: ssl.TLSVersion.TLSv1_2, MinimumVersion.TLS_1_3: ssl.TLSVersion.TLSv1_3}
_VERIFY = {
    ClientCertificates.OFF: ssl.CERT_NONE,
    ClientCertificates.OPTIONAL: ssl.CERT_OPTIONAL,
    ClientCertificates.REQUIRED: ssl.CERT_REQUIRED,
}


class UnusableTlsError(Exception):
    """The files can't be used together. `key`: what of the settings it is about."""

    def __init__(self, key: str, message: str, remedy: str = "") -> None:
        super().__init__(f"{key}: {message}")
        self.key = key
        self.message = message
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class ListenerTls:
    """What is shown to those who connect.

    :ivar context: for handshakes.
    :ivar content: digest of all that it was made from.
    :ivar authorities: those who vouch for clients' certificates: the digest of each one's own certificate.
    :ivar sha256: fingerprint of the certificate, in hexadecimal.
    :ivar not_before: aware; so is `not_after`.
    :ivar key_is_open: everybody on this machine may read the key.
    """

    context: ssl.SSLContext = field(repr=False, compare=False)
    content: bytes = field(repr=False)
    authorities: frozenset[bytes] = field(repr=False)
    sha256: str
    not_before: datetime
    not_after: datetime
    key_is_open: bool


def read_tls(part: Tls) -> ListenerTls:
    """As the files are now.

    :raises UnusableTlsError: one of them is missing or is not what it should be, or key and certificate don't belong together.
    """
    files = {key: _content(key, getattr(part, key)) for key in ("certificate", "key", "client_ca") if getattr(part, key) is not None}
    sha256, not_before, not_after = _certificate(files["certificate"])
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = _VERSIONS[part.minimum]
    context.options |= ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(["http/1.1"])
    try:
        # The files are opened once more. If they were exchanged meanwhile, their content differs from what is noted here at the next look.
        context.load_cert_chain(part.certificate, part.key, password=_no_passphrase)
    except ssl.SSLError as error:
        raise _unusable_key(error) from None
    except (OSError, ValueError) as error:
        raise UnusableTlsError("key", f"the file can't be used: {_told(error)}") from None
    if "client_ca" in files:
        try:
            context.load_verify_locations(cadata=files["client_ca"].decode("latin-1"))
        except (ssl.SSLError, ValueError):
            raise UnusableTlsError("client_ca", "the file holds no certificates in PEM") from None
        context.verify_mode = _VERIFY[part.client_certificate]
    marks = [part.client_certificate.value.encode(), part.minimum.value.encode(), *files.values()]
    content = hashlib.sha256(b"".join(hashlib.sha256(each).digest() for each in marks)).digest()
    authorities = frozenset(hashlib.sha256(b"".join(each.split())).digest() for each in _PEM.findall(files.get("client_ca", b"")))
    return ListenerTls(context, content, authorities, sha256, not_before, not_after, _is_open(part.key))


def read_listeners(settings: Settings, report: Report, files: list[Path]) -> dict[KeyPath, ListenerTls]:
    """What ports would show, by the path of what is said of it. Errors aren't fatal: a running sidecar goes on with what it has.

    :param files: gets all that were looked at.
    """
    found: dict[KeyPath, ListenerTls] = {}
    for path, part in listeners(settings):
        files += files_of(part)
        try:
            found[path] = read_tls(part)
        except UnusableTlsError as problem:
            if not report.complained_of((*path, problem.key)):
                report.error((*path, problem.key), problem.message, problem.remedy, fatal=False)
    return found


def warn_of_listeners(found: Mapping[KeyPath, ListenerTls], now: datetime, report: Report) -> None:
    """Tell what soon will be wrong with these."""
    for path, tls in found.items():
        for key, message, remedy in _worries(tls, now):
            report.warn((*path, key), message, remedy)


def listeners(settings: Settings) -> Iterator[tuple[KeyPath, Tls]]:
    """The ports that speak TLS, by the path of what is said of it."""
    if settings.tls is not None:
        yield ("tls",), settings.tls
    if settings.admin.tls is not None:
        yield ("admin", "tls"), settings.admin.tls


def files_of(part: Tls) -> list[Path]:
    """On which it depends."""
    return [Path(each) for each in (part.certificate, part.key, part.client_ca) if each is not None]


def _worries(tls: ListenerTls, now: datetime) -> Iterator[tuple[str, str, str]]:
    if now >= tls.not_after:
        yield (
            "certificate",
            f"the certificate expired on {tls.not_after:%Y-%m-%d}; clients will refuse it",
            "put the renewed one in its place",
        )
    elif now >= tls.not_after - SOON:
        yield "certificate", f"the certificate expires on {tls.not_after:%Y-%m-%d}", "renew it; the file is watched"
    if now < tls.not_before:
        yield "certificate", f"the certificate counts from {tls.not_before:%Y-%m-%d %H:%M} UTC only", "wait, or look at the clock"
    if tls.key_is_open:
        yield "key", "everybody on this machine may read the key", "chmod o-r; in Kubernetes `defaultMode: 0440` with a `fsGroup`"


def _is_open(key: str) -> bool:
    try:
        return os.name != "nt" and bool(Path(key).stat().st_mode & stat.S_IROTH)
    except OSError:
        return False


def _content(key: str, file: str) -> bytes:
    try:
        return Path(file).read_bytes()
    except (OSError, ValueError) as error:
        raise UnusableTlsError(key, f"the file can't be read: {_told(error)}") from None


def _certificate(pem: bytes) -> tuple[str, datetime, datetime]:
    from cryptography import x509  # takes its time, and most have no use for it
    from cryptography.hazmat.primitives.hashes import SHA256

    try:
        certificate = x509.load_pem_x509_certificates(pem)[0]
        return certificate.fingerprint(SHA256()).hex(), certificate.not_valid_before_utc, certificate.not_valid_after_utc
    except ValueError:
        raise UnusableTlsError("certificate", "the file holds no certificate in PEM") from None


def _no_passphrase() -> str:
    """Is asked for one where the key has one; without this, people at a terminal would be."""
    raise ValueError("it has a passphrase, which nobody is there to enter")


def _unusable_key(error: ssl.SSLError) -> UnusableTlsError:
    if error.reason == "KEY_VALUES_MISMATCH":
        return UnusableTlsError("key", "the key does not belong to the certificate", "name the pair; exchange both files together")
    if error.reason in ("EE_KEY_TOO_SMALL", "CA_KEY_TOO_SMALL", "CA_MD_TOO_WEAK"):
        return UnusableTlsError("certificate", f"the certificate is too weak for TLS: {error.reason}")
    return UnusableTlsError("key", "the file holds no private key in PEM, or not one for this certificate")


def _told(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else str(error)) or type(error).__name__
