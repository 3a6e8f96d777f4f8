"""Apps that get tokens from an identity provider: by a user who signs in with a browser, or in a name of their own."""

import base64
import hashlib
import json
import secrets
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from html.parser import HTMLParser
from http.client import HTTPResponse
from http.cookiejar import CookieJar
from typing import IO, Any
from urllib.parse import parse_qs, quote, urlencode, urljoin, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import ec

_PATIENCE = 30.0
_STEPS = 12
_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

CALLBACK = "http://127.0.0.1/signed-in"
"""Where the provider sends the browser in the end, and where nobody listens: the app reads the code from the address."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a token endpoint gave."""

    kind: str
    access: str
    identity: str = ""
    refresh: str = ""


class RefusedError(Exception):
    """The provider's error code, or what else it says."""


class ProofKey:
    """The key to which an app has its tokens bound, with DPoP (RFC 9449)."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._public = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(self._key.public_key()))

    def proof(self, verb: str, url: str, access: str = "", **changes: Any) -> str:
        """A proof for one request, with the access token that goes along."""
        claims: dict[str, Any] = {"htm": verb, "htu": url, "iat": int(time.time()), "jti": secrets.token_urlsafe(16)}
        if access:
            claims["ath"] = _hashed(access)
        header = {"typ": "dpop+jwt", "jwk": self._public}
        return jwt.encode(claims | changes, self._key, "ES256", header)


@dataclass(frozen=True, slots=True)
class App:
    """One client of a provider.

    :param secret: of a confidential client.
    :param key: with which a client signs assertions, instead.
    :param certificate: in PEM; tokens are bound to it.
    :param proof_key: tokens are bound to it.
    """

    issuer: str
    client: str
    secret: str = ""
    key: ec.EllipticCurvePrivateKey | None = None
    certificate: str = ""
    proof_key: ProofKey | None = None

    def sign_in(self, user: str, scope: str = "openid email rows", audience: str = "") -> Tokens:
        """Authorization code with PKCE: this user signs in and consents."""
        verifier, state = secrets.token_urlsafe(48), secrets.token_urlsafe(16)
        question = {
            "client_id": self.client,
            "redirect_uri": CALLBACK,
            "response_type": "code",
            "scope": scope,
            "state": state,
            "code_challenge": _hashed(verifier),
            "code_challenge_method": "S256",
        } | ({"resource": audience} if audience else {})
        if "offline_access" in scope:
            question["prompt"] = "consent"
        came = _Browser().goes_to(f"{self._endpoint('authorization')}?{urlencode(question)}", user)
        said = {name: values[0] for name, values in parse_qs(urlsplit(came).query).items()}
        if "error" in said:
            raise RefusedError(said["error"])
        assert (said["state"], said["iss"]) == (state, self.issuer)
        return self._token(grant_type="authorization_code", code=said["code"], redirect_uri=CALLBACK, code_verifier=verifier)

    def refresh(self, tokens: Tokens) -> Tokens:
        """New tokens without the user."""
        return self._token(grant_type="refresh_token", refresh_token=tokens.refresh)

    def itself(self, audience: str = "") -> Tokens:
        """Client credentials: a token for the app, without any user."""
        return self._token(grant_type="client_credentials", scope="rows", **({"resource": audience} if audience else {}))

    def _endpoint(self, name: str) -> str:
        with urllib.request.urlopen(f"{self.issuer}/.well-known/openid-configuration", timeout=_PATIENCE) as answer:  # noqa: S310  loopback
            return str(json.load(answer)[f"{name}_endpoint"])

    def _token(self, **form: str) -> Tokens:
        url = self._endpoint("token")
        headers = {}
        if self.secret:
            pair = f"{quote(self.client)}:{quote(self.secret)}"
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        elif self.key is not None:
            claims = {
                "iss": self.client,
                "sub": self.client,
                "aud": self.issuer,
                "jti": secrets.token_urlsafe(16),
                "exp": int(time.time()) + 60,
            }
            form |= {"client_assertion_type": _ASSERTION, "client_assertion": jwt.encode(claims, self.key, "ES256")}
        else:
            form["client_id"] = self.client
        if self.proof_key is not None:
            headers["DPoP"] = self.proof_key.proof("POST", url)
        if self.certificate:
            headers["Client-Certificate"] = quote(self.certificate)
        request = urllib.request.Request(url, urlencode(form).encode(), headers)  # noqa: S310  loopback
        try:
            with urllib.request.urlopen(request, timeout=_PATIENCE) as answer:  # noqa: S310
                said: Mapping[str, Any] = json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                raise RefusedError(json.load(error)["error"]) from None
        return Tokens(said["token_type"], said["access_token"], said.get("id_token", ""), said.get("refresh_token", ""))


class _Browser:
    """Follows redirects, keeps cookies, and fills in whatever form it is shown."""

    def __init__(self) -> None:
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()), _AsItCame())

    def goes_to(self, url: str, user: str) -> str:
        """Where it ends: the address of the app's own."""
        form: dict[str, str] | None = None
        for _ in range(_STEPS):
            data = None if form is None else urlencode(form).encode()
            with self._opens(url, data) as answer:
                if "Location" in answer.headers:
                    url, form = urljoin(url, answer.headers["Location"]), None
                    if url.startswith(CALLBACK):
                        return url
                    continue
                page = _Form(answer.read().decode())
            assert page.action, f"{url} shows no form"
            url, form = urljoin(url, page.action), page.filled_in_by(user)
        raise AssertionError(f"the sign-in does not end: {url}")

    def _opens(self, url: str, data: bytes | None) -> HTTPResponse:
        try:
            answer: HTTPResponse = self._opener.open(url, data, timeout=_PATIENCE)
        except urllib.error.HTTPError as error:
            with error:
                raise RefusedError(str(error)) from None
        return answer


class _AsItCame(urllib.request.HTTPRedirectHandler):
    """A redirect is an answer like others."""

    def http_error_302(self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Message) -> Any:
        return fp

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302


class _Form(HTMLParser):
    """The form of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.action = ""
        self._fields: dict[str, str] = {}
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form":
            self.action = given.get("action") or ""
        elif tag == "input" and given.get("name"):
            self._fields[str(given["name"])] = given.get("value") or ""

    def filled_in_by(self, user: str) -> dict[str, str]:
        return {name: {"login": user, "password": "no matter"}.get(name, value) for name, value in self._fields.items()}


def _hashed(text: str) -> str:
    """Its SHA-256 in base64url, as PKCE and DPoP have it."""
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")
