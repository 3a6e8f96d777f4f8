"""Makes JWTs, sound ones and such as no library would make, by hand: the program under test shares none of it."""

import base64
import hashlib
import hmac
import json
import time
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

Signer = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | bytes

COMPANY = "https://login.example.com/realms/company"
PARTNER = "https://partner.example/"
SHARED = "shared"
SECRET = b"gSx9wDqK3vTzJmPnRbYcLhFaEuOiXo2q"

RSA = rsa.generate_private_key(65537, 2048)
PS = rsa.generate_private_key(65537, 2048)
P256 = ec.generate_private_key(ec.SECP256R1())
P384 = ec.generate_private_key(ec.SECP384R1())
ED = ed25519.Ed25519PrivateKey.generate()
ENCRYPTION = rsa.generate_private_key(65537, 2048)
WEAK = rsa.generate_private_key(65537, 1024)  # noqa: S505  to be refused
PARTNERS = rsa.generate_private_key(65537, 2048)
STRANGERS = rsa.generate_private_key(65537, 2048)
STRANGERS_P256 = ec.generate_private_key(ec.SECP256R1())

_HASHES: dict[str, Any] = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}


def b64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def in_json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def claims(**changes: Any) -> dict[str, Any]:
    """Those of an ordinary access token of the company's; None takes one out."""
    now = int(time.time())
    whole = {
        "iss": COMPANY,
        "aud": "connectors",
        "sub": "8f0c",
        "azp": "hours-mobile",
        "preferred_username": "j.devries",
        "iat": now - 10,
        "exp": now + 300,
        **changes,
    }
    return {name: value for name, value in whole.items() if value is not None}


def signature(signer: Signer, algorithm: str, signing_input: bytes) -> bytes:
    kind, size = algorithm[:2], algorithm[2:]
    if isinstance(signer, bytes):
        return hmac.new(signer, signing_input, f"sha{size}").digest()
    if isinstance(signer, ed25519.Ed25519PrivateKey):
        return signer.sign(signing_input)
    digest = _HASHES[size]
    if isinstance(signer, rsa.RSAPrivateKey):
        pss = padding.PSS(padding.MGF1(digest), digest.digest_size)
        return signer.sign(signing_input, pss if kind == "PS" else padding.PKCS1v15(), digest)
    width = (signer.curve.key_size + 7) // 8
    r, s = decode_dss_signature(signer.sign(signing_input, ec.ECDSA(digest)))
    return r.to_bytes(width, "big") + s.to_bytes(width, "big")


def signed(header: bytes | str, payload: bytes | str, signer: Signer, algorithm: str) -> str:
    """A token of these parts: bytes are encoded, text stands as it is."""
    parts = [part if isinstance(part, str) else b64(part) for part in (header, payload)]
    signing_input = ".".join(parts)
    return f"{signing_input}.{b64(signature(signer, algorithm, signing_input.encode()))}"


def token(payload: dict[str, Any] | bytes | None = None, signer: Signer = RSA, algorithm: str = "RS256", **header: Any) -> str:
    """A token; without more, one that the company's provider gives."""
    whole = {"alg": algorithm, "typ": "JWT", "kid": "rsa-1", **header}
    content = payload if isinstance(payload, bytes) else in_json(claims() if payload is None else payload)
    return signed(in_json({name: value for name, value in whole.items() if value is not None}), content, signer, algorithm)


def public_pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def public_der(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _number(value: int, width: int | None = None) -> str:
    return b64(value.to_bytes(width or (value.bit_length() + 7) // 8, "big"))


def jwk(key: Signer, kid: str | None, **further: Any) -> dict[str, Any]:
    """The public key as providers publish it."""
    entry: dict[str, Any] = {} if kid is None else {"kid": kid}
    if isinstance(key, rsa.RSAPrivateKey):
        numbers = key.public_key().public_numbers()
        return {**entry, "kty": "RSA", "n": _number(numbers.n), "e": _number(numbers.e), **further}
    if isinstance(key, ec.EllipticCurvePrivateKey):
        point, width = key.public_key().public_numbers(), (key.curve.key_size + 7) // 8
        curve = {256: "P-256", 384: "P-384", 521: "P-521"}[key.curve.key_size]
        return {**entry, "kty": "EC", "crv": curve, "x": _number(point.x, width), "y": _number(point.y, width), **further}
    if isinstance(key, ed25519.Ed25519PrivateKey):
        raw = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return {**entry, "kty": "OKP", "crv": "Ed25519", "x": b64(raw), **further}
    return {**entry, "kty": "oct", "k": b64(key), **further}


def thumbprint(key: rsa.RSAPrivateKey) -> str:
    """RFC 7638."""
    entry = jwk(key, None)
    return b64(hashlib.sha256(in_json({name: entry[name] for name in ("e", "kty", "n")})).digest())


COMPANY_KEYS = in_json(
    {
        "keys": [
            jwk(RSA, "rsa-1", alg="RS256", use="sig"),
            jwk(PS, "ps-1", alg="PS256", use="sig"),
            jwk(P256, "ec-1", alg="ES256", use="sig"),
            jwk(P384, "ec-384"),
            jwk(ED, "ed-1"),
            jwk(ENCRYPTION, "enc-1", use="enc"),
            jwk(WEAK, "weak-1"),
            jwk(SECRET, "oct-1", alg="HS256"),
        ]
    }
)
PARTNER_KEYS = in_json({"keys": [jwk(PARTNERS, "partner-1", use="sig"), jwk(PARTNERS, "rsa-1", use="sig")]})
