"""A request for an access token by the client credentials grant, with one of the proofs of wire reference 4.4. Pure, but for `jti`."""

import base64
import uuid
from urllib.parse import quote_plus, urlencode

import jwt

from sidecar.proxy.upstream import request_head
from sidecar.store.oauth_client import ClientKey, ClientSecret, OAuthClient

_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_ASSERTION_SECONDS = 240
"""How long an assertion holds. The backend takes 300 at most, and its clock may be a minute behind."""


def token_request(client: OAuthClient, host: bytes, path: str, now: int) -> tuple[bytes, bytes]:
    """Head and body.

    :param host: for the header.
    :param now: seconds since 1970.
    """
    form = {"grant_type": "client_credentials", "client_id": client.client_id}
    headers = [
        (b"Host", host),
        (b"Accept", b"application/json"),
        (b"Accept-Encoding", b"identity"),
        (b"Content-Type", b"application/x-www-form-urlencoded"),
    ]
    match client.proof:
        case ClientSecret(value, basic=True):
            del form["client_id"]  # it stands in the header, and only one way of authenticating is allowed (RFC 6749 2.3)
            headers.append((b"Authorization", _basic(client.client_id, value)))
        case ClientSecret(value):
            form["client_secret"] = value
        case ClientKey() as key:
            form |= {"client_assertion_type": _ASSERTION_TYPE, "client_assertion": _assertion(client.client_id, key, now)}
    body = urlencode(form).encode("ascii")
    headers.append((b"Content-Length", b"%d" % len(body)))
    return request_head("POST", path, headers), body


def _basic(client_id: str, secret: str) -> bytes:
    """Both are form-encoded first, so that a colon within them separates nothing (RFC 6749 2.3.1)."""
    return b"Basic " + base64.b64encode(f"{quote_plus(client_id)}:{quote_plus(secret)}".encode("ascii"))


def _assertion(client_id: str, proof: ClientKey, now: int) -> str:
    claims = {
        "iss": client_id,
        "sub": client_id,
        "aud": proof.audience,
        "jti": str(uuid.uuid4()),
        "iat": now,
        "exp": now + _ASSERTION_SECONDS,
    }
    return jwt.encode(claims, proof.key, proof.algorithm, headers=None if proof.kid is None else {"kid": proof.kid})
