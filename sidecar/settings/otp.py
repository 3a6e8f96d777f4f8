"""One-time passwords as they are written in the configuration: the authority as a whole, an environment's part, an app connector's keys."""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, field_validator, model_validator

from sidecar.otp.enrolment import Enrolment, is_mailable, key_digest
from sidecar.otp.message import Language
from sidecar.otp.rules import Rules
from sidecar.otp.smtp import PORTS, Security, SmtpServer
from sidecar.settings.part import Part, Secret, SecretFile
from sidecar.settings.scalars import Name, Sha256, Text, Whole, as_written, complaint

_MOST_PORT = 65_535


class OtpMode(StrEnum):
    """Who answers requests for one-time passwords of an environment."""

    LOCAL = "local"
    FORWARD = "forward"
    OFF = "off"


Mode = Annotated[OtpMode, BeforeValidator(as_written)]


def _email(text: str) -> str:
    if not is_mailable(text):
        raise complaint("is not an e-mail address", "such as profit@example.com")
    return text


class Smtp(Part):
    """The mail server that codes go out through. The connection is always encrypted and the server's certificate verified."""

    host: Name = Field(description="Name of the mail server, as in its certificate. ${NAME} is replaced from the environment.")
    port: Whole | None = Field(default=None, ge=1, le=_MOST_PORT, description="Its port; 587 with starttls and 465 with tls, unless said.")
    security: Security = Field(default=Security.STARTTLS, description="starttls, or tls from the first byte.")
    sender: Annotated[Text, AfterValidator(_email)] = Field(description="From which address codes come.")
    user: Text = Field(default="", description="Name for the login; without it there is none.")
    password: SecretFile | None = Field(default=None, description="{file: path} of the password for the login.")
    ca_file: Name | None = Field(default=None, description="PEM file of the authorities for the server's certificate. ${NAME} is replaced.")

    @model_validator(mode="after")
    def _both_or_neither(self) -> "Smtp":
        if bool(self.user) != (self.password is not None):
            raise complaint("a login takes both `user` and `password`", "add the other one, or leave both out")
        return self


class OneTimePasswords(Part):
    """The sidecar as token authority, for environments with `otp: local`."""

    database: Secret = Field(
        description="Where codes and tokens are: sqlite:///path, relative to this file, or postgresql://…; text, ${NAME} or {file: path}."
    )
    secret: SecretFile = Field(
        description="{file: path} of at least 32 random characters, the same for all replicas. Codes can't be told from the database alone."
    )
    smtp: Smtp = Field(description="The mail server that codes go out through.")
    code_minutes: Whole = Field(default=15, ge=1, le=60, description="Minutes that a code lives.")
    tries: Whole = Field(default=5, ge=1, le=10, description="Tries after which a code is dead.")
    token_days: Whole = Field(default=365, ge=1, le=3_650, description="Days that a token lives.")
    per_user: Whole = Field(default=5, ge=1, le=60, description="Most mails to one user in an hour; further requests bring none.")
    per_address: Whole = Field(default=60, ge=1, description="Most requests, and most redemptions, from one address in an hour.")
    mails_per_hour: Whole = Field(default=300, ge=1, description="Most mails to all users together; with `tries` it bounds all guessing.")


class OtpKeys(Part):
    """What the app shows to ask for codes: both keys of the app connector, of which only the hashes are kept."""

    api_key_sha256: Sha256 = Field(description="SHA-256 of the API key, in hexadecimal.")
    environment_key_sha256: Sha256 = Field(description="SHA-256 of the environment key, in hexadecimal.")
    language: Language | None = Field(default=None, description="Language of the mail, nl or en; the environment's unless said.")

    @field_validator("api_key_sha256", "environment_key_sha256")
    @classmethod
    def _of_something(cls, digest: str) -> str:
        """An empty key is no key: every caller has it."""
        if bytes.fromhex(digest) == key_digest(""):
            raise complaint("is the SHA-256 of nothing", "take that of the key")
        return digest


def rules_of(part: OneTimePasswords) -> Rules:
    """The numbers, as the authority takes them."""
    return Rules(
        code_lifetime=timedelta(minutes=part.code_minutes),
        most_tries=part.tries,
        token_lifetime=timedelta(days=part.token_days),
        per_user=part.per_user,
        per_address=part.per_address,
        mails_per_hour=part.mails_per_hour,
    )


def smtp_server_of(part: Smtp, password: str) -> SmtpServer:
    """The mail server.

    :param password: what stands in the file; "" without a login.
    """
    port = part.port or PORTS[part.security]
    return SmtpServer(part.host, port, part.security, part.sender, part.user, password, part.ca_file)


def enrolment_of(app_connector: str, keys: OtpKeys, language: Language) -> Enrolment:
    """The app connector's keys.

    :param language: the environment's.
    """
    api_key, environment_key = bytes.fromhex(keys.api_key_sha256), bytes.fromhex(keys.environment_key_sha256)
    return Enrolment(app_connector, api_key, environment_key, keys.language or language)
