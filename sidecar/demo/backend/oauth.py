"""The backend's `oauth/token`: short-lived bearer tokens for a client that proves itself by secret or by signature."""

import base64
import binascii
import hmac
import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import parse_qsl, unquote

import jwt
from aiohttp import web

from sidecar.demo.backend.access import Access

LIFETIME = 3_600
"""Seconds that a bearer token lives."""

_ALGORITHMS = ["RS256", "PS256", "ES256"]
_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_LONGEST_ASSERTION = 300


class _RefusedError(Exception):
    """By the error's name in OAuth."""


@dataclass(slots=True)
class OAuth:
    """The one client that is known. It may use its secret, and its key as soon as it has registered one.

    :ivar public_key: PEM of the key that verifies what it signs; None before it has one.
    """

    access: Access
    client_id: str = "sidecar"
    client_secret: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    public_key: str | None = None
    lifetime: int = LIFETIME
    _seen: set[str] = field(default_factory=set, repr=False)

    def answer(self, headers: Mapping[str, str], body: bytes, addresses: list[str]) -> web.Response:
        """The answer to a request for a token.

        :param addresses: URLs that an assertion may be made out to.
        """
        try:
            form = dict(parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True))
            if form.get("grant_type") != "client_credentials":
                raise _RefusedError("unsupported_grant_type")
            self._authenticate(headers.get("Authorization", ""), form, addresses)
        except (_RefusedError, ValueError) as problem:
            error = str(problem) if isinstance(problem, _RefusedError) else "invalid_request"
            status = HTTPStatus.UNAUTHORIZED if error == "invalid_client" else HTTPStatus.BAD_REQUEST
            return web.json_response({"error": error}, status=status)
        token = _look_of_a_token()
        self.access.bearers[token] = time.monotonic() + self.lifetime
        return web.json_response({"access_token": token, "token_type": "Bearer", "expires_in": self.lifetime, "refresh_token": None})

    def _authenticate(self, authorization: str, form: Mapping[str, str], addresses: list[str]) -> None:
        if "client_assertion" in form:
            accepted = form.get("client_assertion_type") == _ASSERTION and self._is_signed(form["client_assertion"], addresses)
        elif authorization:
            accepted = self._is_client(*_basic(authorization))
        else:
            accepted = self._is_client(form.get("client_id", ""), form.get("client_secret", ""))
        if not accepted:
            raise _RefusedError("invalid_client")

    def _is_client(self, client_id: str, secret: str) -> bool:
        return hmac.compare_digest(f"{self.client_id}\n{self.client_secret}".encode(), f"{client_id}\n{secret}".encode())

    def _is_signed(self, assertion: str, addresses: list[str]) -> bool:
        if self.public_key is None:
            return False
        try:
            claims = jwt.decode(
                assertion,
                self.public_key,
                algorithms=_ALGORITHMS,
                audience=addresses,
                issuer=self.client_id,
                options={"require": ["iss", "sub", "aud", "exp", "iat", "jti"]},
            )
        except jwt.InvalidTokenError:
            return False
        fresh = claims["jti"] not in self._seen and claims["exp"] - claims["iat"] <= _LONGEST_ASSERTION
        self._seen.add(claims["jti"])
        return fresh and claims["sub"] == self.client_id


def _basic(authorization: str) -> tuple[str, str]:
    scheme, _, credential = authorization.partition(" ")
    try:
        client_id, _, secret = base64.b64decode(credential, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise _RefusedError("invalid_client") from None
    if scheme.lower() != "basic":
        raise _RefusedError("invalid_client")
    return unquote(client_id), unquote(secret)


def _look_of_a_token() -> str:
    """Three parts as a JWT has them; what is in it is nobody's business but the backend's, which keeps a list."""
    head, claims = (base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in ({"alg": "none"}, {}))
    return f"{head}.{claims}.{secrets.token_urlsafe(32)}"
