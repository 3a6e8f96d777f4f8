"""From the claims of a verified JWT to what they prove: user, app connector and environment, and attributes of the user. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sidecar.errors import Reason, Refusal
from sidecar.identity.email import folded
from sidecar.identity.issuer import Issuer, UserKey
from sidecar.policy.where import Attribute

_LONGEST_TEXT = 1_000
_MOST_VALUES = 1_000
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_CLIENTS = ("azp", "client_id", "cid", "appid")
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
    client = "" if issuer.app_connector.claim is None else _text(claims, issuer.app_connector.claim)
    user, email = _user(claims, issuer, client)
    return Meaning(
        app_connector=_app_connector(client, issuer),
        user=user,
        email=email,
        environment="" if issuer.environment_claim is None else _text(claims, issuer.environment_claim),
        attributes={name: _attribute(claims, claim) for name, claim in issuer.attributes.items() if claims.get(claim) is not None},
    )


def _wrong(detail: str) -> Refusal:
    return Refusal(Reason.JWT_CLAIMS, detail)


def _app_connector(client: str, issuer: Issuer) -> str:
    if issuer.app_connector.claim is None:
        return issuer.app_connector.fixed
    app_connector = issuer.app_connector.clients.get(client)
    if app_connector is None:
        raise Refusal(Reason.JWT_CLIENT_UNKNOWN, f"`{issuer.app_connector.claim}` is none of the issuer's `clients`")
    return app_connector


def _user(claims: Mapping[str, Any], issuer: Issuer, client: str) -> tuple[str, str]:
    """The user's name and his e-mail address; one of them is ""."""
    program = issuer.user.programs.get(client)
    if program is not None:
        _check_nobody(claims, issuer, client)
        return program, ""
    said = _text(claims, issuer.user.claim)
    _check_person(said, claims, issuer)
    by_name = issuer.user.by is UserKey.NAME
    # A claim that users write themselves, such as a@b@c, is no address (oauth2-proxy, GHSA-c5c4-8r6x-56w3).
    if not by_name and _ADDRESS.fullmatch(said) is None:
        raise _wrong(f"`{issuer.user.claim}` is no e-mail address")
    if issuer.user.takes_address and not issuer.user.trust_unverified_email:
        _check_verified(said, claims, issuer)
    return (said, "") if by_name else ("", said)


def _check_person(said: str, claims: Mapping[str, Any], issuer: Issuer) -> None:
    """A client that signs in for itself is named by its id where users are; whoever may choose that could be anybody (RFC 9700, 4.15)."""
    if issuer.user.claim not in _CLIENTS and said in (claims.get(name) for name in (*_CLIENTS, issuer.app_connector.claim or "")):
        raise _wrong(f"`{issuer.user.claim}` names the client itself, which is none of the issuer's `programs`")


def _check_verified(said: str, claims: Mapping[str, Any], issuer: Issuer) -> None:
    """The provider has verified what `email` holds, and nothing of what any other claim does."""
    if claims.get("email_verified") is not True:
        raise _wrong("`email_verified` is not true")
    address = claims.get("email")
    if not isinstance(address, str) or folded(address) != folded(said):
        raise _wrong(f"`email_verified` says nothing of `{issuer.user.claim}`, which is not the same as `email`")


def _check_nobody(claims: Mapping[str, Any], issuer: Issuer, client: str) -> None:
    """A program's client must not sign people in; if it does nevertheless, they are not the program.

    Okta names the client where it would name the user. What tells that there is a user differs between providers: when, how and in which
    session he signed in (OpenID Connect; Keycloak tells the session alone), what he lets the app do (Entra ID), which kind of token it is
    (Entra ID), by which grant it came (Auth0).
    """
    if (
        claims.get(issuer.user.claim) not in (None, client)
        or any(claims.get(name) is not None for name in ("auth_time", "amr", "sid"))
        or isinstance(claims.get("scp"), str)
        or claims.get("idtyp", "app") != "app"
        or claims.get("gty", "client-credentials") != "client-credentials"
    ):
        raise _wrong("it is of a user, but its client is one of the issuer's `programs`")


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
