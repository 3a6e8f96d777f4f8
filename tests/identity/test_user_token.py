"""User tokens in the forms in which clients send them."""

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.errors import Reason, Refusal
from sidecar.identity.user_token import authorization_for, data_in_any_form, digest_of, read_authorization

DATA = "0123456789ABCDEF" * 4
XML = f"<token><version>1</version><data>{DATA}</data></token>"


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    "value",
    [
        authorization_for(DATA),
        f"AfasToken {b64(XML)}",
        f"afastoken {b64(XML)}",
        f"AFASTOKEN   {b64(XML)}  ",
        f"AfasToken {b64(XML + chr(10))}",
        f"AfasToken {b64(XML + chr(13) + chr(10))}",
        f"AfasToken {b64(' ' + XML)}",
        f"AfasToken {b64(XML + chr(10)).rstrip('=')}",
        f"AfasToken {base64.urlsafe_b64encode(XML.encode()).decode()}",
        f"AfasToken {b64('<?xml version=' + chr(34) + '1.0' + chr(34) + '?>' + XML)}",
        f"AfasToken {b64(XML.replace('><', '>' + chr(10) + '  <'))}",
    ],
)
def test_every_form_that_clients_send_is_the_same_token(value: str) -> None:
    assert read_authorization(value) == hashlib.sha256(DATA.encode()).digest()


@pytest.mark.parametrize(
    "value",
    [
        "",
        "AfasToken",
        "AfasToken ",
        f"Bearer {b64(XML)}",
        f"DPoP {b64(XML)}",
        f"Basic {b64(XML)}",
        f"AfasToken {XML}",
        f"AfasToken {DATA}",
        f"AfasToken {b64(XML)}, AfasToken {b64(XML)}",
        f"AfasToken {b64(XML)}x!",
        f"AfasToken {b64(XML + XML)}",
        f"AfasToken {b64(XML.replace('<version>1', '<version>2'))}",
        f"AfasToken {b64(XML.replace(DATA, DATA[:-1]))}",
        f"AfasToken {b64(XML.replace(DATA, DATA + 'A'))}",
        f"AfasToken {b64(XML.replace(DATA, 'G' * 64))}",
        f"AfasToken {b64('<!DOCTYPE x>' + XML)}",
        f"AfasToken {b64(XML.replace('<data>', '<data x=' + chr(34) + '1' + chr(34) + '>'))}",
        f"AfasToken {'A' * 5000}",
        "AfasToken é",
    ],
)
def test_anything_else_is_no_token_and_is_not_repeated(value: str) -> None:
    with pytest.raises(Refusal) as refused:
        read_authorization(value)
    assert refused.value.reason is Reason.TOKEN_MALFORMED
    assert DATA not in str(refused.value)
    assert len(value) < 20 or value not in str(refused.value)


@pytest.mark.parametrize("text", [DATA, f" {DATA}\n", XML, XML + "\r\n", b64(XML), f"AfasToken {b64(XML)}"])
def test_a_configured_token_may_stand_in_any_form(text: str) -> None:
    assert data_in_any_form(text) == DATA


@given(st.text(alphabet="0123456789ABCDEFabcdef", min_size=64, max_size=64))
def test_what_is_written_is_read_again(data: str) -> None:
    assert read_authorization(authorization_for(data)) == digest_of(data)


@given(st.text(max_size=200))
def test_no_text_is_more_than_refused(value: str) -> None:
    with pytest.raises(Refusal):
        read_authorization(value)
