"""What one request sees: the policy and the environments, immutable and exchanged together."""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from sidecar.dialects.soap.body_token import SoapCredential
from sidecar.filters.compact import MixedSeparators
from sidecar.identity.issuer import Issuer
from sidecar.otp.enrolment import Enrolments
from sidecar.otp.installation import Installation
from sidecar.policy.model import Policy
from sidecar.settings.otp import OtpMode
from sidecar.store.oauth_client import OAuthClient

if TYPE_CHECKING:
    from sidecar.policy_database.revision import Revision  # brings SQLAlchemy along, which many have no use for


@dataclass(frozen=True, slots=True)
class AfasToken:
    """The sidecar's own token for the backend, as the value of an Authorization header."""

    header_value: str = field(repr=False)

    @property
    def fingerprint(self) -> str:
        """Tells two tokens apart without telling either."""
        return hashlib.sha256(self.header_value.encode()).hexdigest()

    @property
    def xml(self) -> str:
        """The token itself, as it stands in a SOAP message."""
        return base64.b64decode(self.header_value.partition(" ")[2]).decode("ascii")


@dataclass(frozen=True, slots=True)
class Passthrough:
    """The backend gets the token that the client sent."""


Credential = AfasToken | Passthrough | OAuthClient


@dataclass(frozen=True, slots=True)
class Environment:
    """One administration of the backend. No URL has a slash at its end.

    :ivar soap_credential: where its SOAP services take the credential.
    :ivar soap_address: the URL of SOAP through the sidecar, as clients have it; None if they reach it under the host that they name.
    """

    name: str
    rest: str
    mixed: MixedSeparators
    credential: Credential
    ca_file: str | None = None
    otp: OtpMode = OtpMode.OFF
    soap: str | None = None
    soap_credential: SoapCredential = SoapCredential.HEADER
    soap_address: str | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Policy and environments as they were loaded at one moment (aware).

    :ivar enrolments: whose users may fetch tokens by one-time password; None where no environment has these.
    :ivar installation: what the token authority is made with; None where the sidecar is none.
    :ivar issuers: the identity providers, by what `iss` holds.
    :ivar public_urls: under which clients reach the sidecar; no URL has a slash at its end.
    :ivar revision: of the database that the rights come from, where users and tokens are looked up; None where all of it is in files.
    """

    policy: Policy
    environments: Mapping[str, Environment]
    loaded_at: datetime
    enrolments: Enrolments | None = None
    installation: Installation | None = None
    issuers: Mapping[str, Issuer] = field(default_factory=dict)
    public_urls: tuple[str, ...] = ()
    revision: "Revision | None" = None
