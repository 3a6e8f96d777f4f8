"""A refusal has one shape, the backend's own, whatever the reason."""

import json

import pytest

from sidecar.errors import Kind, Reason, Refusal
from sidecar.identity.dpop_proof import ALGORITHMS
from sidecar.proxy.own_answers import OwnAnswer
from sidecar.proxy.refusal import STATUS, answer_for

REFERENCE = "0123456789ABCDEF0123456789ABCDEF"


@pytest.mark.parametrize("reason", list(Reason))
def test_a_refusal_has_one_shape(reason: Reason) -> None:
    answer = answer_for(Refusal(reason, "detail"), REFERENCE)
    assert answer.status == STATUS[reason.kind]
    headers = dict(answer.headers)
    body = json.loads(answer.body)
    assert list(body) == ["externalMessage", "errorNumber", "profitLogReference"]
    assert body["profitLogReference"] == headers["X-Sidecar-Reference"] == REFERENCE
    assert headers["Content-Type"] == "application/json; charset=utf-8"
    assert headers["Cache-Control"] == "no-store"
    assert reason.value not in answer.body.decode()


def test_every_kind_has_a_status() -> None:
    assert set(STATUS) == set(Kind)


PROOFS = {Reason.DPOP_PROOF, Reason.DPOP_REPLAYED}
WANT_PROOFS = {Reason.JWT_AS_BEARER, Reason.JWT_UNBOUND}


def what_he_sent(reason: Reason) -> str:
    """What the caller knows himself: which of the two kinds of token, and whether it takes a proof."""
    if reason in PROOFS:
        return "a proof"
    return "a token to be proven" if reason in WANT_PROOFS else "a JWT" if reason.is_about_a_jwt else "a user token"


@pytest.mark.parametrize("kind", [Kind.IDENTITY, Kind.RIGHTS])
@pytest.mark.parametrize("behind_dpop", [False, True])
def test_no_such_connector_and_not_yours_look_the_same(kind: Kind, behind_dpop: bool) -> None:
    answers: dict[str, set[OwnAnswer]] = {}
    for reason in (reason for reason in Reason if reason.kind is kind):
        answer = answer_for(Refusal(reason, f"a detail about {reason}"), REFERENCE, behind_dpop=behind_dpop)
        answers.setdefault(what_he_sent(reason), set()).add(answer)
    assert {len(each) for each in answers.values()} == {1}


@pytest.mark.parametrize(
    ("reason", "behind_dpop", "challenge"),
    [
        (Reason.TOKEN_EXPIRED, False, "AfasToken"),
        (Reason.JWT_EXPIRED, False, 'Bearer error="invalid_token"'),
        (Reason.JWT_EXPIRED, True, f'DPoP error="invalid_token", algs="{" ".join(ALGORITHMS)}"'),
        (Reason.JWT_BOUND, False, 'Bearer error="invalid_token"'),
        (Reason.JWT_AS_BEARER, False, f'DPoP error="invalid_token", algs="{" ".join(ALGORITHMS)}"'),
        (Reason.JWT_UNBOUND, False, f'DPoP error="invalid_token", algs="{" ".join(ALGORITHMS)}"'),
        (Reason.DPOP_PROOF, True, f'DPoP error="invalid_dpop_proof", algs="{" ".join(ALGORITHMS)}"'),
        (Reason.DPOP_REPLAYED, True, f'DPoP error="invalid_dpop_proof", algs="{" ".join(ALGORITHMS)}"'),
    ],
)
def test_a_challenge_is_for_what_was_sent(reason: Reason, behind_dpop: bool, challenge: str) -> None:
    assert ("WWW-Authenticate", challenge) in answer_for(Refusal(reason), REFERENCE, behind_dpop=behind_dpop).headers


def test_details_are_told_about_the_callers_own_words_only() -> None:
    assert b"Condition 2: no" in answer_for(Refusal(Reason.FILTER_MALFORMED, "condition 2: no"), REFERENCE).body
    assert b"10.0.0.1" not in answer_for(Refusal(Reason.BACKEND_UNREACHABLE, "10.0.0.1:80"), REFERENCE).body
