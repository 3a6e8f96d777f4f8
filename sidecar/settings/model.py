"""The configuration as it is written: every key, what it takes, its default and its description.

Names of one part that another part refers to are looked at in `references`; the JSON Schema for editors is made from these classes.
"""

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, collapse_addresses
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag, field_validator

from sidecar.dialects.call import Action
from sidecar.dialects.soap.body_token import SoapCredential
from sidecar.filters.compact import MixedSeparators
from sidecar.otp.message import Language
from sidecar.policy.model import Enforcement, Network, RowGuard
from sidecar.settings.admin import Admin
from sidecar.settings.credential import Credential
from sidecar.settings.issuers import Issuer
from sidecar.settings.otp import Mode, OneTimePasswords, OtpKeys, OtpMode
from sidecar.settings.part import Part, without_nulls
from sidecar.settings.policy_source import PolicySource
from sidecar.settings.scalars import (
    AddressOrNetwork,
    AttributeValue,
    BackendUrl,
    ConnectorName,
    FieldId,
    Flag,
    Listen,
    Moment,
    Name,
    PublicUrl,
    ReportId,
    Seconds,
    Sha256,
    SidecarUrl,
    Text,
    Whole,
    as_written,
    complaint,
)
from sidecar.settings.special import Listing
from sidecar.settings.tls import CertificateRule, Tls


class Limits(Part):
    """How much is read and held."""

    head: Whole = Field(default=16_384, ge=1_024, description="Most bytes of a request's line and header fields.")
    body: Whole = Field(default=78_643_200, ge=0, description="Most bytes of a request's body; the backend's own limit is 75 MB.")
    answer: Whole = Field(
        default=8_388_608,
        ge=1_024,
        description="Most bytes that are held of an answer: of metainfo, and of rows under `row_guard: enforce`.",
    )


class Timeouts(Part):
    """How long is waited, in seconds."""

    connect: Seconds = Field(default=5, gt=0, description="Seconds for a connection to the backend, TLS included.")
    head: Seconds = Field(
        default=900, gt=0, description="Seconds until the backend's answer begins; the backend itself gives up after 900."
    )
    idle: Seconds = Field(default=60, gt=0, description="Seconds that an answer of the backend may stand still.")
    client: Seconds = Field(default=60, gt=0, description="Seconds that a client's request may stand still.")
    keep_alive: Seconds = Field(default=75, gt=0, description="Seconds that an idle connection of a client is kept.")
    drain: Seconds = Field(default=30, ge=0, description="Seconds that requests in flight get to finish when the sidecar stops.")


class Environment(Part):
    """One administration of the backend."""

    rest: BackendUrl = Field(description="REST base URL, such as https://12345.rest.afas.online/ProfitRestServices. ${NAME} is replaced.")
    soap: BackendUrl | None = Field(
        default=None, description="SOAP base URL, such as https://12345.soap.afas.online/ProfitServices. ${NAME} is replaced."
    )
    soap_credential: SoapCredential = Field(
        default=SoapCredential.HEADER,
        description="Where the backend takes the credential over SOAP: header, or body for backends that know no other way.",
    )
    soap_address: SidecarUrl | None = Field(
        default=None,
        description="URL of SOAP through the sidecar, as clients have it, for the WSDL: https://connectors.example.com/ProfitServices. "
        "Without it: the host that a client names, with https where the client speaks TLS to the sidecar. ${NAME} is replaced.",
    )
    credential: Credential = Field(description="How the sidecar proves itself to the backend.")
    ca_file: Name | None = Field(
        default=None, description="PEM file of the authorities for the backend's certificate. ${NAME} is replaced."
    )
    mixed_separators: MixedSeparators = Field(
        default=MixedSeparators.REFUSE,
        description="How the backend reads a filter with both `,` and `;`. By default such a filter is refused.",
    )
    otp: Mode = Field(
        default=OtpMode.OFF,
        description="Who answers requests for one-time passwords: the sidecar (local), the backend (forward), or nobody (off).",
    )
    otp_language: Language = Field(default=Language.DUTCH, description="In which language one-time passwords are mailed.")


class User(Part):
    """A user; what proves him stands elsewhere (tokens)."""

    email: Text = Field(default="", description="E-mail address. A person without one gets nowhere.")
    applications: tuple[Name, ...] = Field(
        default=(), description="Ticked applications, such as pocket. Without any the user gets nowhere."
    )
    blocked: Flag = Field(default=False, description="true: the user gets nowhere.")
    system: Flag = Field(default=False, description="true: linked to no person, so no e-mail address is needed.")
    attributes: Annotated[dict[Name, AttributeValue], BeforeValidator(without_nulls)] = Field(
        default={},
        description="Values for @user.<attribute> in filters: one, or a list. Without a value such a comparison holds for no row.",
    )


class AppToken(Part):
    """A user token, of which only the hash is kept."""

    user: Name = Field(description="Whose token it is.")
    description: Text = Field(default="", description="The device; one token for each user, app connector and device.")
    sha256: Sha256 = Field(description="SHA-256 of the token's 64 characters, in hexadecimal. `sidecar token new` writes it.")
    expires: Moment | None = Field(default=None, description="When it stops working. A plain date is the start of that day in UTC.")


class Token(AppToken):
    """A user token that stands apart from its app connector."""

    app_connector: Name = Field(description="The app connector that it opens, and no other.")


class AddressRules(Part):
    """Addresses of clients, such as 192.0.2.7, 192.0.2.0/24 or 2001:db8::/32."""

    allow: tuple[AddressOrNetwork, ...] = Field(default=(), description="If there are any, all others are denied.")
    deny: tuple[AddressOrNetwork, ...] = Field(default=(), description="Denied, even if allowed above.")


class AppConnector(Part):
    """What one external app may use of one environment."""

    description: Text = Field(default="", description="For people; it stands in the subject of mails with codes.")
    environment: Name = Field(description="One of `environments`.")
    group: Name = Field(description="The one user group whose members may use it.")
    blocked: Flag = Field(default=True, description="A new app connector is blocked until someone says false.")
    valid_from: Moment | None = Field(default=None, description="From when it works. A plain date is the start of that day in UTC.")
    valid_until: Moment | None = Field(default=None, description="When it stops working. A plain date is the start of that day in UTC.")
    get_connectors: tuple[ConnectorName, ...] = Field(default=(), description="GetConnectors, each guarded by at least one filter type.")
    unfiltered_get_connectors: tuple[ConnectorName, ...] = Field(
        default=(), description="Further GetConnectors, of which every member sees every row, unless a filter type guards them."
    )
    update_connectors: dict[ConnectorName, tuple[Action, ...]] = Field(
        default={}, description="UpdateConnectors, each with what may be done through it: insert, update, delete."
    )
    special_connectors: Listing = Field(
        default=(), description="Of subject, file, image, report, data and version; by name, or each with who may fetch what of it."
    )
    enforcement: Enforcement = Field(
        default=Enforcement.ENFORCE,
        description="shadow: what the app asks for is forwarded as it is, and what policy says of it is only logged. For rolling out.",
    )
    row_guard: Annotated[RowGuard, BeforeValidator(as_written)] = Field(
        default=RowGuard.OFF,
        description="Whether rows that come back are held against policy: off, sample (some, counted and logged), enforce (all, withheld).",
    )
    ip: AddressRules = Field(default=AddressRules(), description="From which addresses it may be used.")
    client_certificate: CertificateRule | None = Field(
        default=None,
        description="With which client certificates it may be used, beside all other conditions. Without it: with any or none.",
    )
    otp_keys: OtpKeys | None = Field(
        default=None, description="With these its users get tokens by one-time password; `sidecar otp keys` makes them."
    )
    tokens: tuple[AppToken, ...] = Field(default=(), description="User tokens for this app connector.")


class FilterType(Part):
    """One kind of row right, such as department."""

    fields_: dict[ConnectorName, dict[Name, FieldId]] = Field(
        default={},
        alias="fields",
        description="The GetConnectors that it guards, each with the field id that carries a logical field name.",
    )
    reports: dict[ReportId, dict[Name, FieldId]] = Field(
        default={}, description="The reports that it guards, each with the field code that carries a logical field name."
    )
    filters: dict[Name, Text] = Field(
        default={},
        description="By group: the rows that its members see, a where expression over logical field names, `everything` or `nothing`.",
    )


def _kind_of_group(value: Any) -> str:
    return "all" if isinstance(value, str) else "list"


Group = Annotated[
    Annotated[Literal["all"], Tag("all")] | Annotated[tuple[Name, ...], Tag("list")],
    Discriminator(_kind_of_group),
]


class Settings(Part):
    """Configuration of the connector sidecar."""

    include: tuple[Name, ...] = Field(default=(), description="Further files, relative to this one; one level.")
    listen: Listen = Field(default="127.0.0.1:8080", description="host:port of the proxy. ${NAME} is replaced from the environment.")
    public_urls: tuple[PublicUrl, ...] = Field(
        default=(),
        description="URLs under which clients reach the sidecar, such as https://connectors.example.com: scheme, host, port, and a path if "
        "one is put before the sidecar's. For `dpop`, whose proofs are for one of these. ${NAME} is replaced.",
    )
    tls: Tls | None = Field(default=None, description="TLS on the proxy's port. Without it: plain HTTP.")
    admin: Admin = Field(default=Admin(), description="The port for health, metrics and the administration API.")
    trusted_proxies: tuple[AddressOrNetwork, ...] = Field(
        default=(), description="Whose X-Forwarded-For is believed: addresses and networks. Nobody's by default."
    )
    client_certificate_header: Literal["Client-Cert"] | None = Field(
        default=None,
        description="Where TLS ends at a trusted proxy: the header in which it passes the client's certificate on, as RFC 9440 has it. "
        "Only `Client-Cert`, and only of `trusted_proxies`.",
    )
    policy: PolicySource | None = Field(
        default=None, description="Policy in a database instead of the sections `groups` to `filter_types` of these files."
    )
    environments: dict[Name, Environment] = Field(default={}, description="The backend's administrations, such as O12345AA.")
    groups: dict[Name, Group] = Field(default={}, description="User groups: names of users, or `all`. `everyone` is built in.")
    users: dict[Name, User] = Field(default={}, description="Users by name.")
    app_connectors: dict[Name, AppConnector] = Field(default={}, description="What each external app may use.")
    tokens: tuple[Token, ...] = Field(
        default=(), description="User tokens that stand apart from their app connectors, often in an own file."
    )
    filter_types: dict[Name, FilterType] = Field(default={}, description="Which rows each group may see.")
    one_time_passwords: OneTimePasswords | None = Field(
        default=None, description="The sidecar as token authority: needed by environments with `otp: local`."
    )
    issuers: dict[Name, Issuer] = Field(default={}, description="Identity providers, whose JWTs prove users beside user tokens.")
    limits: Limits = Field(default=Limits(), description="Most bytes of requests and answers.")
    timeouts: Timeouts = Field(default=Timeouts(), description="Seconds of patience, by what is waited for.")

    @field_validator("trusted_proxies")
    @classmethod
    def _not_everyone(cls, networks: Sequence[Network]) -> Sequence[Network]:
        """Trusting everyone is to trust no address at all: anyone could claim to be anyone (oauth2-proxy, CVE-2026-76835)."""
        v4 = collapse_addresses(network for network in networks if isinstance(network, IPv4Network))
        v6 = collapse_addresses(network for network in networks if isinstance(network, IPv6Network))
        if any(network.prefixlen < 8 for network in v4) or any(network.prefixlen < 7 for network in v6):
            raise complaint("would trust the whole world, so that anyone could claim any address", "name the proxies only")
        return networks
