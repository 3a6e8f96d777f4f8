"""The policy as the decision reads it: immutable values, checked and resolved when they were loaded.

Names of connectors are looked up in lower case (`str.lower`) and forwarded as the configuration spells them, whatever the client wrote
(wire reference 1.1: whether the backend minds letter case is unknown).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network

from sidecar.dialects.call import Action, Special
from sidecar.policy.where import Attribute, Where

EVERYONE = "everyone"
"""The built-in group of all users (Iedereen)."""

Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class User:
    """A person, or a system user that is linked to no person."""

    name: str
    email: str = ""
    applications: frozenset[str] = frozenset()
    blocked: bool = False
    system: bool = False
    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    groups: frozenset[str] = frozenset({EVERYONE})


@dataclass(frozen=True, slots=True)
class UserToken:
    """Proof that belongs to one environment, app connector, user and device (the description). Only its hash is known."""

    digest: bytes  # SHA-256 of the 64 hexadecimal characters, 32 bytes
    app_connector: str
    user: str
    description: str
    expires: datetime | None = None


@dataclass(frozen=True, slots=True)
class GetConnector:
    """A GetConnector that an app connector lists. `filter_types` guard it; without any it must be `unfiltered`, or nobody gets rows."""

    name: str
    filter_types: tuple[str, ...] = ()
    unfiltered: bool = False

    @property
    def guarded(self) -> bool:
        return self.unfiltered or bool(self.filter_types)


@dataclass(frozen=True, slots=True)
class UpdateConnector:
    """An UpdateConnector that an app connector lists, with what may be done through it."""

    name: str
    actions: frozenset[Action]


@dataclass(frozen=True, slots=True)
class Unchecked:
    """Every member may fetch all of it whose id he knows: said out loud."""


@dataclass(frozen=True, slots=True)
class OwnedRows:
    """Who may fetch something: who sees a row of `get_connector` with its id in `field`.

    `file_field`: where the same row has the id of the file, for attachments of a dossier item. The GetConnector need not be listed for
    apps, since it is the sidecar that asks it.
    """

    get_connector: GetConnector
    field: str
    file_field: str | None = None


@dataclass(frozen=True, slots=True)
class ListedReport:
    """A report that an app connector lists; what guards it, as with a GetConnector."""

    name: str
    filter_types: tuple[str, ...] = ()
    unchecked: bool = False

    @property
    def guarded(self) -> bool:
        return self.unchecked or bool(self.filter_types)


@dataclass(frozen=True, slots=True)
class Reports:
    """The reports that may be run, by canonical id. `others`: all that are not listed too, unchecked."""

    listed: Mapping[str, ListedReport]
    others: bool = False


SpecialRule = Unchecked | OwnedRows | Reports


@dataclass(frozen=True, slots=True)
class AddressRule:
    """Which client addresses may use an app connector: none that is denied; if any is allowed, only those."""

    allow: tuple[Network, ...] = ()
    deny: tuple[Network, ...] = ()


@dataclass(frozen=True, slots=True)
class ClientCertificate:
    """What there is to know of a client's certificate, which whoever ended TLS has verified.

    :ivar sha256: of all of it (DER), 32 bytes.
    :ivar common_name: of the subject, if that has exactly one; otherwise "".
    :ivar dns_names: of its subject alternative names, in small letters.
    :ivar not_before: aware; so is `not_after`, the last moment at which it counts.
    """

    sha256: bytes
    common_name: str
    dns_names: frozenset[str]
    uris: frozenset[str]
    not_before: datetime
    not_after: datetime


@dataclass(frozen=True, slots=True)
class CertificateRule:
    """The client certificates with which an app connector may be used: any that is named here in one of the ways."""

    sha256: frozenset[bytes] = frozenset()
    dns_names: frozenset[str] = frozenset()
    uris: frozenset[str] = frozenset()
    common_names: frozenset[str] = frozenset()


class RowGuard(StrEnum):
    """Which answers with rows are held against policy when they come back, and what becomes of one that is not in order."""

    OFF = "off"
    SAMPLE = "sample"
    ENFORCE = "enforce"


class Enforcement(StrEnum):
    """What becomes of what policy says: it holds, or it is only told."""

    ENFORCE = "enforce"
    SHADOW = "shadow"


@dataclass(frozen=True, slots=True)
class AppConnector:
    """What one external app may use of one environment."""

    name: str
    environment: str
    group: str
    description: str = ""
    blocked: bool = True
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    get_connectors: Mapping[str, GetConnector] = field(default_factory=dict)  # by name in lower case
    update_connectors: Mapping[str, UpdateConnector] = field(default_factory=dict)  # by name in lower case
    special_connectors: Mapping[Special, SpecialRule | None] = field(default_factory=dict)  # None: nothing is said about who may fetch
    addresses: AddressRule = AddressRule()
    client_certificate: CertificateRule | None = None
    row_guard: RowGuard = RowGuard.OFF
    enforcement: Enforcement = Enforcement.ENFORCE


@dataclass(frozen=True, slots=True)
class FilterType:
    """One kind of row right: the fields that carry it, by GetConnector (lower case) and logical name, and each group's filter.

    `reports`: the field codes that carry it, by a report's canonical id and logical name.
    """

    name: str
    fields: Mapping[str, Mapping[str, str]]
    filters: Mapping[str, Where]
    reports: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Policy:
    """All of it, as one value that is swapped at once. `version` names its content; the same content has the same version.

    Where users and tokens stand in a database, they are not in here but looked up one by one; `of_all` are the groups of all users, which
    those in here have already.
    """

    version: str
    users: Mapping[str, User]
    app_connectors: Mapping[str, AppConnector]
    filter_types: Mapping[str, FilterType]
    tokens: Mapping[bytes, UserToken]  # by digest
    of_all: frozenset[str] = frozenset({EVERYONE})

    @property
    def in_shadow(self) -> tuple[str, ...]:
        """The app connectors for which it is only told what policy says."""
        return tuple(sorted(name for name, each in self.app_connectors.items() if each.enforcement is Enforcement.SHADOW))


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: proven by a credential that belongs to this user and this app connector, from this address.

    `as_of`: another number means that the same name may be another user under the same policy, where users are looked up in a database.
    `issuer`: the identity provider whose JWT proves him; "" for a user token. `claimed` tells apart users of one name whose attributes come
    in part from claims.
    `bound_to`: the SHA-256 of the client certificate without which his token proves nothing. `bound_key`: the thumbprint of the key
    of which each request must bring a proof.
    `certificate`: that of the client from whom the request comes, over TLS that ended here or at a trusted proxy.
    """

    user: User
    app_connector: AppConnector
    device: str
    address: str = ""
    token_expires: datetime | None = None
    as_of: int = field(default=0, compare=False, repr=False)
    issuer: str = ""
    claimed: bytes = b""
    certificate: ClientCertificate | None = None
    bound_to: bytes = b""
    bound_key: bytes = b""
