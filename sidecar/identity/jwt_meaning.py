"""From the claims of a verified JWT to what they prove: user, app connector and environment, and attributes of the user. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sidecar.errors import Reason, Refusal
from sidecar.identity.issuer import Issuer, UserKey
from sidecar.policy.where import Attribute

_LONGEST_TEXT = 1_000
_MOST_VALUES = 1_000
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_ADDRESS = re.compile(r"[^@\s]{1,64}@[^@\s]{1,255}")


@dataclass(frozen=True, slots=True)
class Meaning:
    """What the claims say; of user name and e-mail address one is "".

    :ivar environment: the one that the app connector must be of; any, where it is "".
    :ivar attributes: for a user of whom policy says none of that name.
    """

    app_connector: str
    user: str = ""
    email: str = ""
    environment: str = ""
    attributes: Mapping[str, Attribute] = field(default_factory=dict)


def meaning_of(claims: Mapping[str, Any], issuer: Issuer) -> Meaning:
    """What the claims prove, if the token is the issuer's.

    :raises Refusal: JWT_CLAIMS or JWT_CLIENT_UNKNOWN.
    """
    user = _text(claims, issuer.user.claim)
    by_email = issuer.user.by is UserKey.EMAIL
    if by_email:
        # A claim that users write themselves, such as a@b@c, is no address (oauth2-proxy, GHSA-c5c4-8r6x-56w3).
        if _ADDRESS.fullmatch(user) is None:
            raise _wrong(f"`{issuer.user.claim}` is no e-mail address")
        if not issuer.user.trust_unverified_email and claims.get("email_verified") is not True:
            raise _wrong("`email_verified` is not true")
    return Meaning(
        app_connector=_app_connector(claims, issuer),
        user="" if by_email else user,
        email=user if by_email else "",
        environment="" if issuer.environment_claim is None else _text(claims, issuer.environment_claim),
        attributes={name: _attribute(claims, claim) for name, claim in issuer.attributes.items() if claims.get(claim) is not None},
    )


def _wrong(detail: str) -> Refusal:
    return Refusal(Reason.JWT_CLAIMS, detail)


def _app_connector(claims: Mapping[str, Any], issuer: Issuer) -> str:
    client = issuer.app_connector
    if client.claim is None:
        return client.fixed
    app_connector = client.clients.get(_text(claims, client.claim))
    if app_connector is None:
        raise Refusal(Reason.JWT_CLIENT_UNKNOWN, f"`{client.claim}` is none of the issuer's `clients`")
    return app_connector


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST_TEXT or value != value.strip() or _CONTROLS.search(value):
        raise _wrong(f"`{name}` is missing, or no plain text")
    return value


def _attribute(claims: Mapping[str, Any], name: str) -> Attribute:
    """One value or several. Half of what a claim says could mean more than all of it, so one bad value spoils it."""
    value = claims[name]
    if not isinstance(value, list):
        return _value(value, name)
    if len(value) > _MOST_VALUES:
        raise _wrong(f"`{name}` holds more than {_MOST_VALUES} values")
    return tuple(_value(each, name) for each in value)


def _value(value: Any, name: str) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case str() if len(value) <= _LONGEST_TEXT and not _CONTROLS.search(value):
            return value
    raise _wrong(f"`{name}` is neither a text nor a whole number, nor a list of these")
