"""With TLS towards the backend, proxies are checked and measured with a certificate that they can verify."""

import http.client
import shutil
import ssl
from pathlib import Path

import pytest

from bench.certificate import Certificate, make_certificate
from bench.checking_backend import CheckingBackend
from bench.peers import nginx
from bench.peers.peer import Place

needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificate")


@pytest.fixture
def certificate(tmp_path: Path) -> Certificate:
    made = make_certificate(tmp_path)
    assert made is not None
    return made


@needs_openssl
@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_the_backend_is_verified_by_name_and_by_address(host: str, certificate: Certificate) -> None:
    context = ssl.create_default_context(cafile=certificate.file)
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    with CheckingBackend(certificate) as backend:
        connection = http.client.HTTPSConnection(host, backend.port, context=context, timeout=5)
        connection.request("GET", "/x")
        assert connection.getresponse().read() == backend.answer
        connection.close()
        assert [each.target for each in backend.arrived] == ["/x"]


@needs_openssl
def test_who_does_not_trust_it_gets_nothing(certificate: Certificate) -> None:
    with CheckingBackend(certificate) as backend:
        connection = http.client.HTTPSConnection("127.0.0.1", backend.port, context=ssl.create_default_context(), timeout=5)
        with pytest.raises(ssl.SSLCertVerificationError):
            connection.request("GET", "/x")
        connection.close()
        assert backend.arrived == []


def test_without_openssl_there_is_no_certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.certificate.shutil.which", lambda _: None)
    assert make_certificate(tmp_path) is None


def test_nginx_verifies_the_backend_only_when_that_speaks_tls(tmp_path: Path) -> None:
    def written(authority: Path | None) -> str:
        nginx.FORWARDS.commands(Place(tmp_path, 18_080, 18_081, 18_082, tmp_path / "rights.json", authority))
        return (tmp_path / "nginx.conf").read_text()

    assert "proxy_pass http://backend;" in written(None)
    assert "ssl" not in written(None)
    assert "proxy_pass https://backend;" in written(tmp_path / "backend.pem")
    assert "proxy_ssl_verify on;" in written(tmp_path / "backend.pem")
