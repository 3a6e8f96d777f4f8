"""Clients that sign in for themselves: whose tokens are a system user's, and whose are nobody's."""

from dataclasses import replace
from typing import Any

import pytest

from sidecar.errors import Reason, Refusal
from sidecar.identity.issuer import ClientClaim, Issuer, UserClaim, UserKey
from sidecar.identity.jwt_meaning import meaning_of
from tests.jwt.issuers import COMPANY

ISSUER = replace(
    COMPANY,
    user=UserClaim("upn", UserKey.EMAIL, True, {"sync": "sync.service"}),
    app_connector=ClientClaim("azp", {"sync": "nightly", "phone": "hours"}),
)
BY_SUBJECT = replace(ISSUER, user=replace(ISSUER.user, claim="sub"))


@pytest.mark.parametrize(
    ("issuer", "claims"),
    [
        (ISSUER, {"azp": "sync"}),
        (ISSUER, {"azp": "sync", "sub": "7777", "oid": "7777", "idtyp": "app", "roles": ["Read"]}),
        (ISSUER, {"azp": "sync", "sub": "sync@clients", "gty": "client-credentials"}),
        (ISSUER, {"azp": "sync", "scp": ["connectors"]}),
        (BY_SUBJECT, {"azp": "sync", "sub": "sync"}),
    ],
)
def test_a_program_is_its_system_user(issuer: Issuer, claims: dict[str, Any]) -> None:
    meaning = meaning_of(claims, issuer)
    assert (meaning.user, meaning.email, meaning.app_connector) == ("sync.service", "", "nightly")


@pytest.mark.parametrize(
    ("issuer", "claims"),
    [
        (ISSUER, {"upn": "j.devries@example.com"}),
        (ISSUER, {"upn": ""}),
        (ISSUER, {"upn": 1}),
        (ISSUER, {"upn": ["sync"]}),
        (ISSUER, {"scp": "access_as_user"}),
        (ISSUER, {"idtyp": "user"}),
        (ISSUER, {"auth_time": 1_767_261_600}),
        (ISSUER, {"amr": ["pwd"]}),
        (ISSUER, {"sid": "0b1c6a55-7f0e-4d53-8a54-0b7f5a3f6f0e"}),
        (ISSUER, {"gty": "password"}),
        (BY_SUBJECT, {"sub": "j.devries@example.com"}),
        (BY_SUBJECT, {"sub": "sync.service"}),
    ],
)
def test_whoever_signs_in_with_a_programs_client_is_not_the_program(issuer: Issuer, claims: dict[str, Any]) -> None:
    with pytest.raises(Refusal) as refused:
        meaning_of({"azp": "sync"} | claims, issuer)
    assert refused.value.reason is Reason.JWT_CLAIMS


@pytest.mark.parametrize("client", ["phone", "SYNC", "sync.service"])
def test_another_client_without_a_user_is_nobody(client: str) -> None:
    with pytest.raises(Refusal):
        meaning_of({"azp": client}, ISSUER)
    known = replace(ISSUER, app_connector=ClientClaim("azp", {client: "hours"}))
    with pytest.raises(Refusal, match="upn"):
        meaning_of({"azp": client}, known)


def test_where_the_app_connector_is_fixed_no_client_is_a_program() -> None:
    fixed = replace(ISSUER, app_connector=ClientClaim(fixed="hours"))
    assert meaning_of({"azp": "sync", "upn": "j.devries@example.com"}, fixed).email == "j.devries@example.com"
