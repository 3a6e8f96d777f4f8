"""Letters on a real wire: to a mail server that is another process, over verified TLS or not at all."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from sidecar.otp import smtp
from sidecar.otp.happening import Happening, Outcome
from sidecar.otp.message import Language, Letter
from sidecar.otp.outbox import Outbox
from sidecar.otp.smtp import MailError, Security, SmtpServer, send
from tests.otp.post_office import SENDER, Certificates, certificates, mail_server
from tests.otp.stage import NOW

LETTER = Letter("j.devries", "hours", "j.devries@example.com", Language.DUTCH, "Uren boeken €", "12345678", 15, NOW + timedelta(minutes=15))
LOGIN = ("--user", "profit", "--password", "geheim")


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return certificates(tmp_path_factory.mktemp("papers"))


async def failure(server: SmtpServer) -> tuple[str, bool]:
    with pytest.raises(MailError) as raised:
        await send(server, LETTER, NOW)
    return str(raised.value), raised.value.lasting


@pytest.mark.parametrize("security", Security)
async def test_a_letter_arrives_encrypted_after_a_login(papers: Certificates, security: Security) -> None:
    async with mail_server(security, papers.sound, *LOGIN) as server:
        await send(server.seen_by(papers, security, "profit", "geheim"), LETTER, NOW)
        envelope, message = await server.mail()
        assert (envelope["sender"], envelope["recipients"], envelope["user"]) == (SENDER, [LETTER.email], "profit")
        assert envelope["encrypted"] == (security is Security.STARTTLS)  # the server notes only what began in clear
        assert "Uren boeken €" in message["Subject"]
        assert "12345678" in message.get_content()
        assert envelope["content"].isascii()  # servers without 8BITMIME take it too


async def test_a_letter_needs_no_login_where_none_is_set(papers: Certificates) -> None:
    async with mail_server("starttls", papers.sound) as server:
        await send(server.seen_by(papers, Security.STARTTLS), LETTER, NOW)
        envelope, _ = await server.mail()
        assert envelope["user"] == ""


@pytest.mark.parametrize("security", Security)
@pytest.mark.parametrize("certificate", ["of_stranger", "of_other_name"])
async def test_a_server_that_cant_prove_its_name_gets_nothing(papers: Certificates, security: Security, certificate: str) -> None:
    async with mail_server(security, getattr(papers, certificate)) as server:
        kind, lasting = await failure(server.seen_by(papers, security))
        assert kind in ("SMTPConnectError", "SMTPException", "SSLCertVerificationError", "SMTPServerDisconnected")
        assert not lasting


@pytest.mark.parametrize("security", Security)
async def test_a_server_without_encryption_gets_neither_login_nor_letter(papers: Certificates, security: Security) -> None:
    async with mail_server("plain", papers.sound, *LOGIN) as server:
        await failure(server.seen_by(papers, security, "profit", "geheim"))
        await server.go_away()
        assert server.process.returncode is not None
        assert server.process.stdout is not None
        assert await server.process.stdout.read() == b""


async def test_a_refused_login_lasts_and_tells_neither_name_nor_password(papers: Certificates) -> None:
    async with mail_server("starttls", papers.sound, *LOGIN) as server:
        assert await failure(server.seen_by(papers, Security.STARTTLS, "profit", "wrong")) == ("SMTPAuthenticationError 535", True)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("550 j.devries@example.com: no such user", ("SMTPRecipientsRefused 550", True)),
        ("451 try later", ("SMTPRecipientsRefused 451", False)),
        ("hang up", ("SMTPServerDisconnected", False)),
    ],
)
async def test_what_the_server_refuses_is_told_by_kind(papers: Certificates, answer: str, expected: tuple[str, bool]) -> None:
    async with mail_server("starttls", papers.sound, "--answer", answer) as server:
        assert await failure(server.seen_by(papers, Security.STARTTLS)) == expected


async def test_a_server_that_stands_still_is_given_up(papers: Certificates, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smtp, "_SECONDS_PER_LETTER", 0.5)
    async with mail_server("starttls", papers.sound, "--answer", "stand still") as server:
        assert await failure(server.seen_by(papers, Security.STARTTLS)) == ("TimeoutError", False)


async def test_a_server_that_is_gone_may_come_back(papers: Certificates) -> None:
    happenings: list[Happening] = []
    async with mail_server("starttls", papers.sound) as server:
        settings = server.seen_by(papers, Security.STARTTLS)
    assert (await failure(settings))[1] is False
    outbox = Outbox(lambda letter: send(settings, letter, NOW), happenings.append, lambda: NOW, hesitate=lambda: 0.0, pauses=(0.2,) * 50)
    outbox.start()
    assert outbox.put(LETTER)
    await asyncio.sleep(0.1)
    async with mail_server("starttls", papers.sound, "--port", str(settings.port)) as server:
        _, message = await server.mail()
        assert "12345678" in message.get_content()
        await outbox.stop()
    assert [happening.outcome for happening in happenings] == [Outcome.MAILED]


async def test_a_missing_file_of_authorities_is_a_failure_like_others(papers: Certificates, tmp_path: Path) -> None:
    server = SmtpServer("localhost", 1, Security.TLS, SENDER, ca_file=str(tmp_path / "none.pem"))
    assert await failure(server) == ("FileNotFoundError", False)


async def test_an_address_beyond_ascii_fails_for_this_letter_only(papers: Certificates) -> None:
    async with mail_server("starttls", papers.sound) as server:
        settings = server.seen_by(papers, Security.STARTTLS)
        with pytest.raises(MailError) as raised:
            await send(settings, replace(LETTER, email="jürgen@example.com"), NOW)
        assert "rgen" not in str(raised.value)
        await send(settings, LETTER, NOW)
        await server.mail()
