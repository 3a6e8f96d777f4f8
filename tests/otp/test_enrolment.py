"""Whom a claim means: keys that belong together, users by name or by an address of their own."""

from dataclasses import replace
from ipaddress import ip_network

import pytest

from sidecar.errors import Reason
from sidecar.otp.enrolment import Claim, Enrolment, Recipient, enrolments_of, is_mailable, key_digest, recipient_of
from sidecar.otp.happening import Outcome
from sidecar.otp.message import Language
from sidecar.policy.model import AddressRule
from tests.otp.stage import CLAIM, ENROLMENT, ENROLMENTS, HOURS, NOW, POLICY, USER


def test_that_a_user_exists_does_not_cost_time_each_time_he_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(recipient_of(ENROLMENTS, CLAIM, NOW), Recipient)

    def parsed(**_: str) -> None:
        raise AssertionError("the address was parsed again")

    monkeypatch.setattr("sidecar.otp.enrolment.Address", parsed)
    assert isinstance(recipient_of(ENROLMENTS, CLAIM, NOW), Recipient)


@pytest.mark.parametrize("user_id", ["j.devries", "j.devries@example.com", "J.DeVries@Example.COM", "12345.j.devries"])
def test_a_user_is_found_by_name_or_address(user_id: str) -> None:
    assert recipient_of(ENROLMENTS, replace(CLAIM, user_id=user_id), NOW) == Recipient(USER, HOURS, Language.DUTCH)


@pytest.mark.parametrize(
    "user_id", ["", "J.DEVRIES", "j.devries ", "shared@example.com", "54321.j.devries", "12345.", "12345.12345.j.devries", "*", "\ud800"]
)
def test_anything_else_is_nobody(user_id: str) -> None:
    assert recipient_of(ENROLMENTS, replace(CLAIM, user_id=user_id), NOW) is Reason.USER_UNKNOWN


@pytest.mark.parametrize(
    "claim",
    [
        replace(CLAIM, api_key=CLAIM.api_key.lower()),
        replace(CLAIM, api_key=CLAIM.environment_key, environment_key=CLAIM.api_key),
        replace(CLAIM, api_key=""),
        replace(CLAIM, environment_key=""),
        replace(CLAIM, environment_key=CLAIM.environment_key + "\n"),
        replace(CLAIM, api_key="\ud800"),
    ],
)
def test_both_keys_must_be_right(claim: Claim) -> None:
    assert recipient_of(ENROLMENTS, claim, NOW) is Outcome.UNKNOWN_KEYS


def test_one_api_key_may_serve_several_environments() -> None:
    elsewhere = Enrolment("elsewhere", ENROLMENT.api_key, key_digest("other"), Language.ENGLISH)
    policy = replace(POLICY, app_connectors={"hours": HOURS, "elsewhere": replace(HOURS, name="elsewhere")})
    found = recipient_of(enrolments_of(policy, [ENROLMENT, elsewhere]), replace(CLAIM, environment_key="other"), NOW)
    assert isinstance(found, Recipient)
    assert (found.app_connector.name, found.language) == ("elsewhere", Language.ENGLISH)


def test_two_app_connectors_with_the_same_keys_are_a_mistake() -> None:
    with pytest.raises(ValueError, match="same keys"):
        enrolments_of(POLICY, [ENROLMENT, replace(ENROLMENT, app_connector="other")])


def test_the_clients_address_counts() -> None:
    elsewhere = AddressRule(allow=(ip_network("198.51.100.0/24"),))
    policy = replace(POLICY, app_connectors={"hours": replace(HOURS, addresses=elsewhere)})
    assert recipient_of(enrolments_of(policy, [ENROLMENT]), CLAIM, NOW) is Reason.ADDRESS_NOT_ALLOWED


@pytest.mark.parametrize("email", ["j.devries@example.com", "o'neil+app@mail.example.com"])
def test_one_address_can_be_mailed(email: str) -> None:
    assert is_mailable(email)


@pytest.mark.parametrize(
    "email",
    [
        "",
        "j.devries",
        "@example.com",
        "j.devries@",
        "a@example.com, b@example.com",
        "a@example.com;b@example.com",
        "Jan <jan@example.com>",
        "jan@example.com\nBcc: thief@example.com",
        "jan@example.com\r",
        " jan@example.com",
        "jan@example.com ",
        "jan@example.com (comment)",
        "jan@exa mple.com",
        "jürgen@example.com",
        "a@b@example.com",
        "jan@example.com\u2028",
        f"{'x' * 250}@example.com",
    ],
)
def test_nothing_else_can(email: str) -> None:
    assert not is_mailable(email)
