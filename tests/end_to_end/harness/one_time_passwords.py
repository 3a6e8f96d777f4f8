"""A configuration with one-time passwords, a mail server in a process of its own, and what an app does to get a token."""

import base64
import hashlib
import json
import queue
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_string
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any, Protocol

import trustme

from tests.end_to_end.harness.configuration import BASE, Configuration
from tests.end_to_end.harness.wire import PATIENCE, Answer, Wire, request

API_KEY, ENVIRONMENT_KEY = "0123456789ABCDEF" * 2, "FEDCBA9876543210" * 2
SECRET = "not in the database and the same for all replicas"
_SCRIPT = Path(__file__).parents[2] / "otp/mail_server.py"
JSON = "Content-Type: application/json;charset=utf-8"


class Sidecar(Protocol):
    """Whatever takes requests: a stage or a program."""

    def wire(self) -> Wire: ...


@dataclass(slots=True)
class Mailbox:
    """A mail server, and the mails that it took."""

    port: int
    ca_file: str
    security: str
    lines: "queue.Queue[dict[str, Any]]" = field(repr=False)

    def mail(self) -> tuple[dict[str, Any], EmailMessage]:
        """The next mail: envelope and message."""
        line = self.lines.get(timeout=PATIENCE)
        message = message_from_string(line["content"], policy=default)
        assert isinstance(message, EmailMessage)
        return line, message

    def code(self) -> str:
        """The code in the next mail."""
        return code_in(self.mail()[1])

    @property
    def is_empty(self) -> bool:
        return self.lines.empty()


def code_in(message: EmailMessage) -> str:
    [code] = re.findall(r"\b\d{8}\b", message.get_content())
    return str(code)


@contextmanager
def mailbox(folder: Path, security: str = "starttls") -> Iterator[Mailbox]:
    """A mail server that takes everything, with a login."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "mail-ca.pem"))
    authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(str(folder / "mail.pem"))
    command = [sys.executable, str(_SCRIPT), security, str(folder / "mail.pem"), "--user", "profit", "--password", "geheim"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    lines: queue.Queue[dict[str, Any]] = queue.Queue()
    port = json.loads(process.stdout.readline())["port"]
    stdout = process.stdout

    def read() -> None:
        for line in stdout:
            told = json.loads(line)
            if "content" in told:
                lines.put(told)

    reader = threading.Thread(target=read, name="mail")
    reader.start()
    try:
        yield Mailbox(port, str(folder / "mail-ca.pem"), security, lines)
    finally:
        process.kill()
        process.wait(PATIENCE)
        reader.join(PATIENCE)
        stdout.close()


def hashed(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


KEYS = {"api_key_sha256": hashed(API_KEY), "environment_key_sha256": hashed(ENVIRONMENT_KEY)}


def with_one_time_passwords(content: Configuration, folder: Path, mail: Mailbox, **numbers: Any) -> None:
    """Make the sidecar the token authority of the first environment, for the app connector `hours`."""
    (folder / "otp.secret").write_text(SECRET)
    (folder / "smtp.password").write_text("geheim\n")
    content["environments"]["O12345AA"]["otp"] = "local"
    content["app_connectors"]["hours"]["otp_keys"] = dict(KEYS)
    content["one_time_passwords"] = {
        "database": f"sqlite:///{folder / 'otp.db'}",
        "secret": {"file": str(folder / "otp.secret")},
        "smtp": {
            "host": "localhost",
            "port": mail.port,
            "security": mail.security,
            "sender": "profit@example.com",
            "user": "profit",
            "password": {"file": str(folder / "smtp.password")},
            "ca_file": mail.ca_file,
        },
        **numbers,
    }


def post(sidecar: Sidecar, path: str, body: Any, *headers: str) -> Answer:
    """The answer to a body on one of the paths."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    with sidecar.wire() as wire:
        return wire.ask(request("POST", f"{BASE}/{path}", None, JSON, *headers, body=data))


def claim(user: str = "j.devries", **changes: str) -> dict[str, str]:
    return {"apiKey": API_KEY, "apiToken": ENVIRONMENT_KEY, "userId": user, **changes}


def ask_for_code(sidecar: Sidecar, user: str = "j.devries", **changes: str) -> Answer:
    return post(sidecar, "otprequest", claim(user, **changes))


def show_code(sidecar: Sidecar, code: str, user: str = "j.devries", **changes: str) -> Answer:
    return post(sidecar, "otpvalidation", claim(user, otp=code, **changes))


def authorization_with(answer: Answer) -> str:
    """The header's value for the token that an answer gives, as an app makes it."""
    assert answer.status == 200, (answer.status, answer.body)
    assert re.fullmatch(r"<token><version>1</version><data>[0-9A-F]{64}</data></token>", answer.json["token"])
    return f"AfasToken {base64.b64encode(answer.json['token'].encode()).decode()}"


def fetch_token(sidecar: Sidecar, mail: Mailbox, user: str = "j.devries") -> str:
    """From nothing to the Authorization of a user."""
    assert ask_for_code(sidecar, user).status == 200
    return authorization_with(show_code(sidecar, mail.code(), user))
