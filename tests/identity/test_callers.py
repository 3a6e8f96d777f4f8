"""What is remembered of callers changes nothing about who they are."""

from dataclasses import replace

import pytest

from sidecar.errors import Reason, Refusal
from sidecar.identity import callers as module
from sidecar.identity.callers import Callers
from sidecar.identity.identify import identify
from sidecar.identity.user_token import authorization_for, digest_of
from sidecar.policy.model import AppConnector, Policy, User, UserToken

SECRETS = {name: character * 64 for name, character in (("ann", "A"), ("bob", "B"))}
TOKENS = {name: UserToken(digest_of(data), "hours", name, f"{name}'s phone") for name, data in SECRETS.items()}
POLICY = Policy(
    "1",
    {name: User(name) for name in SECRETS},
    {"hours": AppConnector("hours", "O12345AA", "everyone")},
    {},
    {token.digest: token for token in TOKENS.values()},
)


def header(name: str) -> bytes:
    return authorization_for(SECRETS[name]).encode()


def refusal_of(callers: Callers, policy: Policy, authorization: bytes | None) -> Reason:
    with pytest.raises(Refusal) as refused:
        callers.identify(policy, authorization, "192.0.2.1")
    return refused.value.reason


def test_who_is_remembered_is_who_was_identified() -> None:
    callers = Callers()
    for _ in range(2):
        for name in SECRETS:
            for address in ("192.0.2.1", "192.0.2.2"):
                expected = identify(POLICY, header(name).decode(), address)
                assert callers.identify(POLICY, header(name), address) == expected
                assert (expected.user.name, expected.address) == (name, address)


def test_a_token_that_was_revoked_is_unknown_at_once() -> None:
    callers = Callers()
    callers.identify(POLICY, header("ann"), "192.0.2.1")
    without = replace(POLICY, version="2", tokens={TOKENS["bob"].digest: TOKENS["bob"]})
    assert refusal_of(callers, without, header("ann")) is Reason.TOKEN_UNKNOWN
    assert callers.identify(POLICY, header("ann"), "192.0.2.1").user.name == "ann"


def test_a_token_that_was_unknown_is_known_once_it_is_there() -> None:
    callers = Callers()
    without = replace(POLICY, version="2", tokens={})
    assert refusal_of(callers, without, header("ann")) is Reason.TOKEN_UNKNOWN
    assert callers.identify(POLICY, header("ann"), "192.0.2.1").user.name == "ann"


def test_no_header_and_a_malformed_one_are_told_apart() -> None:
    assert refusal_of(Callers(), POLICY, None) is Reason.TOKEN_MISSING
    assert refusal_of(Callers(), POLICY, b"Bearer x") is Reason.TOKEN_MALFORMED


def test_no_token_is_held_and_not_too_many_callers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_REMEMBERED", 3)
    callers = Callers()
    for last in range(10):
        callers.identify(POLICY, header("ann"), f"192.0.2.{last}")
        refusal_of(callers, POLICY, authorization_for(f"{last:064}").encode())
    assert len(callers._callers) == 3
    held = repr(callers._callers)
    assert header("ann").decode() not in held
    assert SECRETS["ann"] not in held
