"""Starts mail servers (`mail_server.py`) and certificates for them, and reads what they received."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from email import message_from_string
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import trustme

from sidecar.otp.smtp import Security, SmtpServer

SENDER = "profit@example.com"
_SCRIPT = Path(__file__).parent / "mail_server.py"
_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Certificates:
    """An authority that the sidecar trusts, another one that it doesn't, and their certificates for a mail server on this machine."""

    ca_file: str
    sound: str
    of_stranger: str
    of_other_name: str


def certificates(folder: Path) -> Certificates:
    authority, stranger = trustme.CA(), trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    paths = []
    for number, (issuer, name) in enumerate([(authority, "localhost"), (stranger, "localhost"), (authority, "mail.example.com")]):
        paths.append(str(folder / f"{number}.pem"))
        issuer.issue_cert(name).private_key_and_cert_chain_pem.write_to_path(paths[-1])
    return Certificates(str(folder / "ca.pem"), *paths)


@dataclass(slots=True)
class MailServer:
    """A running mail server."""

    process: asyncio.subprocess.Process
    port: int = 0

    async def line(self) -> dict[str, Any]:
        """The next thing that it tells."""
        assert self.process.stdout is not None
        async with asyncio.timeout(_SECONDS):
            line: dict[str, Any] = json.loads(await self.process.stdout.readline())
        return line

    async def mail(self) -> tuple[dict[str, Any], EmailMessage]:
        """The next mail: envelope and message."""
        while "content" not in (line := await self.line()):
            pass
        message = message_from_string(line["content"], policy=default)
        assert isinstance(message, EmailMessage)
        return line, message

    async def go_away(self) -> None:
        with suppress(ProcessLookupError):
            self.process.kill()
        await self.process.communicate()

    def seen_by(self, certificates: Certificates, security: Security, user: str = "", password: str = "") -> SmtpServer:
        """The settings of a sidecar that sends through it."""
        return SmtpServer("localhost", self.port, security, SENDER, user, password, certificates.ca_file)


@asynccontextmanager
async def mail_server(mode: str, certificate: str, *options: str) -> AsyncIterator[MailServer]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(_SCRIPT), mode, certificate, *options, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    server = MailServer(process)
    try:
        server.port = (await server.line())["port"]
        yield server
    finally:
        await server.go_away()
