"""One request and its answer, as the decision log and the metrics see them. Filled in along the way; holds no secret and no body."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from time import perf_counter

from sidecar.errors import Reason
from sidecar.identity.confirmation import KeyProof
from sidecar.policy.model import ClientCertificate
from sidecar.record.checked import Checked
from sidecar.record.shadowed import Shadowed

_REFERENCES_AT_ONCE = 256
# No key of 32 hexadecimal characters, and no piece of base64, in which digits come and go.
_NAME_LIKE = re.compile(r"(?![0-9A-Fa-f]{16})[A-Za-z](?!(?:[A-Za-z_]*+[0-9]++){3})\w{0,39}", re.ASCII)


class Outcome(StrEnum):
    """What the policy said; `shadow` where that was only told, `none` for requests that never came to a decision."""

    ALLOW = "allow"
    DENY = "deny"
    SHADOW = "shadow"
    NONE = "none"


def _references() -> Iterator[str]:
    while True:
        # Random bytes for many at once: asking the system for each costs more than all else about it.
        many = os.urandom(_REFERENCES_AT_ONCE * 16).hex().upper()
        for start in range(0, len(many), 32):
            yield many[start : start + 32]


new_reference = _references().__next__
"""Gives 32 hexadecimal characters, the form of the backend's own log references (wire reference 6.3)."""


@lru_cache(maxsize=1024)
def _as_noted(connector: str) -> str:
    return connector if _NAME_LIKE.fullmatch(connector) else "(unusual name)"


@dataclass(slots=True)
class Exchange:
    """Times are `time.perf_counter` seconds. `connector` is canonical, or what was asked for where nothing such is listed."""

    reference: str = field(default_factory=new_reference)
    started: float = field(default_factory=perf_counter)
    client: str = ""
    certificate: ClientCertificate | None = None  # of the client
    proof: KeyProof | None = field(default=None, repr=False)  # of a token behind `DPoP`
    method: str = ""
    call: str = ""
    environment: str = ""
    app_connector: str = ""
    user: str = ""
    device: str = ""
    issuer: str = ""
    bound_to: str = ""  # of the caller's token: what the request has proven
    connector: str = ""
    outcome: Outcome = Outcome.NONE
    reason: Reason | None = None
    detail: str = ""
    predicate: str = ""
    policy_version: str = ""
    status: int = 0
    sent: int = 0  # bytes of the answer's body
    backend_seconds: float | None = None  # from sending the request to the backend until its answer's head
    seconds: float = 0.0
    shadowed: Shadowed | None = None  # where it was forwarded as it is
    checked: Checked | None = None  # where the row guard looked at the answer

    def asked_for(self, connector: str) -> None:
        """Note a connector's name from the client, unless it is of a shape in which a secret might have been put there."""
        self.connector = _as_noted(connector)

    def elapsed(self) -> float:
        """Seconds since the request's head."""
        return perf_counter() - self.started

    def finish(self) -> None:
        """The answer is complete, or never will be."""
        self.seconds = perf_counter() - self.started
