"""Hands a letter to the mail server, over TLS that is verified from the start or by STARTTLS, and in no other way."""

import asyncio
import ssl
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from enum import StrEnum

import aiosmtplib

from sidecar.otp.message import Letter, compose

_SECONDS_PER_REPLY = 20.0
_SECONDS_PER_LETTER = 60.0


class Security(StrEnum):
    """How the connection is encrypted."""

    STARTTLS = "starttls"  # RFC 3207; a server that does not offer it gets nothing
    TLS = "tls"  # from the first byte, RFC 8314


PORTS = {Security.STARTTLS: 587, Security.TLS: 465}


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """Where mail goes. Without `user` there is no login."""

    host: str
    port: int
    security: Security
    sender: str
    user: str = ""
    password: str = field(default="", repr=False)
    ca_file: str | None = None


class MailError(Exception):
    """The mail server did not take a letter. The text is the kind of failure: never the server's words, which may repeat ours."""

    def __init__(self, text: str, *, lasting: bool) -> None:
        super().__init__(text)
        self.lasting = lasting  # another try would end alike


async def send(server: SmtpServer, letter: Letter, now: datetime) -> None:
    """Deliver one letter.

    :raises MailError: it was not taken, or nobody knows whether it was.
    """
    try:
        message = compose(letter, server.sender, now)
        async with asyncio.timeout(_SECONDS_PER_LETTER):
            context = await asyncio.to_thread(ssl.create_default_context, cafile=server.ca_file)
            await _hand_over(_client(server, context), message, server.sender, letter.email)
    except aiosmtplib.SMTPRecipientsRefused as error:
        code = error.recipients[0].code  # of the only one
        raise MailError(f"{type(error).__name__} {code}", lasting=code >= 500) from None
    except aiosmtplib.SMTPResponseException as error:
        raise MailError(f"{type(error).__name__} {error.code}", lasting=error.code >= 500) from None
    except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
        raise MailError(type(error).__name__, lasting=isinstance(error, aiosmtplib.SMTPNotSupported)) from None
    except (ValueError, UnicodeError) as error:  # an address that this server can't be told
        raise MailError(type(error).__name__, lasting=True) from None


def _client(server: SmtpServer, context: ssl.SSLContext) -> aiosmtplib.SMTP:
    return aiosmtplib.SMTP(
        hostname=server.host,
        port=server.port,
        use_tls=server.security is Security.TLS,
        start_tls=server.security is Security.STARTTLS,
        tls_context=context,
        username=server.user or None,
        password=server.password or None,
        timeout=_SECONDS_PER_REPLY,
    )


async def _hand_over(client: aiosmtplib.SMTP, message: EmailMessage, sender: str, recipient: str) -> None:
    try:
        await client.connect()
        await client.send_message(message, sender=sender, recipients=[recipient])
        with suppress(aiosmtplib.SMTPException, OSError):  # the letter was taken: a farewell that fails must not send it twice
            await client.quit()
    finally:
        client.close()
