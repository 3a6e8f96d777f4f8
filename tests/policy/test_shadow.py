"""In shadow a revocation is one, and all other conditions are only told."""

from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_network
from typing import Any

import pytest

from sidecar.errors import Reason
from sidecar.policy.model import AddressRule, Caller
from sidecar.policy.shadow import IN_FORCE, unmet_in_shadow
from tests.policy.test_decide import HOURS, NOW, USER

CALLER = Caller(USER, HOURS, "phone", "192.0.2.1")
DENIED = AddressRule(deny=(ip_network("192.0.2.0/24"),))


@pytest.mark.parametrize(
    ("app_connector", "user", "reason"),
    [
        ({"blocked": True}, {}, Reason.APP_CONNECTOR_BLOCKED),
        ({"valid_from": NOW + timedelta(1)}, {}, Reason.APP_CONNECTOR_NOT_YET_VALID),
        ({"valid_until": NOW}, {}, Reason.APP_CONNECTOR_EXPIRED),
        ({}, {"blocked": True}, Reason.USER_BLOCKED),
        ({"addresses": DENIED}, {}, Reason.ADDRESS_NOT_ALLOWED),
        ({"group": "board"}, {}, Reason.USER_NOT_MEMBER),
        ({}, {"email": ""}, Reason.USER_WITHOUT_EMAIL),
        ({}, {"applications": frozenset()}, Reason.USER_WITHOUT_APPLICATION),
    ],
)
def test_each_condition_is_in_force_or_told(app_connector: dict[str, Any], user: dict[str, Any], reason: Reason) -> None:
    caller = replace(CALLER, app_connector=replace(HOURS, **app_connector), user=replace(USER, **user))
    assert unmet_in_shadow(caller, NOW) == (reason if reason in IN_FORCE else None, reason)


def test_a_token_that_has_expired_is_no_token() -> None:
    assert unmet_in_shadow(replace(CALLER, token_expires=NOW), NOW)[0] is Reason.TOKEN_EXPIRED


def test_what_is_in_force_shows_behind_what_is_not() -> None:
    caller = replace(CALLER, app_connector=replace(HOURS, addresses=DENIED, group="board"), user=replace(USER, blocked=True, email=""))
    assert unmet_in_shadow(caller, NOW) == (Reason.USER_BLOCKED, Reason.ADDRESS_NOT_ALLOWED)


def test_who_meets_all_has_nothing_to_be_told() -> None:
    assert unmet_in_shadow(CALLER, NOW) == (None, None)
