"""The provider in the tests does what tests of the sidecar rely on, and what it issues looks as it should."""

import json
from collections.abc import Iterator
from typing import Any

import jwt
import pytest
import trustme
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from tests.identity_provider.app import CALLBACK, App, ProofKey, RefusedError, Tokens
from tests.identity_provider.provider import AUDIENCE, IdentityProvider, Knows, identity_provider

USER = "j.devries"
SECRET = "a secret of 32 characters or more"
KEY = ec.generate_private_key(ec.SECP256R1())
OTHER = "https://other.example.com"
BY_ITSELF = {"grant_types": ["client_credentials"], "redirect_uris": [], "response_types": []}
KNOWS = Knows(
    clients=[
        {
            "client_id": "phone",
            "application_type": "native",
            "token_endpoint_auth_method": "none",
            "redirect_uris": [CALLBACK],
            "grant_types": ["authorization_code", "refresh_token"],
        },
        {"client_id": "by-secret", "client_secret": SECRET, **BY_ITSELF},
        {
            "client_id": "by-key",
            "token_endpoint_auth_method": "private_key_jwt",
            "jwks": {"keys": [json.loads(ECAlgorithm.to_jwk(KEY.public_key()))]},
            **BY_ITSELF,
        },
        {"client_id": "bound", "client_secret": SECRET, "dpop_bound_access_tokens": True, **BY_ITSELF},
        {"client_id": "certified", "client_secret": SECRET, "tls_client_certificate_bound_access_tokens": True, **BY_ITSELF},
    ],
    accounts={USER: {"email": f"{USER}@example.com", "email_verified": True}},
    claims={USER: {"email": f"{USER}@example.com", "departments": ["CONS"]}, "by-secret": {"roles": ["sync"]}},
    audiences={AUDIENCE: "RS256", OTHER: "ES256"},
)


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[IdentityProvider]:
    with identity_provider(tmp_path_factory.mktemp("provider"), KNOWS) as running:
        yield running


def told(provider: IdentityProvider, token: str, audience: str = AUDIENCE) -> dict[str, Any]:
    """The claims of a token that the provider's published keys confirm."""
    key = jwt.PyJWKClient(f"{provider.issuer}/jwks").get_signing_key_from_jwt(token)
    claims: dict[str, Any] = jwt.decode(token, key, ["RS256", "ES256"], audience=audience, issuer=provider.issuer)
    return claims


def test_a_user_signs_in(provider: IdentityProvider) -> None:
    tokens = App(provider.issuer, "phone").sign_in(USER)
    claims = told(provider, tokens.access)
    assert (tokens.kind, jwt.get_unverified_header(tokens.access)["typ"]) == ("Bearer", "at+jwt")
    assert (claims["sub"], claims["client_id"], claims["departments"], claims["scope"]) == (USER, "phone", ["CONS"], "rows")
    assert told(provider, tokens.identity, "phone")["email"] == f"{USER}@example.com"


def test_nobody_signs_in_whom_it_does_not_know(provider: IdentityProvider) -> None:
    with pytest.raises(RefusedError):
        App(provider.issuer, "phone").sign_in("nobody")


def test_a_user_need_not_sign_in_again(provider: IdentityProvider) -> None:
    app = App(provider.issuer, "phone")
    tokens = app.sign_in(USER, "openid email rows offline_access")
    again = app.refresh(tokens)
    first, second = told(provider, tokens.access), told(provider, again.access)
    assert first["jti"] != second["jti"]
    assert {**first, "jti": "", "iat": 0, "exp": 0} == {**second, "jti": "", "iat": 0, "exp": 0}


def test_a_token_is_for_the_audience_that_the_app_asks_for(provider: IdentityProvider) -> None:
    token = App(provider.issuer, "phone").sign_in(USER, audience=OTHER).access
    assert jwt.get_unverified_header(token)["alg"] == "ES256"
    assert told(provider, token, OTHER)["aud"] == OTHER


def certificate() -> str:
    return trustme.CA().issue_cert("app.example").cert_chain_pems[0].bytes().decode()


@pytest.mark.parametrize(
    ("client", "more", "bound_by"),
    [
        ("by-secret", {"secret": SECRET}, None),
        ("by-key", {"key": KEY}, None),
        ("bound", {"secret": SECRET, "proof_key": ProofKey()}, "jkt"),
        ("certified", {"secret": SECRET, "certificate": certificate()}, "x5t#S256"),
    ],
)
def test_an_app_gets_tokens_in_its_own_name(provider: IdentityProvider, client: str, more: dict[str, Any], bound_by: str | None) -> None:
    tokens = App(provider.issuer, client, **more).itself()
    claims = told(provider, tokens.access)
    assert (claims["sub"], claims["client_id"]) == (client, client)
    assert list(claims.get("cnf", {})) == ([bound_by] if bound_by else [])
    assert tokens.kind == ("DPoP" if bound_by == "jkt" else "Bearer")
    assert claims.get("roles") == (["sync"] if client == "by-secret" else None)


@pytest.mark.parametrize(
    "app",
    [
        App("", "by-secret", secret="another"),
        App("", "by-key", key=ec.generate_private_key(ec.SECP256R1())),
        App("", "bound", secret=SECRET),
        App("", "certified", secret=SECRET),
        App("", "nobody", secret=SECRET),
    ],
    ids=lambda app: str(app.client),
)
def test_an_app_without_proof_gets_none(provider: IdentityProvider, app: App) -> None:
    with pytest.raises(RefusedError):
        App(provider.issuer, app.client, app.secret, app.key).itself()


def test_keys_come_and_go(provider: IdentityProvider) -> None:
    app = App(provider.issuer, "by-secret", SECRET)

    def key_of(tokens: Tokens) -> str:
        return str(jwt.get_unverified_header(tokens.access)["kid"])

    old = app.itself()
    provider.use_keys("first", "second")
    assert key_of(app.itself()) == key_of(old) == "first-RS256"
    provider.use_keys("second", "first")
    assert key_of(app.itself()) == "second-RS256"
    assert told(provider, old.access)["sub"] == "by-secret"
    provider.use_keys("second")
    with pytest.raises(jwt.PyJWKClientError):
        told(provider, old.access)


def test_it_goes_down_and_comes_up_where_it_was(provider: IdentityProvider) -> None:
    app = App(provider.issuer, "by-secret", SECRET)
    provider.go_down()
    with pytest.raises(OSError, match="refused"):
        app.itself()
    provider.come_up()
    assert told(provider, app.itself().access)["sub"] == "by-secret"
