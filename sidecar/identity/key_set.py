"""Keys that verify JWTs, from a JWK set (RFC 7517) or from PEM. Each knows for which algorithms it may be used, and for no other is it.

What a set holds beside usable keys is passed over: keys for encryption, kinds that are not known, weak ones. A secret in a set that
anybody can read is none, and a private key there is one that is lost, so neither is ever used.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key
from cryptography.x509 import load_pem_x509_certificate
from jwt import PyJWK, PyJWTError

from sidecar.identity.algorithms import JwtAlgorithm
from sidecar.identity.strict_json import NotStrictError, read_object

LONGEST_KID = 256
LONGEST_SET = 524_288
"""Bytes of a key set."""
_MOST_KEYS = 100
_LEAST_RSA_BITS = 2048  # RFC 7518, 3.3
_MOST_RSA_BITS = 8192  # verification takes the longer the larger it is, and so it does with the exponent
_MOST_RSA_EXPONENT = 2**32
_PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_RSA = frozenset({JwtAlgorithm.RS256, JwtAlgorithm.RS384, JwtAlgorithm.RS512, JwtAlgorithm.PS256, JwtAlgorithm.PS384, JwtAlgorithm.PS512})
_CURVES = {"secp256r1": JwtAlgorithm.ES256, "secp384r1": JwtAlgorithm.ES384, "secp521r1": JwtAlgorithm.ES512}
_PEM = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----.*?-----END \1-----", re.DOTALL)

PublicKey = RSAPublicKey | EllipticCurvePublicKey | Ed25519PublicKey


@dataclass(frozen=True, slots=True)
class VerificationKey:
    """A key, its id where it has one, and the algorithms for which it is."""

    kid: str | None
    algorithms: frozenset[JwtAlgorithm]
    key: PublicKey | bytes = field(repr=False)

    @property
    def fingerprint(self) -> str:
        """Tells two keys apart without telling a secret."""
        if isinstance(self.key, bytes):
            return hashlib.sha256(b"secret" + self.key).hexdigest()
        return hashlib.sha256(self.key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


@dataclass(frozen=True, slots=True)
class KeySet:
    """All keys of an issuer at one moment. `passed_over`: what else stood in the set, for people."""

    keys: tuple[VerificationKey, ...]
    passed_over: tuple[str, ...] = ()

    @property
    def fingerprint(self) -> str:
        """The same for the same keys, ids and algorithms."""
        lines = sorted(f"{each.kid}/{sorted(each.algorithms)}/{each.fingerprint}" for each in self.keys)
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()

    def key_for(self, kid: str | None, algorithm: JwtAlgorithm) -> VerificationKey | None:
        """The one key of this id and for this algorithm; None where there is none, or more than one, which would leave the choice open.

        A key without id, as in PEM, answers to any; a token without id takes the only key there is.
        """
        fitting = [key for key in self.keys if algorithm in key.algorithms and (kid is None or key.kid is None or key.kid == kid)]
        return fitting[0] if len(fitting) == 1 else None


def secret_key(secret: bytes, algorithms: Iterable[JwtAlgorithm]) -> KeySet:
    """The set of a shared secret alone."""
    return KeySet((VerificationKey(None, frozenset(algorithms), secret),))


def read_key_set(content: bytes) -> KeySet:
    """The keys of a JWK set as a provider publishes it.

    :raises ValueError: for what is no JWK set; the message quotes nothing.
    """
    if len(content) > LONGEST_SET:
        raise ValueError(f"is over {LONGEST_SET} bytes")
    try:
        document = read_object(content)
    except NotStrictError as problem:
        raise ValueError(f"is no JWK set: {problem}") from None
    entries = document.get("keys")
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise ValueError("is no JWK set: there is no list `keys`")
    if len(entries) > _MOST_KEYS:
        raise ValueError(f"holds more than {_MOST_KEYS} keys")
    keys, passed_over = [], []
    for number, entry in enumerate(entries, start=1):
        kid = entry.get("kid")
        try:
            keys.append(read_public_jwk(entry))
        except ValueError as problem:
            passed_over.append(f"key {number}{f' (`{kid}`)' if isinstance(kid, str) and len(kid) <= LONGEST_KID else ''} {problem}")
    return KeySet(tuple(keys), tuple(passed_over))


def read_pem(content: bytes) -> KeySet:
    """The keys of a PEM file: public keys, or certificates of which nothing but the key counts.

    :raises ValueError: for anything else; the message quotes nothing.
    """
    blocks = list(_PEM.finditer(content))
    if not blocks:
        raise ValueError("holds no PEM")
    keys = []
    for block in blocks:
        if "PRIVATE" in block[1].decode():
            raise ValueError("holds a private key, which belongs to the issuer alone")
        try:
            if block[1] == b"CERTIFICATE":
                key: Any = load_pem_x509_certificate(block[0]).public_key()
            else:
                key = load_pem_public_key(block[0])
        except (ValueError, UnsupportedAlgorithm):
            raise ValueError("holds PEM that is neither a public key nor a certificate") from None
        keys.append(VerificationKey(None, _algorithms_of(key), key))
    return KeySet(tuple(keys))


def read_public_jwk(entry: Mapping[str, Any]) -> VerificationKey:
    """A key of a set.

    :raises ValueError: for one that can't be used; the message says what it is, and quotes nothing.
    """
    kid, algorithm, operations = entry.get("kid"), entry.get("alg"), entry.get("key_ops")
    if not (kid is None or (isinstance(kid, str) and 0 < len(kid) <= LONGEST_KID)):
        raise ValueError("has an id that is no short text")
    if entry.get("kty") == "oct":
        raise ValueError("is a secret, in a set that anybody can read")
    if _PRIVATE & entry.keys():
        raise ValueError("is a private key, in a set that anybody can read")
    if entry.get("use", "sig") != "sig" or not (operations is None or (isinstance(operations, list) and "verify" in operations)):
        raise ValueError("is not for verification")
    try:
        key = PyJWK(dict(entry), _any_algorithm(entry)).key
    except (PyJWTError, ValueError, TypeError, KeyError, UnsupportedAlgorithm):
        raise ValueError("can't be read, or is of an unknown kind") from None
    fitting = _algorithms_of(key)
    if algorithm is not None:
        fitting &= {each for each in JwtAlgorithm if each.value == algorithm}
    if not fitting:
        raise ValueError("says an algorithm that it is not for")
    return VerificationKey(kid, fitting, key)


def _any_algorithm(entry: Mapping[str, Any]) -> str:
    """One by which the library knows the kind of key; which are allowed follows from the key itself."""
    return {"RSA": "RS256", "EC": {"P-384": "ES384", "P-521": "ES512"}.get(str(entry.get("crv")), "ES256")}.get(
        str(entry.get("kty")), "EdDSA"
    )


def _algorithms_of(key: Any) -> frozenset[JwtAlgorithm]:
    """What this public key may verify.

    :raises ValueError: for one that is weak, or of another kind.
    """
    if isinstance(key, RSAPublicKey):
        exponent = key.public_numbers().e
        if not _LEAST_RSA_BITS <= key.key_size <= _MOST_RSA_BITS or not 3 <= exponent <= _MOST_RSA_EXPONENT:
            raise ValueError(f"is an RSA key outside of {_LEAST_RSA_BITS} to {_MOST_RSA_BITS} bits, or with an unusual exponent")
        return _RSA
    if isinstance(key, EllipticCurvePublicKey) and key.curve.name in _CURVES:
        return frozenset({_CURVES[key.curve.name]})
    if isinstance(key, Ed25519PublicKey):
        return frozenset({JwtAlgorithm.EDDSA})
    raise ValueError("is of a kind that is not known here: RSA, P-256, P-384, P-521 and Ed25519 are")
