"""An identity provider as verification reads it: whose tokens are believed, under which rules, and what their claims mean."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from sidecar.identity.algorithms import JwtAlgorithm
from sidecar.identity.confirmation import Binding
from sidecar.identity.key_set import KeySet


class UserKey(StrEnum):
    """What names a user."""

    NAME = "name"
    EMAIL = "email"


@dataclass(frozen=True, slots=True)
class RemoteKeys:
    """Keys that the provider publishes.

    :ivar url: of the key set, or of the metadata that names it.
    :ivar discovery: whether it is the metadata.
    :ivar ca_file: PEM file of the authorities for its certificate; `authorities` is the digest of what stands in it.
    """

    url: str
    discovery: bool
    ca_file: str | None = None
    authorities: bytes = b""


@dataclass(frozen=True, slots=True)
class UserClaim:
    """Which claim names the user, and how.

    :ivar programs: the system user of each client that signs in for itself, whose tokens have no user.
    """

    claim: str
    by: UserKey = UserKey.NAME
    trust_unverified_email: bool = False
    programs: Mapping[str, str] = field(default_factory=dict)

    @property
    def takes_address(self) -> bool:
        """Whether the claim holds an e-mail address, which at many providers users type themselves."""
        return self.by is UserKey.EMAIL or self.claim == "email"


@dataclass(frozen=True, slots=True)
class ClientClaim:
    """Which app connector a token opens: that of the client which the claim names, or always the same (`claim` is None)."""

    claim: str | None = None
    clients: Mapping[str, str] = field(default_factory=dict)
    fixed: str = ""


@dataclass(frozen=True, slots=True)
class Issuer:
    """One identity provider. Times are in seconds.

    :ivar name: as the configuration calls it; `issuer` is what `iss` holds.
    :ivar keys: what verifies its tokens, or where that is published.
    :ivar dpop: whether its tokens may, or must, be bound to a key of their sender's.
    :ivar types: what `typ` may be, in lower case and without `application/`.
    """

    name: str
    issuer: str
    audiences: frozenset[str]
    algorithms: frozenset[JwtAlgorithm]
    keys: KeySet | RemoteKeys
    user: UserClaim
    app_connector: ClientClaim
    other_audiences: bool = False
    types: frozenset[str] = frozenset({"at+jwt", "jwt"})
    leeway: float = 30
    max_age: int | None = None
    max_lifetime: int = 86_400
    required_claims: tuple[str, ...] = ()
    environment_claim: str | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)
    dpop: Binding = Binding.OFF
