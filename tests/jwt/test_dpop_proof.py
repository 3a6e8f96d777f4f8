"""DPoP proofs: every check of RFC 9449 4.3 has a case that only it refuses, and no two spellings of a URL are two URLs."""

import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from sidecar.errors import Reason, Refusal
from sidecar.identity.dpop_proof import AHEAD, ALGORITHMS, OLDEST, Request, check_proof, normalised
from tests.jwt.mint import ED, P256, P384, RSA, SECRET, WEAK, b64, in_json, jwk, signed

TOKEN = b"eyJ.the.token"
URL = "https://connectors.example.com/ProfitRestServices/connectors/Profit_Hours"
NOW = 1_790_000_000.0
REQUEST = Request("GET", frozenset({URL}))
ATH = b64(hashlib.sha256(TOKEN).digest())
STRANGER = ec.generate_private_key(ec.SECP256R1())
_MEMBERS = {"EC": ("crv", "kty", "x", "y"), "OKP": ("crv", "kty", "x"), "RSA": ("e", "kty", "n")}


def thumbprint(key: Any) -> bytes:
    """RFC 7638."""
    entry = jwk(key, None)
    members = {name: entry[name] for name in _MEMBERS[entry["kty"]]}
    return hashlib.sha256(json.dumps(members, separators=(",", ":")).encode()).digest()


def proof(key: Any = P256, alg: str = "ES256", header: dict[str, Any] | None = None, **claims: Any) -> bytes:
    """A proof; without more, a sound one. None takes something out."""
    whole_header = {"typ": "dpop+jwt", "alg": alg, "jwk": jwk(key, None), **(header or {})}
    whole = {"htm": "GET", "htu": URL, "iat": NOW - 1, "jti": "a1", "ath": ATH, **claims}
    sound = [{name: value for name, value in part.items() if value is not None} for part in (whole_header, whole)]
    return signed(in_json(sound[0]), in_json(sound[1]), key, alg).encode()


@pytest.mark.parametrize(
    ("key", "algorithm"), [(P256, "ES256"), (P384, "ES384"), (RSA, "RS256"), (RSA, "PS384"), (ED, "EdDSA")], ids=lambda each: str(each)[:9]
)
def test_a_proof_is_taken_with_every_kind_of_key(key: Any, algorithm: str) -> None:
    assert len(check_proof(proof(key, algorithm), TOKEN, thumbprint(key), REQUEST, NOW)) == 32


@pytest.mark.parametrize(
    "sound",
    [
        {"iat": NOW - OLDEST + 1},
        {"iat": NOW + AHEAD},
        {"htu": f"{URL}?take=1#x"},
        {"htu": URL.replace("https://connectors.example.com", "HTTPS://Connectors.Example.com:443")},
        {"htu": URL.replace("Profit_", "Profit%5f")},
        {"header": {"kid": "1"}},
        {"nonce": "unasked"},
        {"further": 1},
    ],
)
def test_what_makes_no_difference_is_taken(sound: dict[str, Any]) -> None:
    check_proof(proof(**sound), TOKEN, thumbprint(P256), REQUEST, NOW)


def _private() -> dict[str, Any]:
    return {**jwk(P256, None), "d": b64(P256.private_numbers().private_value.to_bytes(32, "big"))}


def _without_signature() -> bytes:
    return proof().rpartition(b".")[0] + b"."


def _signed_by_another() -> bytes:
    header, payload, _ = proof().split(b".")
    _, _, signature = proof(STRANGER, header={"jwk": jwk(P256, None)}).split(b".")
    return b".".join((header, payload, signature))


def _confused() -> bytes:
    """HMAC with the public key as its secret (CVE-2015-9235)."""
    secret = json.dumps(jwk(P256, None), separators=(",", ":")).encode()
    whole = {"htm": "GET", "htu": URL, "iat": NOW, "jti": "a1", "ath": ATH}
    return signed(in_json({"typ": "dpop+jwt", "alg": "HS256", "jwk": jwk(P256, None)}), in_json(whole), secret, "HS256").encode()


ATTACKS: dict[str, Callable[[], bytes] | dict[str, Any]] = {
    "nothing": lambda: b"",
    "no JWT": lambda: b"x.y.z",
    "two proofs": lambda: proof() + b", " + proof(),
    "padded": lambda: proof() + b"=",
    "very long": {"further": "x" * 9000},
    "no typ": {"header": {"typ": None}},
    "typ of an access token": {"header": {"typ": "at+jwt"}},
    "typ in another letter case": {"header": {"typ": "DPoP+JWT"}},
    "crit": {"header": {"crit": ["x"], "x": 1}},
    "a key from elsewhere": {"header": {"jku": "https://evil.example/keys"}},
    "a certificate": {"header": {"x5c": ["MIIB"]}},
    "no alg": {"header": {"alg": None}},
    "alg none": {"header": {"alg": "none"}},
    "alg of a secret": {"header": {"alg": "HS256"}},
    "alg of another kind of key": {"header": {"alg": "RS256"}},
    "alg of another curve": {"header": {"alg": "ES384"}},
    "HMAC with the public key": _confused,
    "no key": {"header": {"jwk": None}},
    "a key as text": {"header": {"jwk": "x"}},
    "a secret as key": {"header": {"jwk": jwk(SECRET, None)}},
    "the private key": lambda: proof(header={"jwk": _private()}),
    "another key": lambda: proof(STRANGER),
    "another key under the right name": lambda: proof(STRANGER, header={"jwk": jwk(P256, None)}),
    "no signature": _without_signature,
    "another signature": _signed_by_another,
    "another verb": {"htm": "POST"},
    "the verb in another letter case": {"htm": "get"},
    "no verb": {"htm": None},
    "another path": {"htu": URL + "x"},
    "the path in another letter case": {"htu": URL.lower()},
    "a path below": {"htu": URL + "/"},
    "another host": {"htu": URL.replace("connectors.", "other.")},
    "another port": {"htu": URL.replace(".com/", ".com:8443/")},
    "another scheme": {"htu": URL.replace("https", "http")},
    "a user in the URL": {"htu": URL.replace("https://", "https://connectors.example.com@")},
    "the path alone": {"htu": URL.partition(".com")[2]},
    "no URL": {"htu": None},
    "a list of URLs": {"htu": [URL]},
    "too old": {"iat": NOW - OLDEST},
    "of the future": {"iat": NOW + AHEAD + 1},
    "no moment": {"iat": None},
    "a moment as text": {"iat": str(NOW)},
    "a moment that is true": {"iat": True},
    "another token": {"ath": b64(hashlib.sha256(b"another").digest())},
    "no token": {"ath": None},
    "the token's hash in another spelling": {"ath": ATH + "="},
    "the token's hash in hexadecimal": {"ath": hashlib.sha256(TOKEN).hexdigest()},
    "half a character as the token's hash": {"ath": "\ud800"},
    "no id": {"jti": None},
    "an empty id": {"jti": ""},
    "a long id": {"jti": "x" * 257},
    "an id that is a number": {"jti": 1},
    "an expiry of its own": {"exp": NOW + 60},
}


@pytest.mark.parametrize("name", ATTACKS)
def test_anything_else_is_refused(name: str) -> None:
    attack = ATTACKS[name]
    sent = attack() if callable(attack) else proof(**attack)
    with pytest.raises(Refusal) as refused:
        check_proof(sent, TOKEN, thumbprint(P256), REQUEST, NOW)
    assert refused.value.reason is Reason.DPOP_PROOF
    assert "eyJ" not in refused.value.detail


def test_a_weak_key_proves_nothing_though_a_token_is_bound_to_it() -> None:
    with pytest.raises(Refusal):
        check_proof(proof(WEAK, "RS256"), TOKEN, thumbprint(WEAK), REQUEST, NOW)


def test_no_secret_can_sign() -> None:
    assert not any(algorithm.symmetric for algorithm in ALGORITHMS)


def test_the_same_id_of_two_keys_is_two_proofs_and_of_one_key_one() -> None:
    def taken(key: Any, **claims: Any) -> bytes:
        return check_proof(proof(key, **claims), TOKEN, thumbprint(key), REQUEST, NOW)

    assert taken(P256) == taken(P256, iat=NOW - 5)
    assert len({taken(P256), taken(STRANGER), taken(P256, jti="b")}) == 3


@pytest.mark.parametrize(
    ("url", "same"),
    [
        ("https://a.example", "https://a.example/"),
        ("HTTPS://A.EXAMPLE:443/%7ex%2fY?q#f", "https://a.example/~x%2FY"),
        ("http://a.example:80/x", "http://a.example/x"),
        ("http://a.example:443/x", "http://a.example:443/x"),
        ("https://[2001:DB8::1]:8443/x", "https://[2001:db8::1]:8443/x"),
        ("https://a.example:/x", "https://a.example/x"),
        ("ftp://a.example/x", None),
        ("//a.example/x", None),
        ("https://user@a.example/x", None),
        ("https:///x", None),
        ("https://a.example:99999/x", None),
        ("https://a.example\\@b.example/x", None),
        ("https://a.example/é", None),
        ("https://a.example/x\ny", None),
        ("https://[::1/x", None),
        (" https://a.example/x", None),
    ],
)
def test_a_url_has_one_spelling(url: str, same: str | None) -> None:
    assert normalised(url) == same


@given(st.text())
def test_what_is_normal_stays_so(text: str) -> None:
    for url in (text, f"https://a.example/{text}"):
        once = normalised(url)
        assert once is None or normalised(once) == once
