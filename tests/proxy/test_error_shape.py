"""A refusal has one shape, the backend's own, whatever the reason."""

import json

import pytest

from sidecar.errors import Kind, Reason, Refusal
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


@pytest.mark.parametrize("kind", [Kind.IDENTITY, Kind.RIGHTS])
def test_no_such_connector_and_not_yours_look_the_same(kind: Kind) -> None:
    for about_a_jwt in (False, True):  # which of the two kinds of token he sent the caller knows himself
        reasons = [reason for reason in Reason if reason.kind is kind and reason.is_about_a_jwt is about_a_jwt]
        answers = {answer_for(Refusal(reason, f"a detail about {reason}"), REFERENCE) for reason in reasons}
        assert len(answers) == (1 if reasons else 0)


def test_whoever_sent_a_jwt_is_challenged_for_one() -> None:
    assert ("WWW-Authenticate", 'Bearer error="invalid_token"') in answer_for(Refusal(Reason.JWT_EXPIRED), REFERENCE).headers
    assert ("WWW-Authenticate", "AfasToken") in answer_for(Refusal(Reason.TOKEN_EXPIRED), REFERENCE).headers


def test_details_are_told_about_the_callers_own_words_only() -> None:
    assert b"Condition 2: no" in answer_for(Refusal(Reason.FILTER_MALFORMED, "condition 2: no"), REFERENCE).body
    assert b"10.0.0.1" not in answer_for(Refusal(Reason.BACKEND_UNREACHABLE, "10.0.0.1:80"), REFERENCE).body
