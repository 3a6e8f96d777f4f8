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
    refusals = [Refusal(reason, f"a detail about {reason}") for reason in Reason if reason.kind is kind]
    answers = {answer_for(refusal, REFERENCE) for refusal in refusals}
    assert len(answers) == 1


def test_details_are_told_about_the_callers_own_words_only() -> None:
    assert b"Condition 2: no" in answer_for(Refusal(Reason.FILTER_MALFORMED, "condition 2: no"), REFERENCE).body
    assert b"10.0.0.1" not in answer_for(Refusal(Reason.BACKEND_UNREACHABLE, "10.0.0.1:80"), REFERENCE).body
