"""Tokens that the stand-in backend gives itself, over REST: for one-time passwords, and by OAuth."""

import base64
import time
from typing import Any

import jwt
import pytest
from aiohttp.web import Application
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pytest_aiohttp import AiohttpClient

from sidecar.demo.backend import OAUTH, ONE_TIME_PASSWORDS
from tests.demo.soap import Client

BASE = "/ProfitRestServices"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
KEY = ec.generate_private_key(ec.SECP256R1())


@pytest.fixture
async def stranger(aiohttp_client: AiohttpClient, app: Application) -> Client:
    """A client without any token."""
    return await aiohttp_client(app)


async def version(client: Client, authorization: str) -> int:
    async with client.get(f"{BASE}/profitversion", headers={"Authorization": authorization}) as answer:
        return answer.status


async def test_a_one_time_password_gives_a_token_once(stranger: Client, app: Application) -> None:
    passwords = app[ONE_TIME_PASSWORDS]
    keys = {"apiKey": passwords.api_key, "apiToken": passwords.environment_key.lower(), "userid": "12345.j.devries"}
    async with stranger.post(f"{BASE}/otprequest", json=keys) as answer:
        assert (answer.status, await answer.read()) == (200, b"")
    [mail] = passwords.mails
    assert mail.email == "j.devries@example.com"
    async with stranger.post(f"{BASE}/OtpValidation", json=keys | {"otp": mail.code}) as answer:
        token = (await answer.json())["token"]
    assert token.endswith("</token>\r\n")
    assert await version(stranger, f"AfasToken {base64.b64encode(token.encode()).decode()}") == 200
    async with stranger.post(f"{BASE}/otpvalidation", json=keys | {"otp": mail.code}) as answer:
        assert (answer.status, await answer.read()) == (204, b"")


@pytest.mark.parametrize("wrong", [{"apiKey": "0" * 32}, {"apiToken": ""}, {"userId": "nobody"}])
async def test_nobody_learns_whether_anything_was_mailed(stranger: Client, app: Application, wrong: dict[str, str]) -> None:
    passwords = app[ONE_TIME_PASSWORDS]
    asked = {"apiKey": passwords.api_key, "apiToken": passwords.environment_key, "userId": "j.devries", **wrong}
    async with stranger.post(f"{BASE}/otprequest", json=asked) as answer:
        assert (answer.status, await answer.read()) == (200, b"")
    assert not passwords.mails
    async with stranger.post(f"{BASE}/otpvalidation", json=asked | {"otp": ""}) as answer:
        assert answer.status == 204


def basic(name: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()}


def assertion(audience: str, **change: Any) -> str:
    now = int(time.time())
    claims = {"iss": "sidecar", "sub": "sidecar", "aud": audience, "iat": now, "exp": now + 60, "jti": "1", **change}
    return jwt.encode(claims, KEY, algorithm="ES256")


async def token_for(client: Client, form: dict[str, str], headers: dict[str, str] | None = None) -> tuple[int, dict[str, Any]]:
    form = {"grant_type": "client_credentials", **form}
    async with client.post(f"{BASE}/oauth/token", data=form, headers=headers) as answer:
        return answer.status, await answer.json()


async def test_a_bearer_token_is_good_for_its_time_only(stranger: Client, app: Application) -> None:
    oauth = app[OAUTH]
    own = {"client_id": oauth.client_id, "client_secret": oauth.client_secret}
    for form, headers in ((own, None), ({}, basic(*own.values()))):
        status, given = await token_for(stranger, form, headers)
        assert (status, given["token_type"], given["expires_in"]) == (200, "Bearer", 3_600)
        assert await version(stranger, f"Bearer {given['access_token']}") == 200
    oauth.lifetime = 0
    _, ended = await token_for(stranger, own)
    assert await version(stranger, f"Bearer {ended['access_token']}") == 401


async def test_a_signature_is_accepted_once(stranger: Client, app: Application) -> None:
    public = KEY.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    app[OAUTH].public_key = public.decode()
    address = str(stranger.make_url(f"{BASE}/oauth/token"))
    form = {"client_assertion_type": ASSERTION, "client_assertion": assertion(address)}
    assert [(await token_for(stranger, form))[0] for _ in range(2)] == [200, 401]
    now = int(time.time())
    changes: list[dict[str, Any]] = [{"aud": "https://other.example.com"}, {"exp": 1}, {"exp": now + 900}, {"sub": "other"}]
    for number, change in enumerate(changes, start=2):
        spoilt = assertion(address, **{"jti": str(number), **change})
        assert (await token_for(stranger, form | {"client_assertion": spoilt}))[0] == 401


@pytest.mark.parametrize(
    ("form", "headers", "status"),
    [
        ({"client_id": "sidecar", "client_secret": "wrong"}, None, 401),
        ({}, None, 401),
        ({}, basic("sidecar", "wrong"), 401),
        ({}, {"Authorization": "Basic !"}, 401),
        ({"client_assertion_type": ASSERTION, "client_assertion": "x.y.z"}, None, 401),
        ({"grant_type": "password"}, None, 400),
    ],
)
async def test_others_get_no_bearer_token(stranger: Client, form: dict[str, str], headers: dict[str, str] | None, status: int) -> None:
    given = await token_for(stranger, form, headers)
    assert given[0] == status
    assert set(given[1]) == {"error"}
