"""Whom a token names: an address counts that the provider has verified, and no client is a person."""

from dataclasses import replace
from typing import Any

import pytest

from sidecar.errors import Reason, Refusal
from sidecar.identity.issuer import ClientClaim, Issuer, UserClaim, UserKey
from sidecar.identity.jwt_meaning import meaning_of
from tests.jwt.issuers import COMPANY

DIRECTOR = "director@example.com"
VERIFIED = {"email": DIRECTOR, "email_verified": True}


def by(claim: str, key: UserKey, *, trusting: bool = False, **changes: Any) -> Issuer:
    return replace(COMPANY, user=UserClaim(claim, key, trusting), **changes)


BY_ADDRESS = by("email", UserKey.EMAIL)
BY_LOGIN = by("preferred_username", UserKey.EMAIL)
NAMED_BY_ADDRESS = by("email", UserKey.NAME)


@pytest.mark.parametrize(
    ("issuer", "claims"),
    [
        (BY_ADDRESS, VERIFIED),
        (BY_LOGIN, {**VERIFIED, "preferred_username": DIRECTOR}),
        (BY_LOGIN, {**VERIFIED, "preferred_username": "Director@Example.com"}),
        (NAMED_BY_ADDRESS, VERIFIED),
        (by("preferred_username", UserKey.EMAIL, trusting=True), {"preferred_username": DIRECTOR}),
        (by("email", UserKey.NAME, trusting=True), {"email": DIRECTOR}),
        (by("upn", UserKey.NAME), {"upn": DIRECTOR}),
    ],
)
def test_an_address_that_was_verified_names_its_user(issuer: Issuer, claims: dict[str, Any]) -> None:
    meaning = meaning_of({"azp": "hours-mobile", **claims}, issuer)
    assert (meaning.user or meaning.email).lower() == DIRECTOR


@pytest.mark.parametrize(
    ("issuer", "claims"),
    [
        # He calls himself so where he may choose his login; what was verified is his own address.
        (BY_LOGIN, {"preferred_username": DIRECTOR, "email": "mallory@example.com", "email_verified": True}),
        (BY_LOGIN, {"preferred_username": DIRECTOR, "email_verified": True}),
        (BY_LOGIN, {"preferred_username": DIRECTOR, "email": [DIRECTOR], "email_verified": True}),
        (BY_LOGIN, {"preferred_username": DIRECTOR, "email": DIRECTOR}),
        # A sign that only some letters' lower case is the same.
        (BY_LOGIN, {"preferred_username": "dırector@example.com", "email": DIRECTOR, "email_verified": True}),
        # Users who are called by their addresses are no less known by them.
        (NAMED_BY_ADDRESS, {"email": DIRECTOR}),
        (NAMED_BY_ADDRESS, {"email": DIRECTOR, "email_verified": "true"}),
    ],
)
def test_an_address_that_nobody_verified_names_nobody(issuer: Issuer, claims: dict[str, Any]) -> None:
    with pytest.raises(Refusal, match="email_verified") as refused:
        meaning_of({"azp": "hours-mobile", **claims}, issuer)
    assert refused.value.reason is Reason.JWT_CLAIMS


CALLED = {"sub": "director"}
BY_SUBJECT = by("sub", UserKey.NAME, app_connector=ClientClaim("application", {"director": "hours", "phone": "hours"}))
FIXED = by("sub", UserKey.NAME, app_connector=ClientClaim(fixed="hours"))


@pytest.mark.parametrize(
    ("issuer", "claims"),
    [
        (BY_SUBJECT, {"application": "director"}),
        (BY_SUBJECT, {"application": "phone", "client_id": "director"}),
        *((FIXED, {name: "director"}) for name in ("azp", "client_id", "cid", "appid")),
    ],
)
def test_a_client_that_is_called_like_a_user_is_not_he(issuer: Issuer, claims: dict[str, Any]) -> None:
    with pytest.raises(Refusal, match="names the client itself") as refused:
        meaning_of(CALLED | claims, issuer)
    assert refused.value.reason is Reason.JWT_CLAIMS


def test_people_of_another_client_are_who_they_are_and_clients_may_be_users() -> None:
    assert meaning_of(CALLED | {"azp": "phone"}, FIXED).user == "director"
    clients = replace(FIXED, user=UserClaim("client_id"))
    assert meaning_of({"client_id": "sync", "azp": "sync"}, clients).user == "sync"
