"""A mail server in a process of its own: tells its port and each mail as a line of JSON. Run by `post_office.py`."""

import argparse
import asyncio
import contextlib
import json
import ssl
import sys
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


def tell(**line: object) -> None:
    """One line for whoever started this."""
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


class PostOffice:
    """Takes mail, or doesn't, as the first so many answers to RCPT say."""

    def __init__(self, answers: list[str]) -> None:
        self._answers = answers

    async def handle_RCPT(self, server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]) -> str:  # noqa: N802
        answer = self._answers.pop(0) if self._answers else "250 OK"
        tell(rcpt=answer)
        if answer == "hang up":
            transport = server.transport
            assert isinstance(transport, asyncio.WriteTransport)
            transport.abort()
        elif answer == "stand still":
            await asyncio.sleep(3_600)
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.content
        assert isinstance(content, bytes)
        tell(
            sender=envelope.mail_from,
            recipients=envelope.rcpt_tos,
            content=content.decode(),
            encrypted=session.ssl is not None,
            user=session.auth_data.login.decode() if isinstance(session.auth_data, LoginPassword) else "",
        )
        return "250 OK"


async def serve(options: argparse.Namespace) -> None:
    """Until killed."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(options.certificate)
    handler = PostOffice(options.answer)
    login = (options.user.encode(), options.password.encode())

    def authenticate(_server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        right = (data.login, data.password) == login
        return AuthResult(success=right, auth_data=data) if right else AuthResult(success=False, handled=False)

    def protocol() -> SMTP:
        return SMTP(
            handler,
            hostname="localhost",
            tls_context=context if options.mode == "starttls" else None,
            require_starttls=options.mode == "starttls",
            authenticator=authenticate,
            auth_required=bool(options.user),
            auth_require_tls=options.mode == "starttls",
        )

    loop = asyncio.get_running_loop()
    server = await loop.create_server(protocol, "127.0.0.1", options.port, ssl=context if options.mode == "tls" else None)
    tell(port=server.sockets[0].getsockname()[1])
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("mode", choices=["starttls", "tls", "plain"])
    parser.add_argument("certificate")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--user", default="")
    parser.add_argument("--password", default="")
    parser.add_argument("--answer", action="append", default=[])
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(parser.parse_args()))
