"""A user token that the sidecar gave out."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A user token as it was issued. `digest` is the SHA-256 of its 64 characters."""

    digest: bytes
    environment: str
    app_connector: str
    user: str
    description: str
    issued: datetime
    expires: datetime

    @property
    def sha256(self) -> str:
        """The digest in hexadecimal."""
        return self.digest.hex()

    @property
    def id(self) -> str:
        """Enough of the hash to tell tokens apart."""
        return self.sha256[:12]
