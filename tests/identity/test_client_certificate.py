"""What is read in a client's certificate, and whose word about it counts."""

import base64
import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from sidecar.errors import Reason, Refusal
from sidecar.identity.client_certificate import client_certificate, read_certificate, read_header
from sidecar.policy.model import ClientCertificate

_KEY = ec.generate_private_key(ec.SECP256R1())
_BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def made(names: Sequence[x509.GeneralName] = (), *common_names: str) -> bytes:
    """A certificate, in DER."""
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, each) for each in common_names])
    builder = (
        x509.CertificateBuilder(subject, subject, _KEY.public_key(), x509.random_serial_number())
        .not_valid_before(_BEGIN)
        .not_valid_after(_BEGIN + timedelta(days=90))
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(_KEY, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def header(der: bytes) -> bytes:
    return b":" + base64.b64encode(der) + b":"


def test_names_of_every_kind_are_read() -> None:
    der = made([x509.DNSName("Hours.Example"), x509.UniformResourceIdentifier("spiffe://example.com/Hours")], "hours app")
    assert read_certificate(der) == ClientCertificate(
        hashlib.sha256(der).digest(),
        "hours app",
        frozenset({"hours.example"}),
        frozenset({"spiffe://example.com/Hours"}),
        _BEGIN,
        _BEGIN + timedelta(days=90),
    )


def test_a_certificate_without_names_has_a_fingerprint_only() -> None:
    read = read_certificate(made())
    assert (read.common_name, read.dns_names, read.uris) == ("", frozenset(), frozenset())


def test_of_several_common_names_none_counts() -> None:
    assert read_certificate(made((), "one", "two")).common_name == ""


@pytest.mark.parametrize("rest", [b"", b"x", made()])
def test_what_is_not_exactly_one_certificate_is_none(rest: bytes) -> None:
    with pytest.raises(ValueError, match="not a certificate"):
        read_certificate((made() if rest else b"") + rest)


@given(st.binary(max_size=200))
def test_a_header_of_anything_else_is_refused(value: bytes) -> None:
    with pytest.raises(Refusal) as refused:
        read_header(value)
    assert refused.value.reason is Reason.CLIENT_CERTIFICATE_UNREADABLE


TRUSTED = [ip_network("192.0.2.0/24")]
OWN, PASSED = read_certificate(made((), "own")), made((), "passed")


@pytest.mark.parametrize(
    ("peer", "believed", "value", "counts"),
    [
        ("192.0.2.1", True, header(PASSED), read_certificate(PASSED)),
        ("::ffff:192.0.2.1", True, header(PASSED), read_certificate(PASSED)),
        ("192.0.2.1", True, b" " + header(PASSED) + b" ", read_certificate(PASSED)),
        ("192.0.2.1", True, None, None),
        ("192.0.2.1", False, header(PASSED), None),
        ("198.51.100.1", True, header(PASSED), OWN),
        ("198.51.100.1", True, b"nonsense", OWN),
        ("198.51.100.1", False, None, OWN),
        ("", True, header(PASSED), OWN),
    ],
)
def test_a_trusted_proxy_speaks_for_others_and_everybody_else_for_himself(
    peer: str, believed: bool, value: bytes | None, counts: ClientCertificate | None
) -> None:
    assert client_certificate(OWN, value, peer, TRUSTED, believed=believed) == counts
