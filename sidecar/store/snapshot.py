"""What one request sees: the policy and the environments, immutable and exchanged together."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sidecar.filters.compact import MixedSeparators
from sidecar.policy.model import Policy


@dataclass(frozen=True, slots=True)
class AfasToken:
    """The sidecar's own token for the backend, as the value of an Authorization header."""

    header_value: str = field(repr=False)

    @property
    def fingerprint(self) -> str:
        """Tells two tokens apart without telling either."""
        return hashlib.sha256(self.header_value.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Passthrough:
    """The backend gets the token that the client sent."""


Credential = AfasToken | Passthrough


@dataclass(frozen=True, slots=True)
class Environment:
    """One administration of the backend. `rest` has no slash at its end."""

    name: str
    rest: str
    mixed: MixedSeparators
    credential: Credential
    ca_file: str | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Policy and environments as they were loaded at one moment (aware)."""

    policy: Policy
    environments: Mapping[str, Environment]
    loaded_at: datetime
