"""The client's certificate: from TLS that ended here, or from a trusted proxy at which it ended (RFC 9440). Pure functions.

Whoever ended TLS has verified it; here it is only read, and what is not to be believed is left out.
"""

import base64
import binascii
import re
from collections.abc import Sequence
from functools import lru_cache

from sidecar.errors import Reason, Refusal
from sidecar.identity.client_address import is_trusted
from sidecar.policy.model import ClientCertificate, Network

_BYTES = re.compile(rb" *:([A-Za-z0-9+/]+={0,2}): *")
_MOST_REMEMBERED = 1024


def client_certificate(
    own: ClientCertificate | None, header: bytes | None, peer: str, trusted: Sequence[Network], *, believed: bool
) -> ClientCertificate | None:
    """The certificate of the client from whom a request comes.

    A trusted proxy speaks for others, so its own certificate never is its clients'; what anybody else says in the header is nothing.

    :param own: of the connection's other end.
    :param header: the value of `Client-Cert`; None without it.
    :param peer: the address at the connection's other end.
    :param trusted: networks of the trusted proxies.
    :param believed: whether the proxies are said to pass that header on.
    :raises Refusal: CLIENT_CERTIFICATE_UNREADABLE.
    """
    if not is_trusted(peer, trusted):
        return own
    return read_header(header) if believed and header is not None else None


@lru_cache(maxsize=_MOST_REMEMBERED)
def read_header(value: bytes) -> ClientCertificate:
    """The certificate in a `Client-Cert` header: its DER as a byte sequence, without parameters (RFC 9440 2.2, RFC 9651 3.3.5).

    :raises Refusal: CLIENT_CERTIFICATE_UNREADABLE.
    """
    match = _BYTES.fullmatch(value)
    try:
        return read_certificate(base64.b64decode(match[1] if match else b"", validate=True))
    except (ValueError, binascii.Error):
        raise Refusal(Reason.CLIENT_CERTIFICATE_UNREADABLE) from None


@lru_cache(maxsize=_MOST_REMEMBERED)
def read_certificate(der: bytes) -> ClientCertificate:
    """What a certificate says of its owner.

    :raises ValueError: for what is none, or one that can't be read in its entirety.
    """
    from cryptography import x509  # takes its time, and most have no use for it
    from cryptography.hazmat.primitives.hashes import SHA256

    try:
        certificate = x509.load_der_x509_certificate(der)
        common_names = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
        try:
            names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        except x509.ExtensionNotFound:
            names = x509.SubjectAlternativeName([])
        return ClientCertificate(
            sha256=certificate.fingerprint(SHA256()),
            # Of several, each reader could take another one.
            common_name=str(common_names[0].value) if len(common_names) == 1 else "",
            dns_names=frozenset(name.lower() for name in names.get_values_for_type(x509.DNSName)),
            uris=frozenset(names.get_values_for_type(x509.UniformResourceIdentifier)),
            not_before=certificate.not_valid_before_utc,
            not_after=certificate.not_valid_after_utc,
        )
    except Exception as error:  # what cryptography raises for odd ones is not all of one class
        raise ValueError(f"not a certificate that can be read: {type(error).__name__}") from None
