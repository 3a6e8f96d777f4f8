"""`otprequest` and `otpvalidation` as a dialect: which targets they are, what their bodies ask, what a backend gets."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.dialects.otp import DeleteToken, GenerateOtp, GetTokenFromOtp, Keys
from sidecar.dialects.rest.otp import Step, read_step, step_at, write_step, write_token
from sidecar.dialects.rest.read import BASE
from sidecar.errors import Reason, Refusal

BODY = {"apiKey": "A" * 32, "apiToken": "E" * 32, "userId": "j.devries"}
KEYS = Keys("j.devries", "A" * 32, "E" * 32)
BASES = (BASE, ("own", "base"))


@pytest.mark.parametrize(
    ("target", "step"),
    [
        ("/ProfitRestServices/otprequest", Step.REQUEST),
        ("/profitrestservices/OtpValidation", Step.VALIDATION),
        ("/own/base/otprequest?", Step.REQUEST),
        ("/ProfitRestServices/otprequests", None),
        ("/ProfitRestServices/connectors/otprequest", None),
        ("/ProfitRestServices/metainfo", None),
        ("/ProfitRestServices/%6ftprequest", None),
    ],
)
def test_a_target_is_a_step_or_something_else(target: str, step: Step | None) -> None:
    assert step_at(target, BASES) is step


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("/otprequest", Reason.UNKNOWN_PATH),
        ("/elsewhere/otprequest", Reason.UNKNOWN_PATH),
        ("/ProfitRestServices//otprequest", Reason.TARGET_MALFORMED),
        ("/ProfitRestServices/../otprequest", Reason.TARGET_MALFORMED),
        ("/ProfitRestServices/otprequest?userId=x", Reason.UNKNOWN_PARAMETER),
    ],
)
def test_a_target_that_only_ends_like_one_is_refused(target: str, reason: Reason) -> None:
    with pytest.raises(Refusal) as refused:
        step_at(target, BASES)
    assert refused.value.reason is reason


def test_a_body_is_read_and_written_as_the_same() -> None:
    calls = {
        Step.REQUEST: (BODY, GenerateOtp(KEYS)),
        Step.VALIDATION: ({**BODY, "otp": "12345678"}, GetTokenFromOtp(KEYS, "12345678")),
    }
    for step, (body, call) in calls.items():
        assert read_step(step, json.dumps(body).encode()) == call
        assert read_step(step, json.dumps({key.swapcase(): value for key, value in body.items()}).encode()) == call
        path, written = write_step(call)
        assert (path, json.loads(written)) == (f"/{step.path}", body)


def test_what_rest_can_not_say_is_a_mistake() -> None:
    with pytest.raises(TypeError):
        write_step(DeleteToken("A" * 64))


@given(st.dictionaries(st.sampled_from([*BODY, "otp", "userid", "description"]), st.text() | st.none() | st.integers(), max_size=5))
def test_only_exactly_these_keys_with_texts_are_a_body(body: dict[str, object]) -> None:
    sound = body.keys() in ({*BODY}, {"apiKey", "apiToken", "userid"}) and all(isinstance(value, str) for value in body.values())
    raw = json.dumps(body).encode()
    if sound:
        read_step(Step.REQUEST, raw)
        return
    with pytest.raises(Refusal) as refused:
        read_step(Step.REQUEST, raw)
    assert refused.value.reason is Reason.BODY_MALFORMED
    assert not any(isinstance(value, str) and len(value) > 12 and value in str(refused.value) for value in body.values())


@given(st.binary(max_size=200))
def test_no_bytes_are_more_than_refused(body: bytes) -> None:
    with pytest.raises(Refusal):
        read_step(Step.VALIDATION, body)


def test_a_token_is_given_as_the_backend_does() -> None:
    assert json.loads(write_token("AB" * 32)) == {"token": f"<token><version>1</version><data>{'AB' * 32}</data></token>"}
