"""A configuration that believes an identity provider, the provider, and the apps that sign in there."""

import json
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from tests.end_to_end.harness.configuration import OUTSIDERS, Configuration
from tests.end_to_end.harness.rows import PEOPLE
from tests.identity_provider.app import CALLBACK, App, ProofKey
from tests.identity_provider.provider import AUDIENCE, IdentityProvider, Knows

SECRET = "a secret of 32 characters or more"
KEY = ec.generate_private_key(ec.SECP256R1())
ELSEWHERE = "https://elsewhere.example.com"
"""Another audience of the same provider."""

PHONE, STRANGER, SYNC, SYNC_BY_KEY, BOUND, CERTIFIED = "hours-app", "strange-app", "sync", "sync-by-key", "bound-app", "certified-app"
SYSTEM_USERS = (SYNC, SYNC_BY_KEY, BOUND, CERTIFIED)
"""Clients that have tokens of their own, and the users of that name."""

_SIGN_IN = {
    "application_type": "native",
    "token_endpoint_auth_method": "none",
    "redirect_uris": [CALLBACK],
    "grant_types": ["authorization_code", "refresh_token"],
}
_BY_ITSELF = {"grant_types": ["client_credentials"], "redirect_uris": [], "response_types": []}
_BY_SECRET = {**_BY_ITSELF, "client_secret": SECRET}
_PUBLIC_KEY = json.loads(ECAlgorithm.to_jwk(KEY.public_key()))


def knows(departments: dict[str, list[str]] | None = None) -> Knows:
    """A provider that knows all users of the configuration, and one who is in no policy.

    :param departments: what tokens tell of some of them.
    """
    names = (*PEOPLE, *OUTSIDERS, "stranger")
    told = {name: {"email": f"{name}@example.com", "email_verified": True} for name in names}
    return Knows(
        clients=[
            {"client_id": PHONE, **_SIGN_IN},
            {"client_id": STRANGER, **_SIGN_IN},
            {"client_id": SYNC, **_BY_SECRET},
            {
                "client_id": SYNC_BY_KEY,
                **_BY_ITSELF,
                "token_endpoint_auth_method": "private_key_jwt",
                "jwks": {"keys": [_PUBLIC_KEY]},
            },
            {"client_id": BOUND, **_BY_SECRET, "dpop_bound_access_tokens": True},
            {"client_id": CERTIFIED, **_BY_SECRET, "tls_client_certificate_bound_access_tokens": True},
        ],
        accounts=told,
        claims={name: told[name] | {"departments": each} for name, each in (departments or {}).items()},
        audiences={AUDIENCE: "RS256", ELSEWHERE: "RS256"},
    )


def believing(content: Configuration, issuer: str, **entry: Any) -> None:
    """Change a configuration so that it believes this issuer.

    :param entry: keys of the issuer's entry, instead of those here.
    """
    content["issuers"] = {
        "provider": {
            "issuer": issuer,
            "audiences": [AUDIENCE],
            "user": {"claim": "sub", "programs": {name: name for name in SYSTEM_USERS}},
            "app_connector": {"claim": "client_id", "clients": dict.fromkeys((PHONE, *SYSTEM_USERS), "hours")},
            **entry,
        }
    }
    content["users"] |= {name: {"system": True, "applications": ["connector"]} for name in SYSTEM_USERS}
    for group in ("staff", "management"):
        content["groups"][group] += SYSTEM_USERS


def phone(provider: IdentityProvider, client: str = PHONE) -> App:
    """An app whose users sign in."""
    return App(provider.issuer, client)


def program(provider: IdentityProvider, client: str = SYNC) -> App:
    """One of the apps that have tokens of their own."""
    match client:
        case "sync-by-key":
            return App(provider.issuer, client, key=KEY)
        case "bound-app":
            return App(provider.issuer, client, SECRET, proof_key=ProofKey())
        case _:
            return App(provider.issuer, client, SECRET)


def bearer(token: str) -> str:
    """The value of the header that proves it."""
    return f"Bearer {token}"
