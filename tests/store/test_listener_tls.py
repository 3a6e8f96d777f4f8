"""TLS of a port, from files: what can be used, what is worth a warning, and what is too late for one."""

import os
import ssl
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme
from cryptography.hazmat.primitives import serialization

from sidecar.settings.problem import Severity
from sidecar.settings.tls import Tls
from sidecar.store.listener_tls import UnusableTlsError, read_tls
from tests.settings.sample import NOW, SAMPLE, load_content

CA = trustme.CA()


def put(folder: Path, not_before: datetime = NOW - timedelta(days=30), not_after: datetime = NOW + timedelta(days=90)) -> Path:
    """A pair, and the authority of clients."""
    issued = CA.issue_cert("localhost", not_before=not_before, not_after=not_after)
    issued.cert_chain_pems[0].write_to_path(str(folder / "certificate.pem"))
    issued.private_key_pem.write_to_path(str(folder / "key.pem"))
    CA.cert_pem.write_to_path(str(folder / "clients.pem"))
    (folder / "key.pem").chmod(0o600)
    return folder


def part(folder: Path, **more: str) -> Tls:
    return Tls.model_validate({"certificate": str(folder / "certificate.pem"), "key": str(folder / "key.pem"), **more})


def test_what_is_spoken_is_new_and_stays_as_agreed(tmp_path: Path) -> None:
    context = read_tls(part(put(tmp_path))).context
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2
    assert context.options & ssl.OP_NO_RENEGOTIATION
    assert context.options & ssl.OP_NO_COMPRESSION
    assert context.verify_mode == ssl.CERT_NONE


def test_the_same_files_are_the_same_and_anything_else_is_not(tmp_path: Path) -> None:
    asking = {"client_ca": str(put(tmp_path) / "clients.pem")}
    contents = [
        read_tls(part(tmp_path, **more)).content
        for more in ({}, {"minimum": "1.3"}, {**asking, "client_certificate": "optional"}, {**asking, "client_certificate": "required"})
    ]
    assert len(set(contents)) == 4
    assert read_tls(part(tmp_path)).content == contents[0]
    put(tmp_path)
    assert read_tls(part(tmp_path)).content != contents[0]


def _encrypt(folder: Path) -> None:
    key = serialization.load_pem_private_key((folder / "key.pem").read_bytes(), None)
    protected = serialization.BestAvailableEncryption(b"secret")
    text = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, protected)
    (folder / "key.pem").write_bytes(text)


def _remove(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


def _write(name: str, text: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_text(text)


SPOILED: list[tuple[Callable[[Path], object], str, str]] = [
    (_remove("certificate.pem"), "certificate", "can't be read: No such file"),
    (_remove("key.pem"), "key", "can't be read: No such file"),
    (_remove("clients.pem"), "client_ca", "can't be read: No such file"),
    (_write("certificate.pem", "nothing"), "certificate", "holds no certificate in PEM"),
    (_write("certificate.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), "certificate", "holds no certificate"),
    (_write("key.pem", "nothing"), "key", "holds no private key in PEM"),
    (_write("clients.pem", "nothing"), "client_ca", "holds no certificates in PEM"),
    (lambda folder: CA.issue_cert("x").private_key_pem.write_to_path(str(folder / "key.pem")), "key", "does not belong to the certificate"),
    (_encrypt, "key", "has a passphrase"),
]


@pytest.mark.parametrize(("spoil", "key", "message"), SPOILED)
def test_what_cant_be_used_is_an_error_at_its_place(tmp_path: Path, spoil: Callable[[Path], object], key: str, message: str) -> None:
    spoil(put(tmp_path))
    with pytest.raises(UnusableTlsError, match=message) as problem:
        read_tls(part(tmp_path, client_ca=str(tmp_path / "clients.pem"), client_certificate="required"))
    assert problem.value.key == key


def problems(folder: Path, **more: Any) -> list[tuple[str, Severity, str]]:
    tls = {"certificate": "certificate.pem", "key": "key.pem"}
    loaded = load_content(folder, {**SAMPLE, "tls": tls, **more})
    assert loaded.snapshot is not None, loaded.problems
    assert {folder / "certificate.pem", folder / "key.pem"} <= set(loaded.files)
    return [(each.path, each.severity, each.message) for each in loaded.problems]


def test_a_sound_pair_gives_no_cause_for_complaint(tmp_path: Path) -> None:
    assert problems(put(tmp_path)) == []


def test_a_pair_that_can_t_be_used_is_an_error_that_keeps_no_policy_from_loading(tmp_path: Path) -> None:
    _encrypt(put(tmp_path))
    assert [(path, severity) for path, severity, _ in problems(tmp_path)] == [("tls.key", Severity.ERROR)]


@pytest.mark.parametrize(
    ("period", "message"),
    [
        ({"not_after": NOW + timedelta(days=13)}, "the certificate expires on 2026-06-14"),
        ({"not_after": NOW - timedelta(days=1)}, "the certificate expired on 2026-05-31; clients will refuse it"),
        ({"not_before": NOW + timedelta(hours=1)}, "the certificate counts from 2026-06-01 01:00 UTC only"),
    ],
)
def test_a_certificate_near_its_ends_is_warned_of(tmp_path: Path, period: dict[str, datetime], message: str) -> None:
    assert problems(put(tmp_path, **period)) == [("tls.certificate", Severity.WARNING, message)]


@pytest.mark.skipif(os.name == "nt", reason="modes of files say nothing there")
def test_a_key_that_everybody_may_read_is_warned_of(tmp_path: Path) -> None:
    (put(tmp_path) / "key.pem").chmod(0o644)
    assert problems(tmp_path) == [("tls.key", Severity.WARNING, "everybody on this machine may read the key")]


def test_the_admin_port_s_pair_is_looked_at_as_well(tmp_path: Path) -> None:
    admin = {"tls": {"certificate": "other.pem", "key": "key.pem"}}
    assert [path for path, _, _ in problems(put(tmp_path), admin=admin)] == ["admin.tls.certificate"]
