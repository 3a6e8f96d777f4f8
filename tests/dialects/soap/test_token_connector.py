"""`TokenConnector` as a dialect: what its messages ask, what is refused, what is answered and what a backend gets."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.dialects.otp import DeleteToken, GenerateOtp, GetTokenFromOtp, Keys
from sidecar.dialects.soap.token_connector import (
    TokenMessage,
    is_token_connector,
    read_token_message,
    write_token_answer,
    write_token_message,
)
from sidecar.dialects.soap.version import write_headers
from sidecar.errors import Reason, Refusal
from tests.dialects.soap.messages import DATA, SERVICES, TOKEN, Version, around, envelope

KEYS = {"userId": "j.devries", "apiKey": "A" * 32, "environmentKey": "E" * 32}
READ = Keys("j.devries", "A" * 32, "E" * 32)
SAMPLES = {
    "GenerateOTP": ({**KEYS, "description": "iPhone & co"}, GenerateOtp(READ, "iPhone & co")),
    "GetTokenFromOTP": ({**KEYS, "otp": "12345678"}, GetTokenFromOtp(READ, "12345678")),
    "DeleteToken": ({"token": TOKEN}, DeleteToken(DATA)),
}
TYPES = {"1.1": "text/xml; charset=utf-8", "1.2": "application/soap+xml; charset=utf-8"}


def read(message: str, version: Version = "1.1", action: str | None = None) -> TokenMessage:
    return read_token_message(message.encode(), TYPES[version], action)


@pytest.mark.parametrize("in_cdata", [False, True])
@pytest.mark.parametrize("version", ["1.1", "1.2"])
@pytest.mark.parametrize("operation", SAMPLES)
def test_each_operation_is_read_and_written_as_the_same(operation: str, version: Version, in_cdata: bool) -> None:
    arguments, call = SAMPLES[operation]
    message = read(envelope(operation, arguments, version, in_cdata=in_cdata), version)
    assert (message.operation.name, message.call) == (operation, call)
    headers = dict(write_headers(message.version, message.operation))
    assert read_token_message(write_token_message(message), headers["Content-Type"], headers.get("SOAPAction")) == message


def test_a_description_may_be_left_out_and_a_key_be_empty() -> None:
    assert read(envelope("GenerateOTP", {**KEYS, "apiKey": ""})).call == GenerateOtp(Keys("j.devries", "", "E" * 32), "")


REFUSED = [
    (envelope("GetData", {}), Reason.UNKNOWN_PATH),
    (envelope("Execute", {"token": TOKEN}), Reason.UNKNOWN_PATH),
    (envelope("generateOTP", KEYS), Reason.UNKNOWN_PATH),
    (envelope("GenerateOTP", {"userId": "x", "apiKey": "y"}), Reason.PARAMETER_MALFORMED),
    (envelope("GetTokenFromOTP", KEYS), Reason.PARAMETER_MALFORMED),
    (envelope("GenerateOTP", {**KEYS, "logonAs": "m.jansen"}), Reason.UNKNOWN_PARAMETER),
    (envelope("GenerateOTP", {**KEYS, "apikey": "x"}), Reason.UNKNOWN_PARAMETER),
    (envelope("GetTokenFromOTP", {**KEYS, "otp": "1", "token": TOKEN}), Reason.UNKNOWN_PARAMETER),
    (around(f'<GenerateOTP xmlns="{SERVICES}"><userId>x</userId><userId>y</userId></GenerateOTP>'), Reason.REPEATED_PARAMETER),
    (envelope("DeleteToken", {}), Reason.PARAMETER_MALFORMED),
    (envelope("DeleteToken", {"token": " "}), Reason.PARAMETER_MALFORMED),
    (envelope("DeleteToken", {"token": DATA}), Reason.TOKEN_MALFORMED),
    (envelope("DeleteToken", {"token": TOKEN.replace("1</version", "2</version")}), Reason.TOKEN_MALFORMED),
    ("<!DOCTYPE x>" + envelope("DeleteToken", {"token": TOKEN}), Reason.BODY_MALFORMED),
    (envelope("DeleteToken", {"token": TOKEN})[:-1], Reason.BODY_MALFORMED),
]


@pytest.mark.parametrize(("message", "reason"), REFUSED)
def test_everything_else_is_refused_and_not_repeated(message: str, reason: Reason) -> None:
    with pytest.raises(Refusal) as refused:
        read(message)
    assert refused.value.reason is reason
    assert DATA not in str(refused.value)


def test_an_action_that_disagrees_is_refused() -> None:
    message = envelope("GenerateOTP", KEYS)
    assert read(message, action=f'"{SERVICES}/GenerateOTP"').call == GenerateOtp(READ)
    with pytest.raises(Refusal):
        read(message, action=f'"{SERVICES}/DeleteToken"')


def test_a_token_is_given_as_a_text_and_otherwise_there_is_no_result() -> None:
    message = read(envelope("GetTokenFromOTP", SAMPLES["GetTokenFromOTP"][0]))
    given_away = write_token_answer(message, DATA).decode()
    assert f"&lt;data&gt;{DATA}&lt;/data&gt;" in given_away
    assert re.search(r'<GetTokenFromOTPResponse xmlns="[^"]+"><GetTokenFromOTPResult>&lt;token&gt;', given_away)
    done = write_token_answer(read(envelope("GenerateOTP", KEYS)), None).decode()
    assert re.search(r'<GenerateOTPResponse xmlns="[^"]+"></GenerateOTPResponse>', done)


@pytest.mark.parametrize(
    ("file", "is_it"),
    [
        ("TokenConnector.asmx", True),
        ("tokenconnector.ASMX", True),
        ("to\u212aenconnector.asmx", False),
        ("TokenConnector.asmx ", False),
        ("AppConnectorGet.asmx", False),
    ],
)
def test_the_service_is_known_by_its_file(file: str, is_it: bool) -> None:
    assert is_token_connector(file) is is_it


@given(st.binary(max_size=300))
def test_no_bytes_are_more_than_refused(body: bytes) -> None:
    with pytest.raises(Refusal):
        read_token_message(body, TYPES["1.1"], None)


def test_nothing_of_a_call_is_shown() -> None:
    for _, call in SAMPLES.values():
        shown = repr(call)
        assert not any(secret in shown for secret in ("j.devries", "A" * 32, "E" * 32, "12345678", DATA, "iPhone"))
