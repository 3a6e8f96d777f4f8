"""Identity providers as they are written in the configuration: whose JWTs are believed, how they are verified, what claims mean."""

from typing import Annotated

from pydantic import BeforeValidator, ConfigDict, Field, model_validator

from sidecar.identity.algorithms import JwtAlgorithm
from sidecar.identity.confirmation import Binding
from sidecar.identity.issuer import UserKey
from sidecar.settings.part import Part, SecretFile, without_nulls
from sidecar.settings.scalars import Flag, KeysUrl, Name, Seconds, Whole, as_written, complaint

_BY_KEY_PAIR = (JwtAlgorithm.RS256, JwtAlgorithm.ES256)
_BY_SECRET = (JwtAlgorithm.HS256,)
_SOURCES = ("discovery", "jwks_uri", "key_file", "secret")

ByClaim = Annotated[dict[Name, Name], BeforeValidator(without_nulls)]


class UserClaim(Part):
    """Which user a token is of."""

    claim: Name = Field(description="The claim that says it, such as preferred_username, email or sub.")
    by: UserKey = Field(default=UserKey.NAME, description="What it holds: the user's name, or his e-mail address.")
    trust_unverified_email: Flag = Field(
        default=False,
        description="true: an e-mail address counts though it is not that in `email`, with `email_verified: true` beside it. "
        "Only where users can't choose it themselves.",
    )
    programs: ByClaim = Field(
        default={},
        description="Clients that sign in for themselves only, and the system user that each is. In their tokens `claim` names nobody.",
    )

    @model_validator(mode="after")
    def _of_addresses_only(self) -> "UserClaim":
        if self.trust_unverified_email and self.by is not UserKey.EMAIL and self.claim != "email":
            raise complaint("`trust_unverified_email` says something of `by: email` and `claim: email` only", "leave it out")
        return self


class ClientClaim(Part):
    """Which app connector a token opens; with it goes the environment."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": ["claim", "clients"]}, {"required": ["fixed"]}]})

    claim: Name | None = Field(default=None, description="The claim that names the client: azp, client_id, cid, appid, …")
    clients: ByClaim = Field(default={}, description="The app connector of each client, by what the claim holds. Others get nowhere.")
    fixed: Name | None = Field(default=None, description="Instead: the one app connector of whoever has a token of this issuer.")

    @model_validator(mode="after")
    def _one_way(self) -> "ClientClaim":
        if (self.fixed is None) == (self.claim is None) or (self.fixed is not None and self.clients):
            raise complaint("expected either `claim` with `clients`, or `fixed`", "such as {claim: azp, clients: {hours-app: hours}}")
        if self.claim is not None and not self.clients:
            raise complaint("no client is named, so that nobody gets in", "name them: clients: {<client id>: <app connector>}")
        return self


class Issuer(Part):
    """An identity provider, whose JWTs prove users of this policy. Without a key about keys they are found by discovery."""

    issuer: Name = Field(description="What `iss` holds, to the letter. ${NAME} is replaced from the environment.")
    audiences: tuple[Name, ...] = Field(min_length=1, description="What `aud` must hold one of: the names of this API at the provider.")
    other_audiences: Flag = Field(
        default=False, description="true: `aud` may name others beside, who could then use their callers' tokens here."
    )
    algorithms: tuple[JwtAlgorithm, ...] | None = Field(
        default=None, min_length=1, description="What tokens may be signed with. RS256 and ES256 unless said, with a `secret` HS256."
    )
    discovery: KeysUrl | None = Field(
        default=None,
        description="URL of the provider's metadata, `<issuer>/.well-known/openid-configuration` unless said. ${NAME} is replaced.",
    )
    jwks_uri: KeysUrl | None = Field(default=None, description="Instead of discovery: URL of the provider's keys. ${NAME} is replaced.")
    key_file: Name | None = Field(
        default=None, description="Instead of discovery: file with public keys, a JWK set or PEM. ${NAME} is replaced."
    )
    secret: SecretFile | None = Field(
        default=None, description="Instead of discovery: {file: path} of a secret shared with the issuer. Whoever knows it can be anybody."
    )
    ca_file: Name | None = Field(
        default=None, description="PEM file of the authorities for the provider's certificate. ${NAME} is replaced."
    )
    types: tuple[Name, ...] = Field(
        default=("at+jwt", "JWT"), min_length=1, description="What the header's `typ` may be; without one it counts as JWT."
    )
    leeway: Seconds = Field(default=30, ge=0, le=300, description="Seconds by which the provider's clock may differ.")
    max_age: Whole | None = Field(default=None, ge=1, description="Seconds after its `iat` when a token is too old, whatever `exp` says.")
    max_lifetime: Whole = Field(
        default=86_400, ge=1, le=31_536_000, description="Most seconds that a token may be made for, from `iat` to `exp`."
    )
    dpop: Annotated[Binding, BeforeValidator(as_written)] = Field(
        default=Binding.OFF,
        description="Whether tokens may be bound to a key of the app's, which then proves with each request that it has it (DPoP): off, "
        "allowed, or required of all.",
    )
    required_claims: tuple[Name, ...] = Field(default=(), description="Claims that must be there, beside those that are looked at anyway.")
    user: UserClaim = Field(description="The claim that says which user a token is of.")
    app_connector: ClientClaim = Field(description="What says which app connector a token opens.")
    environment_claim: Name | None = Field(
        default=None, description="A claim that must name the app connector's environment, as an additional check."
    )
    attributes: ByClaim = Field(
        default={}, description="Values for @user.<attribute> from claims: the claim by attribute. Policy's own value of a user wins."
    )

    @property
    def accepted(self) -> tuple[JwtAlgorithm, ...]:
        """The algorithms, said or not."""
        return self.algorithms or (_BY_KEY_PAIR if self.secret is None else _BY_SECRET)

    @model_validator(mode="after")
    def _one_source(self) -> "Issuer":
        sources = [key for key in _SOURCES if getattr(self, key) is not None]
        if len(sources) > 1:
            raise complaint(f"`{sources[0]}` and `{sources[1]}` both say where keys come from", "keep one of them")
        if self.ca_file is not None and sources and sources[0] in ("key_file", "secret"):
            raise complaint("`ca_file` says something of keys that are fetched only", "leave it out")
        return self

    @model_validator(mode="after")
    def _programs_are_clients(self) -> "Issuer":
        strange = sorted(self.user.programs.keys() - self.app_connector.clients.keys())
        if strange:
            raise complaint(
                f"`user.programs` has `{strange[0]}`, which is none of the `clients`", "name it under `app_connector.clients` too"
            )
        return self

    @model_validator(mode="after")
    def _key_pair_or_secret(self) -> "Issuer":
        """Never both: a public key that is taken for a secret is one that everybody knows (CVE-2016-10555)."""
        for algorithm in self.accepted:
            if algorithm.symmetric and self.secret is None:
                raise complaint(f"{algorithm} takes a shared secret", "give `secret: {file: path}`, or name RS256, PS256, ES256 or EdDSA")
            if not algorithm.symmetric and self.secret is not None:
                raise complaint(f"{algorithm} takes a key pair, but there is a `secret`", "name HS256, HS384 or HS512 only")
        return self
