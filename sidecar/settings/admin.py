"""The admin port as it is written in the configuration: where it listens, and who may administer the policy there."""

import hashlib
from collections.abc import Mapping

from pydantic import Field, field_validator

from sidecar.settings.part import Part
from sidecar.settings.scalars import Flag, Listen, Name, Sha256, complaint
from sidecar.settings.tls import Tls

_NOTHING = hashlib.sha256().hexdigest()


class AdminKey(Part):
    """A key for the administration API, of which only the hash is kept."""

    sha256: Sha256 = Field(description="SHA-256 of the key's 64 characters, in hexadecimal. `sidecar admin key` makes both.")
    read_only: Flag = Field(default=False, description="true: with this key everything can be looked at, and nothing changed.")

    @field_validator("sha256")
    @classmethod
    def _of_something(cls, digest: str) -> str:
        """An empty key is no key: every caller has it."""
        if digest == _NOTHING:
            raise complaint("is the SHA-256 of nothing", "take that of the key")
        return digest


class Admin(Part):
    """The port for health, metrics and administration."""

    listen: Listen = Field(
        default="127.0.0.1:8081",
        description="host:port of health, metrics and the administration API. ${NAME} is replaced from the environment.",
    )
    tls: Tls | None = Field(default=None, description="TLS on that port. Without it: plain HTTP.")
    keys: dict[Name, AdminKey] = Field(
        default={},
        description="Keys for the administration API, by the name that the audit tells. Without any, or with policy in files, it is off.",
    )

    @field_validator("keys")
    @classmethod
    def _told_apart(cls, keys: Mapping[str, AdminKey]) -> Mapping[str, AdminKey]:
        """The audit tells by whose key a change was made."""
        if len({key.sha256 for key in keys.values()}) < len(keys):
            raise complaint("two names have the same key, so that nobody could tell who it was", "make one for each: `sidecar admin key`")
        return keys
