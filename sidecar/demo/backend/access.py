"""What opens the stand-in backend: its own token, tokens that it gave for one-time passwords, and bearer tokens of its OAuth."""

import base64
import binascii
import hmac
import re
import time
from dataclasses import dataclass, field

_TOKEN = re.compile(r"\s*<token>\s*<version>1</version>\s*<data>([0-9A-Fa-f]{64})</data>\s*</token>\s*")


@dataclass(slots=True)
class Access:
    """`tokens` are the 64 characters of each in capitals; `bearers` have the moment at which they end, in seconds of `time.monotonic`."""

    tokens: set[str] = field(default_factory=set, repr=False)
    bearers: dict[str, float] = field(default_factory=dict, repr=False)

    def admits(self, authorization: str) -> bool:
        """Whether the value of an Authorization header is good for a call."""
        scheme, _, credential = authorization.partition(" ")
        if scheme.lower() == "bearer":
            return self.bearers.get(credential.strip(), 0.0) > time.monotonic()
        try:
            return scheme.lower() == "afastoken" and self.admits_token(base64.b64decode(credential, validate=True).decode("ascii"))
        except (binascii.Error, UnicodeDecodeError):
            return False

    def admits_token(self, xml: str) -> bool:
        """Whether a token's XML is good for a call."""
        data = token_data(xml)
        return data is not None and any(hmac.compare_digest(data, token) for token in self.tokens)


def token_data(xml: str) -> str | None:
    """The 64 characters in a token's XML, in capitals; None for anything else."""
    read = _TOKEN.fullmatch(xml)
    return None if read is None else read[1].upper()
