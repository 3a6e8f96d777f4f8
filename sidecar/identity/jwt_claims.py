"""What a JWT says of itself: for whom it is, from when to when, and that it is an access token. Pure; the clock is handed in."""

from collections.abc import Mapping
from typing import Any

from sidecar.errors import Reason, Refusal
from sidecar.identity.issuer import Issuer

_MOST_AUDIENCES = 50
_LATEST = 253_402_300_799  # the end of the year 9999
_OF_ID_TOKENS = ("at_hash", "c_hash", "s_hash")
_OF_EVENTS = ("events", "toe")  # RFC 8417: logout tokens and the like
_ACCESS_TYPES = frozenset({"bearer", "dpop", "jwt", "at+jwt"})


def check_claims(claims: Mapping[str, Any], issuer: Issuer, now: float) -> float:
    """The moment, in seconds since 1970, from which the token counts no more; leeway included.

    :raises Refusal: JWT_CLAIMS, JWT_AUDIENCE or JWT_EXPIRED.
    """
    if claims.get("iss") != issuer.issuer:
        raise Refusal(Reason.JWT_ISSUER_UNKNOWN, "`iss` is of another issuer")
    _check_audience(claims, issuer)
    _check_kind(claims)
    subject = claims.get("sub")
    if subject is not None and not (isinstance(subject, str) and subject):
        raise _wrong("`sub` is no text")
    for name in issuer.required_claims:
        if claims.get(name) is None:
            raise _wrong(f"`{name}` is missing, a required claim")
    return _check_times(claims, issuer, now)


def _wrong(detail: str) -> Refusal:
    return Refusal(Reason.JWT_CLAIMS, detail)


def _check_audience(claims: Mapping[str, Any], issuer: Issuer) -> None:
    said = claims.get("aud")
    audiences = said if isinstance(said, list) else [said]
    if not 0 < len(audiences) <= _MOST_AUDIENCES or not all(isinstance(each, str) for each in audiences):
        raise Refusal(Reason.JWT_AUDIENCE, "`aud` is neither a text nor a list of texts")
    if issuer.audiences.isdisjoint(audiences):
        raise Refusal(Reason.JWT_AUDIENCE, "`aud` names none of the issuer's `audiences`")
    if not issuer.other_audiences and not issuer.audiences.issuperset(audiences):
        raise Refusal(Reason.JWT_AUDIENCE, "`aud` names others beside, which only `other_audiences: true` admits")


def _check_kind(claims: Mapping[str, Any]) -> None:
    """Providers sign more than access tokens with the same keys, and an ID token, say, is sent to whoever signs people in."""
    kind = claims.get("typ")  # Keycloak: Bearer, ID, Refresh, Offline, Logout
    if kind is not None and not (isinstance(kind, str) and kind.lower() in _ACCESS_TYPES):
        raise _wrong("the claim `typ` says that it is no access token")
    if claims.get("token_use", "access") != "access":  # Cognito
        raise _wrong("`token_use` says that it is no access token")
    if any(name in claims for name in _OF_ID_TOKENS) or ("nonce" in claims and kind is None):
        raise _wrong("it is an ID token, which is for the app that signs people in; send the access token")
    if any(name in claims for name in _OF_EVENTS):
        raise _wrong("it tells of an event, and is no access token")


def _check_times(claims: Mapping[str, Any], issuer: Issuer, now: float) -> float:
    expires, issued, begins = (_moment(claims, name) for name in ("exp", "iat", "nbf"))
    if expires is None:
        raise _wrong("`exp` is missing")
    for name, moment in (("iat", issued), ("nbf", begins)):
        if moment is not None and moment > now + issuer.leeway:
            raise _wrong(f"`{name}` lies in the future")
    made = now if issued is None else issued
    if expires - made > issuer.max_lifetime:
        raise _wrong("it is made for longer than the issuer's `max_lifetime`")
    if issuer.max_age is not None:
        if issued is None:
            raise _wrong("`iat` is missing, which `max_age` needs")
        expires = min(expires, issued + issuer.max_age)
    if now >= expires + issuer.leeway:
        raise Refusal(Reason.JWT_EXPIRED)
    return expires + issuer.leeway


def _moment(claims: Mapping[str, Any], name: str) -> float | None:
    value = claims.get(name)
    if value is None and name not in claims:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _LATEST:
        raise _wrong(f"`{name}` is no number of seconds")
    return float(value)
