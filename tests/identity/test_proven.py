"""Who asks, whatever kind of credential proves it."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from sidecar.errors import Reason, Refusal
from sidecar.identity.email import folded, names_by_email
from sidecar.identity.proven import Proven, caller_of
from sidecar.policy.model import AppConnector, Policy, User

HOURS = AppConnector("hours", "O12345AA", "everyone", blocked=False)
USER = User("j.devries", "j.devries@example.com")
POLICY = Policy("1", {}, {"hours": HOURS}, {}, {})
PROVEN = Proven("hours", "j.devries", environment="O12345AA", device="phone", expires=datetime(2027, 1, 1, tzinfo=UTC))


def test_what_is_proven_makes_a_caller() -> None:
    caller = caller_of(POLICY, PROVEN, USER, "192.0.2.1", 7)
    assert (caller.user, caller.app_connector, caller.device, caller.address) == (USER, HOURS, "phone", "192.0.2.1")
    assert (caller.token_expires, caller.as_of) == (PROVEN.expires, 7)


def test_of_which_state_of_users_it_is_makes_no_other_caller() -> None:
    assert caller_of(POLICY, PROVEN, USER, "192.0.2.1", 7) == caller_of(POLICY, PROVEN, USER, "192.0.2.1", 8)


@pytest.mark.parametrize(
    ("policy", "user", "reason"),
    [
        (POLICY, None, Reason.USER_UNKNOWN),
        (replace(POLICY, app_connectors={}), USER, Reason.TOKEN_UNKNOWN),
        (replace(POLICY, app_connectors={"hours": replace(HOURS, environment="elsewhere")}), USER, Reason.TOKEN_UNKNOWN),
    ],
)
def test_it_proves_nothing_when_what_it_is_for_is_gone(policy: Policy, user: User | None, reason: Reason) -> None:
    with pytest.raises(Refusal) as refused:
        caller_of(policy, PROVEN, user, "192.0.2.1")
    assert refused.value.reason is reason


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("J.DeVries@Example.COM", "j.devries@example.com"),
        ("[Z]@{A}`^", "[z]@{a}`^"),
        ("É\u212aſßİ@x", "É\u212aſßİ@x"),  # Unicode would make these é, k, s, ss and i
    ],
)
def test_addresses_are_the_same_whatever_the_case_of_a_to_z(address: str, expected: str) -> None:
    assert folded(address) == expected


def test_an_address_that_users_share_names_none_of_them() -> None:
    users = [replace(USER, name=name, email=email) for name, email in zip("abcde", ["x@y", "X@y", "x@Y", "z@y", ""], strict=True)]
    assert names_by_email(users) == {"x@y": None, "z@y": "d"}
