"""TLS of a port on which the sidecar listens, and what client certificates an app connector asks for, as they are written."""

from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from sidecar.settings.part import Part
from sidecar.settings.scalars import Name, Text, as_written, complaint, fingerprint
from sidecar.settings.tree import Written


class ClientCertificates(StrEnum):
    """Whether clients are asked for a certificate, and whether one who has none is let in."""

    OFF = "off"
    OPTIONAL = "optional"
    REQUIRED = "required"


class MinimumVersion(StrEnum):
    """The oldest version of TLS that is spoken."""

    TLS_1_2 = "1.2"
    TLS_1_3 = "1.3"


def _number_as_written(value: Any) -> Any:
    """YAML reads 1.2 as a number."""
    return value.text if isinstance(value, Written) else value


class Tls(Part):
    """TLS on a port. The files are watched: a new certificate is shown to whoever connects from then on, without a restart."""

    certificate: Name = Field(
        description="PEM file of the certificate, with those of authorities in between behind it. ${NAME} is replaced from the environment."
    )
    key: Name = Field(description="PEM file of its private key, without a passphrase. ${NAME} is replaced from the environment.")
    client_ca: Name | None = Field(
        default=None, description="PEM file of the authorities of clients' certificates. ${NAME} is replaced from the environment."
    )
    client_certificate: Annotated[ClientCertificates, BeforeValidator(as_written)] = Field(
        default=ClientCertificates.OFF,
        description="Whether clients are asked for a certificate of `client_ca`: off, optional, or required of everybody.",
    )
    minimum: Annotated[MinimumVersion, BeforeValidator(_number_as_written)] = Field(
        default=MinimumVersion.TLS_1_2, description="The oldest version of TLS that is spoken: 1.2 or 1.3."
    )

    @model_validator(mode="after")
    def _authorities_where_asked_for(self) -> "Tls":
        if self.client_ca is None and self.client_certificate is not ClientCertificates.OFF:
            raise complaint("`client_certificate` needs `client_ca`: nothing says whose certificates count", "name the file")
        if self.client_ca is not None and self.client_certificate is ClientCertificates.OFF:
            raise complaint("clients are not asked for certificates, so `client_ca` says nothing", "write `client_certificate: optional`")
        return self


def _whole_name(text: str) -> str:
    if "*" in text:
        raise complaint("names are compared whole, so `*` stands for nothing", "write the name that the certificate has")
    return text


class CertificateRule(Part):
    """The client certificates with which an app connector may be used: those that any of the lists names."""

    sha256: tuple[Annotated[str, BeforeValidator(fingerprint)], ...] = Field(
        default=(), description="Fingerprints: SHA-256 of the certificate (DER), in hexadecimal, with or without colons."
    )
    dns_names: tuple[Annotated[Name, AfterValidator(_whole_name), AfterValidator(str.lower)], ...] = Field(
        default=(), description="DNS names among its subject alternative names; compared whole, in any letter case."
    )
    uris: tuple[Annotated[Name, AfterValidator(_whole_name)], ...] = Field(
        default=(), description="URIs among its subject alternative names, such as spiffe://example.com/hours."
    )
    common_names: tuple[Annotated[Text, AfterValidator(_whole_name)], ...] = Field(
        default=(), description="Common names (CN) of its subject, for certificates without alternative names."
    )

    @model_validator(mode="after")
    def _names_something(self) -> "CertificateRule":
        if not (self.sha256 or self.dns_names or self.uris or self.common_names):
            raise complaint("names no certificate, so that nobody could use the app connector", "name one, or take the key out")
        return self
