"""Callers that were identified before under the policy in force, so that a token's text is not taken apart again for each of its calls."""

import hashlib
from collections import OrderedDict

from sidecar.identity.identify import identify
from sidecar.policy.model import Caller, Policy

_MOST_REMEMBERED = 4096


class Callers:
    """Remembers by the SHA-256 of the Authorization value and the client's address, which with the policy is all that `identify` knows.

    Only who was proven is remembered, bounded, the oldest make room; another policy forgets all, so a revoked token is unknown at once.
    Whether a token has expired is for the caller's conditions to say, each time.
    """

    def __init__(self) -> None:
        self._policy: Policy | None = None
        self._callers: OrderedDict[tuple[bytes, str], Caller] = OrderedDict()

    def identify(self, policy: Policy, authorization: bytes | None, address: str) -> Caller:
        """As the function of this name.

        :raises Refusal: as that.
        """
        if policy is not self._policy:
            self._policy, self._callers = policy, OrderedDict()
        if authorization is None:
            return identify(policy, None, address)
        key = (hashlib.sha256(authorization).digest(), address)
        caller = self._callers.get(key)
        if caller is None:
            caller = identify(policy, authorization.decode("latin-1"), address)
            if len(self._callers) >= _MOST_REMEMBERED:
                self._callers.popitem(last=False)
            self._callers[key] = caller
        return caller
