"""Keys come from the configured address, whole and in time, or not at all; what is wrong is told without quoting the provider."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from sidecar.identity.issuer import RemoteKeys
from sidecar.identity.key_set import LONGEST_SET
from sidecar.issuers import fetching
from sidecar.issuers.fetching import FetchFailedError, fetch_keys
from tests.issuers.provider import Publisher, publishing
from tests.jwt.issuers import COMPANY


@pytest.fixture
async def publisher() -> AsyncIterator[Publisher]:
    async with publishing() as one:
        yield one


async def fetch(publisher: Publisher, *, discovery: bool = True, ca_file: str | None = None) -> list[str | None]:
    url = f"{publisher.base}/.well-known/openid-configuration" if discovery else f"{publisher.base}/keys"
    remote = RemoteKeys(url, discovery, ca_file)
    return [key.kid for key in (await fetch_keys(replace(COMPANY, issuer=publisher.base, keys=remote), remote)).keys]


async def test_keys_are_found_by_discovery_or_at_their_address(publisher: Publisher) -> None:
    assert await fetch(publisher) == ["rsa-1", "ps-1", "ec-1", "ec-384", "ed-1"]
    assert await fetch(publisher, discovery=False) == ["rsa-1", "ps-1", "ec-1", "ec-384", "ed-1"]
    assert publisher.asked == ["/.well-known/openid-configuration", "/keys", "/keys"]


async def test_a_set_without_usable_keys_is_one_all_the_same(publisher: Publisher) -> None:
    publisher.keys = b'{"keys": []}'
    assert await fetch(publisher) == []


METADATA: list[tuple[str, Callable[[str], Any], str]] = [
    ("another issuer", lambda base: {"issuer": "https://attacker.example", "jwks_uri": f"{base}/keys"}, "of another issuer"),
    ("a slash more", lambda base: {"issuer": f"{base}/", "jwks_uri": f"{base}/keys"}, "of another issuer"),
    ("no issuer", lambda base: {"jwks_uri": f"{base}/keys"}, "of another issuer"),
    ("no keys", lambda base: {"issuer": base}, "names no `jwks_uri`"),
    ("keys no text", lambda base: {"issuer": base, "jwks_uri": [f"{base}/keys"]}, "names no `jwks_uri`"),
    ("keys over plain http", lambda base: {"issuer": base, "jwks_uri": "http://login.example.com/keys"}, "names no `jwks_uri`"),
    ("keys in a file", lambda base: {"issuer": base, "jwks_uri": "file:///etc/passwd"}, "names no `jwks_uri`"),
    ("keys nowhere", lambda base: {"issuer": base, "jwks_uri": "https://[::1/"}, "names no `jwks_uri`"),
    ("a list", lambda base: [base], "can't be read"),
]


@pytest.mark.parametrize(("name", "metadata", "message"), METADATA)
async def test_metadata_must_be_the_issuers(publisher: Publisher, name: str, metadata: Callable[[str], Any], message: str) -> None:
    publisher.metadata = metadata(publisher.base)
    with pytest.raises(FetchFailedError, match=message):
        await fetch(publisher)
    assert publisher.asked == ["/.well-known/openid-configuration"], name


ANSWERS: list[tuple[str, Callable[[str], web.Response], str]] = [
    ("moved", lambda base: web.Response(status=302, headers={"Location": f"{base}/elsewhere"}), "redirects are not followed: status 302"),
    ("not there", lambda _: web.Response(status=404), "are not given: status 404"),
    ("failed", lambda _: web.Response(status=500, body=b'{"keys": []}'), "are not given: status 500"),
    ("no content", lambda _: web.Response(status=204), "are not given: status 204"),
    ("no JSON", lambda _: web.Response(text="<html>geheim</html>"), "is no JWK set"),
    ("a key twice", lambda _: web.Response(text='{"keys": [], "keys": []}'), "is no JWK set"),
    ("another shape", lambda _: web.Response(text='{"keys": {"geheim": 1}}'), "there is no list `keys`"),
    ("a list of texts", lambda _: web.Response(text='{"keys": ["geheim"]}'), "there is no list `keys`"),
    ("too many", lambda _: web.Response(text='{"keys": [' + ",".join(["{}"] * 101) + "]}"), "more than 100 keys"),
    ("too large", lambda _: web.Response(body=b" " * (LONGEST_SET + 1)), f"are over {LONGEST_SET} bytes"),
    ("compressed", lambda _: web.Response(body=b"x", headers={"Content-Encoding": "gzip"}), "come compressed"),
]


@pytest.mark.parametrize(("name", "answer", "message"), ANSWERS)
async def test_answers_that_are_no_keys_are_told(
    publisher: Publisher, name: str, answer: Callable[[str], web.Response], message: str
) -> None:
    publisher.answer = answer(publisher.base)
    with pytest.raises(FetchFailedError, match=message) as raised:
        await fetch(publisher)
    assert "geheim" not in str(raised.value)
    assert "/elsewhere" not in publisher.asked, name


async def test_a_provider_that_does_not_answer_is_not_waited_for(publisher: Publisher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "PATIENCE_SECONDS", 0.05)
    publisher.gate.clear()
    with pytest.raises(FetchFailedError, match="did not come within"):
        await fetch(publisher)


async def test_nobody_at_the_address_and_an_authority_that_is_gone_are_told(tmp_path: Path) -> None:
    gone = Publisher()
    gone.base = "http://127.0.0.1:9"
    with pytest.raises(FetchFailedError, match="can't be fetched: ClientConnectorError"):
        await fetch(gone)
    with pytest.raises(FetchFailedError, match="`ca_file` can't be used"):
        await fetch(gone, ca_file=str(tmp_path / "gone.pem"))
