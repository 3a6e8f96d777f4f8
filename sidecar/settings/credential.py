"""How the sidecar proves itself to a backend, as it is written in the configuration: a token, the client's own token, or OAuth."""

from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from sidecar.settings.part import Part, Secret, SecretFile
from sidecar.settings.scalars import Flag, Name, TokenUrl, complaint


class ClientAuth(StrEnum):
    """Where a client secret goes in the request for an access token."""

    BODY = "body"
    BASIC = "basic"


class Algorithm(StrEnum):
    """How an assertion is signed (wire reference 4.4)."""

    RS256 = "RS256"
    PS256 = "PS256"
    ES256 = "ES256"


def _ascii(text: str) -> str:
    """As RFC 6749 appendix A has it. The text isn't repeated: it may come from an environment variable."""
    if not text.isascii():
        raise complaint("may hold printable ASCII only")
    return text


Plain = Annotated[Name, AfterValidator(_ascii)]


class OAuth(Part):
    """An OAuth client of the backend: access tokens by the client credentials grant, fetched ahead of their end."""

    client_id: Plain = Field(description="The client's id, as the backend gave it out. ${NAME} is replaced.")
    client_secret: Secret | None = Field(default=None, description="The client's secret: ${NAME}, or {file: path}. This or `private_key`.")
    client_auth: ClientAuth | None = Field(
        default=None, description="Where the secret goes: `body` of the request, unless said, or the header (`basic`)."
    )
    private_key: SecretFile | None = Field(
        default=None, description="The client's private key, PEM without a passphrase (private_key_jwt): {file: path}."
    )
    algorithm: Algorithm | None = Field(
        default=None, description="What the key signs with. Unless said, RS256 for an RSA key and ES256 for a P-256 key."
    )
    kid: Plain | None = Field(default=None, description="Id of the key, where the backend knows the client by several.")
    audience: Plain | None = Field(default=None, description="For whom an assertion is; `token_url` unless said. ${NAME} is replaced.")
    token_url: TokenUrl | None = Field(
        default=None, description="Where access tokens come from, https only; `<rest>/oauth/token` unless said. ${NAME} is replaced."
    )

    @model_validator(mode="after")
    def _one_proof(self) -> "OAuth":
        if (self.client_secret is None) == (self.private_key is None):
            raise complaint("expected exactly one of `client_secret` and `private_key`", "such as client_secret: {file: path}")
        if self.private_key is not None and self.client_auth is not None:
            raise complaint("`client_auth` goes with `client_secret` only", "leave it out")
        for_keys = [name for name in ("algorithm", "kid", "audience") if getattr(self, name) is not None]
        if self.client_secret is not None and for_keys:
            raise complaint(f"`{for_keys[0]}` goes with `private_key` only", "leave it out")
        return self


class Credential(Part):
    """How the sidecar proves itself to the backend: one of the keys."""

    model_config = ConfigDict(
        json_schema_extra={"oneOf": [{"required": ["afas_token"]}, {"required": ["passthrough"]}, {"required": ["oauth"]}]}
    )

    afas_token: Secret | None = Field(
        default=None,
        description="The sidecar's own token, as XML, as the base64 of it or as the 64 characters: ${NAME}, or {file: path}.",
    )
    passthrough: Flag | None = Field(default=None, description="true: the backend gets the client's own token.")
    oauth: OAuth | None = Field(default=None, description="The sidecar as an OAuth client of the backend.")

    @model_validator(mode="after")
    def _exactly_one(self) -> "Credential":
        if self.passthrough is False:
            raise complaint("`passthrough` can only be true", "leave it out and give `afas_token`")
        if [self.afas_token, self.passthrough, self.oauth].count(None) != 2:
            raise complaint("expected exactly one of `afas_token`, `oauth` and `passthrough`", "such as {afas_token: {file: path}}")
        return self
