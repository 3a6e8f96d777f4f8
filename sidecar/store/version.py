"""The version of a policy: the same for the same meaning, another for any other, whatever the files look like."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import datetime, timedelta
from ipaddress import IPv4Network, IPv6Network
from typing import Any

from sidecar.identity.issuer import Issuer
from sidecar.identity.key_set import KeySet
from sidecar.otp.enrolment import Enrolments
from sidecar.otp.installation import Installation
from sidecar.policy.model import Policy
from sidecar.policy.where import Where
from sidecar.store.oauth_client import OAuthClient
from sidecar.store.snapshot import AfasToken, Environment


def version_of(
    policy: Policy,
    environments: Mapping[str, Environment],
    authorities: Mapping[str, bytes],
    enrolments: Enrolments | None = None,
    installation: Installation | None = None,
    issuers: Mapping[str, Issuer] | None = None,
    public_urls: tuple[str, ...] = (),
) -> str:
    """12 hexadecimal characters.

    :param authorities: digests of the environments' CA files, whose content matters as well.
    """
    content = [_canonical(policy), _canonical(environments), _canonical(authorities)]
    if enrolments is not None:
        content.append(_canonical(enrolments.by_keys))
    if installation is not None:
        content.append(_canonical(installation))
    if issuers:
        content.append(_canonical(issuers))
    if public_urls:
        content.append(["public_urls", *sorted(public_urls)])
    return hashlib.sha256(json.dumps(content, separators=(",", ":")).encode()).hexdigest()[:12]


def _canonical(value: Any) -> Any:
    """The value in lists and texts, in an order that doesn't depend on that of the files. No credential, only its fingerprint."""
    match value:
        case None | str() | int() | float():
            return value
        case bytes():
            return value.hex()
        case datetime():
            return value.isoformat()
        case IPv4Network() | IPv6Network():
            return str(value)
        case Where():
            return _canonical(value.expression)
        case AfasToken() | OAuthClient() | KeySet():
            return value.fingerprint
        case Installation(database, secret, smtp, rules):
            secrets = [database, secret.hex(), smtp.password]
            digest = hashlib.sha256(json.dumps(secrets).encode()).hexdigest()
            return [digest, _canonical(replace(smtp, password="")), _canonical(rules)]
        case timedelta():
            return value.total_seconds()
        case Policy():
            return [_canonical(part) for part in (value.users, value.app_connectors, value.filter_types, value.tokens, value.of_all)]
        case Mapping():
            return sorted([_canonical(key), _canonical(item)] for key, item in value.items())
        case frozenset():
            return sorted(_canonical(item) for item in value)
        case tuple():
            return [_canonical(item) for item in value]
        case _ if is_dataclass(value):
            return [type(value).__name__, *(_canonical(getattr(value, each.name)) for each in fields(value))]
    raise TypeError(type(value).__name__)
