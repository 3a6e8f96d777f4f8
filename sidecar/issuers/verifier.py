"""Verifies JWTs with the keys of their issuers.

A signature costs once: what was verified is remembered by the SHA-256 of the token, and so is what was refused for its signature. The clock
is looked at each time.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from sidecar.errors import Reason, Refusal
from sidecar.identity.compact_jwt import CompactJwt, read_compact
from sidecar.identity.confirmation import UNBOUND, Binding, Confirmation, read_confirmation
from sidecar.identity.issuer import Issuer
from sidecar.identity.jwt_claims import check_claims
from sidecar.identity.jwt_meaning import Meaning, meaning_of
from sidecar.identity.jwt_signature import check_signature, find_key
from sidecar.issuers.forgeries import Forgeries
from sidecar.issuers.providers import Providers

_MOST_REMEMBERED = 4_096
_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class Verified:
    """A token that is the issuer's: what it proves, until when, in seconds since 1970, leeway included, and in whose hands."""

    issuer: Issuer
    meaning: Meaning
    expires: float
    confirmation: Confirmation = UNBOUND


class Verifier:
    """Belongs to one event loop."""

    def __init__(self, providers: Providers, clock: Callable[[], float], ticks: Callable[[], float]) -> None:
        """
        :param clock: seconds since 1970.
        :param ticks: seconds that only go forward.
        """
        self.providers = providers
        self._clock = clock
        self._forgeries = Forgeries(ticks)
        self._revision = providers.revision
        self._verified: OrderedDict[bytes, Verified] = OrderedDict()
        self._forged: OrderedDict[bytes, None] = OrderedDict()

    def verify(self, token: bytes, address: str) -> Verified | None:
        """The token, if it is one of an issuer's and counts now; None where that takes a key which may have to be fetched.

        :raises Refusal: JWT_… for any other.
        """
        if self._revision != self.providers.revision:
            self._revision = self.providers.revision
            self._verified.clear()
            self._forged.clear()
        digest = hashlib.sha256(token).digest()
        known = self._verified.get(digest)
        if known is not None:
            if self._clock() >= known.expires:
                del self._verified[digest]
                raise Refusal(Reason.JWT_EXPIRED)
            return known
        if digest in self._forged:
            raise Refusal(Reason.JWT_SIGNATURE)
        return self._verify(digest, token, address, last=False)

    async def verify_with_new_keys(self, token: bytes, address: str) -> Verified:
        """As `verify`, after a wait for keys that may have come in between.

        :raises Refusal: JWT_… for any other.
        """
        issuer = self._issuer(read_compact(token))
        remote = self.providers.remote(issuer)
        if remote is not None:
            await remote.renewed()
        found = self.verify(token, address) or self._verify(hashlib.sha256(token).digest(), token, address, last=True)
        if found is None:
            raise Refusal(Reason.JWT_KEYS_UNAVAILABLE)
        return found

    def _issuer(self, jwt: CompactJwt) -> Issuer:
        said = jwt.claims.get("iss")
        issuer = self.providers.issuers.get(said) if isinstance(said, str) else None
        if issuer is None:
            raise Refusal(Reason.JWT_ISSUER_UNKNOWN)
        return issuer

    def _verify(self, digest: bytes, token: bytes, address: str, *, last: bool) -> Verified | None:
        """What costs little comes first, so that nobody without knowledge of an issuer's tokens has a signature looked at.

        :param last: whether waiting for keys has been tried.
        """
        jwt = read_compact(token)
        issuer = self._issuer(jwt)
        expires = check_claims(jwt.claims, issuer, self._clock())
        confirmation = read_confirmation(jwt.claims, issuer.dpop, Binding.ALLOWED)
        meaning = meaning_of(jwt.claims, issuer)
        keys = self.providers.keys_of(issuer)
        choice = find_key(jwt, issuer, keys) if keys is not None else None
        if choice is None:
            remote = self.providers.remote(issuer)
            if not last and remote is not None and remote.may_be_renewed:
                return None
            raise Refusal(Reason.JWT_KEYS_UNAVAILABLE if keys is None else Reason.JWT_KEY_UNKNOWN)
        self._forgeries.check(address)
        try:
            check_signature(jwt, choice)
        except Refusal:
            self._forgeries.add(address)
            _remember(self._forged, digest, None)
            raise
        verified = Verified(issuer, meaning, expires, confirmation)
        _remember(self._verified, digest, verified)
        return verified


def _remember(memo: OrderedDict[bytes, _Value], digest: bytes, value: _Value) -> None:
    if len(memo) >= _MOST_REMEMBERED:
        memo.popitem(last=False)
    memo[digest] = value
