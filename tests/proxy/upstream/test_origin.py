"""Addresses of backends as the configuration may spell them."""

import pytest

from sidecar.proxy.upstream import Origin, parse_origin


@pytest.mark.parametrize(
    ("url", "origin", "base", "host"),
    [
        ("http://localhost", Origin("http", "localhost", 80), "", b"localhost"),
        ("http://localhost/", Origin("http", "localhost", 80), "", b"localhost"),
        ("http://localhost:8080", Origin("http", "localhost", 8080), "", b"localhost:8080"),
        ("http://localhost:443", Origin("http", "localhost", 443), "", b"localhost:443"),
        ("https://Backend.Example:443/", Origin("https", "backend.example", 443), "", b"backend.example"),
        (
            "HTTPS://12345.rest.afas.online/ProfitRestServices",
            Origin("https", "12345.rest.afas.online", 443),
            "/ProfitRestServices",
            b"12345.rest.afas.online",
        ),
        ("https://my_backend:1/a/b.c/", Origin("https", "my_backend", 1), "/a/b.c", b"my_backend:1"),
        ("http://192.0.2.1:65535", Origin("http", "192.0.2.1", 65535), "", b"192.0.2.1:65535"),
        ("http://[2001:DB8::0:1]/x", Origin("http", "2001:db8::1", 80), "/x", b"[2001:db8::1]"),
        ("http://[::1]:8080", Origin("http", "::1", 8080), "", b"[::1]:8080"),
    ],
)
def test_an_address_is_split_into_origin_and_base_path(url: str, origin: Origin, base: str, host: bytes) -> None:
    assert parse_origin(url) == (origin, base)
    assert origin.host_header == host


def test_an_own_bundle_of_authorities_makes_another_origin() -> None:
    plain, own = parse_origin("https://a.example")[0], parse_origin("https://a.example", "ca.pem")[0]
    assert own.ca_file == "ca.pem"
    assert len({plain, own, Origin("https", "a.example", 443, "ca.pem")}) == 2


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("", "http://"),
        ("localhost:8080", "http://"),
        ("//localhost", "http://"),
        ("ftp://localhost", "http://"),
        (" http://localhost", "http://"),
        ("http:///path", "host"),
        ("http://:80", "host"),
        ("http://a..b", "host"),
        ("http://-a", "host"),
        ("http://a b", "host"),
        ("http://a\n", "host"),
        ("http://a\\b", "host"),
        ("http://bäckend.example", "host"),
        ("http://" + "a" * 64, "host"),
        ("http://" + "a." * 130 + "b", "host"),
        ("http://::1", "host"),
        ("http://[::1", "host"),
        ("http://[::1]x", "host"),
        ("http://x[::1]", "host"),
        ("http://[fe80::1%25eth0]", "host"),
        ("http://[localhost]", "host"),
        ("http://a:", "port"),
        ("http://a:0", "port"),
        ("http://a:65536", "port"),
        ("http://a:+80", "port"),
        ("http://a:٨٠", "port"),
        ("http://a:80\n", "port"),
        ("http://user:sesame@a", "user name"),
        ("http://user@a", "user name"),
        ("http://a?sesame", "query"),
        ("http://a/?", "query"),
        ("http://a/#sesame", "fragment"),
        ("http://a//", "path"),
        ("http://a/b//c", "path"),
        ("http://a/../b", "path"),
        ("http://a/./b", "path"),
        ("http://a/b%2fc", "path"),
        ("http://a/b c", "path"),
        ("http://a/b\n", "path"),
        ("http://a/é", "path"),
    ],
)
def test_anything_else_is_refused_with_a_reason_and_without_repeating_it(url: str, message: str) -> None:
    with pytest.raises(ValueError, match=message) as refused:
        parse_origin(url)
    assert "sesame" not in str(refused.value)
