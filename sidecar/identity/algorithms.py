"""How a JWT may be signed (RFC 7518, RFC 8037): what is known here, by the kind of key that it takes. `none` is no algorithm."""

from enum import StrEnum


class JwtAlgorithm(StrEnum):
    """A name that may stand under `alg`, in exactly this spelling."""

    RS256 = "RS256"
    RS384 = "RS384"
    RS512 = "RS512"
    PS256 = "PS256"
    PS384 = "PS384"
    PS512 = "PS512"
    ES256 = "ES256"
    ES384 = "ES384"
    ES512 = "ES512"
    EDDSA = "EdDSA"
    HS256 = "HS256"
    HS384 = "HS384"
    HS512 = "HS512"

    @property
    def shortest_secret(self) -> int:
        """Bytes that a shared secret must have at least (RFC 7518, 3.2); 0 where a key pair signs."""
        return int(self.value[2:]) // 8 if self.value.startswith("HS") else 0

    @property
    def symmetric(self) -> bool:
        """Whether who can verify can also sign."""
        return self.shortest_secret > 0
