"""The sidecar as an OAuth client of a backend: who it is there, and how it proves that. Keys are read once, when the policy is loaded."""

import hashlib
import json
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

PrivateKey = RSAPrivateKey | EllipticCurvePrivateKey


@dataclass(frozen=True, slots=True)
class ClientSecret:
    """Sent with each request for an access token: in the body, or as HTTP Basic."""

    value: str = field(repr=False)
    basic: bool = False

    def marks(self) -> list[str]:
        """What tells it apart."""
        return ["secret", self.value, str(self.basic)]


@dataclass(frozen=True, slots=True)
class ClientKey:
    """Signs an assertion for each request (private_key_jwt, RFC 7523)."""

    key: PrivateKey = field(repr=False)
    algorithm: str
    audience: str
    kid: str | None = None

    def marks(self) -> list[str]:
        """What tells it apart, by its public half."""
        public = self.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return ["key", public.hex(), self.algorithm, self.audience, self.kid or ""]


@dataclass(frozen=True, slots=True)
class OAuthClient:
    """Gets access tokens at `token_url`, whose certificate comes from an authority in `ca_file` where there is one."""

    token_url: str
    client_id: str
    proof: ClientSecret | ClientKey
    ca_file: str | None = None

    @property
    def fingerprint(self) -> str:
        """Tells two clients apart without telling a secret. What is the same client may go on with the token that it has."""
        marks = [self.token_url, self.client_id, self.ca_file or "", *self.proof.marks()]
        return hashlib.sha256(json.dumps(marks).encode()).hexdigest()
