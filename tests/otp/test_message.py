"""The mail: what it says in which language, and what it never says."""

from dataclasses import fields, replace
from email.message import EmailMessage

import pytest

from sidecar.otp.message import Language, Letter, compose
from tests.otp.stage import NOW
from tests.otp.test_smtp import LETTER


def composed(letter: Letter) -> EmailMessage:
    return compose(letter, "profit@mail.example.com", NOW)


@pytest.mark.parametrize(
    ("language", "subject", "words"),
    [
        (Language.DUTCH, "Eenmalige code voor Uren boeken €", "15 minuten geldig en werkt één keer"),
        (Language.ENGLISH, "One-time code for Uren boeken €", "works once, within 15 minutes"),
    ],
)
def test_it_is_in_the_users_language(language: Language, subject: str, words: str) -> None:
    message = composed(replace(LETTER, language=language))
    assert message["Subject"] == subject
    assert message["Content-Language"] == language
    assert words in message.get_content()
    assert "12345678" in message.get_content()


def test_the_code_stands_in_no_header() -> None:
    assert "12345678" not in str(composed(LETTER).items())


def test_headers_name_the_sender_and_nothing_of_this_machine() -> None:
    message = composed(LETTER)
    assert message["From"] == "profit@mail.example.com"
    assert message["To"] == LETTER.email
    assert message["Message-ID"].endswith("@mail.example.com>")
    assert message["Auto-Submitted"] == "auto-generated"


@pytest.mark.parametrize("description", ["Uren\r\nBcc: thief@example.com", "Uren\tboeken\n"])
def test_a_description_begins_no_header(description: str) -> None:
    message = composed(replace(LETTER, description=description))
    assert "Bcc" not in message
    assert "\n" not in message["Subject"]


def test_braces_in_a_description_are_just_braces() -> None:
    assert "{code}" in composed(replace(LETTER, description="{code}"))["Subject"]


def test_without_description_the_app_connectors_name_stands_for_it() -> None:
    assert composed(replace(LETTER, description=" "))["Subject"] == "Eenmalige code voor hours"


def test_nothing_that_the_request_brought_is_part_of_a_letter() -> None:
    assert {field.name for field in fields(Letter)} == {
        "user",
        "app_connector",
        "email",
        "language",
        "description",
        "code",
        "minutes",
        "expires",
    }
