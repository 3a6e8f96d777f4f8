"""One-time passwords in the configuration: what each part takes, and what becomes of it."""

import hashlib
from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from sidecar.otp.enrolment import Enrolment
from sidecar.otp.message import Language
from sidecar.otp.rules import Rules
from sidecar.otp.smtp import Security, SmtpServer
from sidecar.settings.otp import OneTimePasswords, OtpKeys, Smtp, enrolment_of, rules_of, smtp_server_of

SMTP: dict[str, Any] = {"host": "mail.example.com", "sender": "profit@example.com"}
WHOLE: dict[str, Any] = {"database": "sqlite+aiosqlite:///otp.db", "secret": {"file": "otp.secret"}, "smtp": SMTP}
DIGEST = hashlib.sha256(b"key").hexdigest()


def complaints(error: ValidationError) -> str:
    return "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())


def test_what_is_not_said_is_as_the_authority_has_it() -> None:
    assert rules_of(OneTimePasswords(**WHOLE)) == Rules()


def test_what_is_said_arrives() -> None:
    numbers = {"code_minutes": 5, "tries": 3, "token_days": 30, "per_user": 2, "per_address": 9, "mails_per_hour": 50}
    assert rules_of(OneTimePasswords(**WHOLE | numbers)) == Rules(timedelta(minutes=5), 3, timedelta(days=30), 2, 9, 50)


@pytest.mark.parametrize(("security", "port"), [(Security.STARTTLS, 587), (Security.TLS, 465)])
def test_each_kind_of_encryption_has_its_port(security: Security, port: int) -> None:
    part = Smtp(**SMTP, security=security, user="profit", password={"file": "mail.password"})  # type: ignore[arg-type]
    assert smtp_server_of(part, "geheim") == SmtpServer("mail.example.com", port, security, "profit@example.com", "profit", "geheim")


def test_an_app_connector_may_have_a_language_of_its_own() -> None:
    keys = OtpKeys(api_key_sha256=DIGEST, environment_key_sha256=DIGEST.upper())
    digest = bytes.fromhex(DIGEST)
    assert enrolment_of("hours", keys, Language.DUTCH) == Enrolment("hours", digest, digest, Language.DUTCH)
    own = keys.model_copy(update={"language": Language.ENGLISH})
    assert enrolment_of("hours", own, Language.DUTCH).language is Language.ENGLISH


@pytest.mark.parametrize(
    ("part", "key", "value", "complaint"),
    [
        (OneTimePasswords, "tries", 0, "tries"),
        (OneTimePasswords, "tries", 1_000, "tries"),
        (OneTimePasswords, "code_minutes", 61, "code_minutes"),
        (OneTimePasswords, "secret", "in clear", "secret"),
        (Smtp, "security", "none", "security"),
        (Smtp, "password", "in clear", "password"),
        (Smtp, "user", "profit", "both `user` and `password`"),
        (Smtp, "password", {"file": "mail.password"}, "both `user` and `password`"),
        (Smtp, "sender", "Profit <profit@example.com>", "not an e-mail address"),
        (Smtp, "port", 0, "port"),
        (OtpKeys, "api_key_sha256", "A" * 32, "not a SHA-256"),
        (OtpKeys, "environment_key_sha256", hashlib.sha256(b"").hexdigest(), "SHA-256 of nothing"),
        (OtpKeys, "language", "de", "language"),
    ],
)
def test_what_would_be_unsafe_is_refused(
    part: type[OneTimePasswords] | type[Smtp] | type[OtpKeys], key: str, value: object, complaint: str
) -> None:
    sound = {OneTimePasswords: WHOLE, Smtp: SMTP, OtpKeys: {"api_key_sha256": DIGEST, "environment_key_sha256": DIGEST}}[part]
    with pytest.raises(ValidationError) as raised:
        part(**sound | {key: value})
    assert complaint in complaints(raised.value)


def test_every_key_is_described() -> None:
    for part in (OneTimePasswords, Smtp, OtpKeys):
        assert all(field.description for field in part.model_fields.values())
