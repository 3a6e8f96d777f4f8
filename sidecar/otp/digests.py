"""Keyed digests of everything about a code that is kept or counted, so that the database alone gives nothing away.

A code is one of 10^8, so whoever holds an unkeyed hash of it finds it at once, and with a slow hash (scrypt at 50 ms) a few thousand cores
find it while it lives, whereas the slowness would hand everyone without a token a way to keep the sidecar busy. With a secret that is not
in the database there is nothing to try against, at the price of a microsecond.
"""

import hmac

SHORTEST_SECRET = 32
DECOYS = 1024
"""Rows that stand for all users who can't be mailed, whatever names are made up: enough that they seldom wait for one another."""

_CODE = b"code"
_OWNER = b"owner"
_SLOT = b"slot"
_COUNTED = b"counted"
_DECOY = b"decoy"


class Digests:
    """The installation's secret and what is made with it: 32 bytes each, of no use to anybody without the secret."""

    __slots__ = ("_secret",)

    def __init__(self, secret: bytes) -> None:
        """:raises ValueError: for a secret of fewer than 32 bytes."""
        if len(secret) < SHORTEST_SECRET:
            raise ValueError(f"the secret is shorter than {SHORTEST_SECRET} bytes")
        self._secret = secret

    def owner(self, environment: str, app_connector: str, user: str) -> bytes:
        """Stands for one user of one app connector."""
        return self._of(_OWNER, environment, app_connector, user)

    def slot(self, owner: bytes, description: str) -> bytes:
        """The place of the one live code for this device."""
        return self._of(_SLOT, owner, description)

    def code(self, owner: bytes, email: str, code: str) -> bytes:
        """The code, good for this owner only, and only while his address is the one to which it went."""
        return self._of(_CODE, owner, email, code)

    def counted(self, what: str, whose: str) -> bytes:
        """The place of a counter."""
        return self._of(_COUNTED, what, whose)

    def decoy(self, claimed: str) -> str:
        """One of few stand-ins for a user who can't be mailed; the same claim meets the same one."""
        return f"{int.from_bytes(self._of(_DECOY, claimed)[:8]) % DECOYS}"

    def spread(self, text: str, places: int) -> str:
        """One of so many places; which one, nobody outside can tell, so nobody can aim at another's."""
        return f"{int.from_bytes(self._of(_COUNTED, text)[:8]) % places}"

    def _of(self, purpose: bytes, *parts: str | bytes) -> bytes:
        digest = hmac.new(self._secret, purpose, "sha256")
        for part in parts:
            # A client's JSON may hold half a character ("\ud800"), which plain UTF-8 refuses. The length keeps parts apart.
            raw = part if isinstance(part, bytes) else part.encode("utf-8", "surrogatepass")
            digest.update(len(raw).to_bytes(8) + raw)
        return digest.digest()
