"""What the clients are asked to ask, and what they say came back: the same for each of them."""

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from sidecar.demo.running import Held, Running
from tests.dialects.soap.messages import SERVICES, Version

Arguments = Mapping[str, str | int]
FIRST: Arguments = {"skip": 0, "take": 1}
ALL: Arguments = {"skip": -1, "take": -1}


@dataclass(frozen=True, slots=True)
class Question:
    """A call.

    :param arguments: by name, in the order in which clients that don't go by the schema put them.
    :param authorization: the header's value, if the token is to go into the header.
    :param body: what the client puts into the Body itself, instead of what it makes of the arguments.
    """

    service: str
    operation: str
    arguments: Arguments
    version: Version = "1.1"
    authorization: str | None = field(default=None, repr=False)
    body: str | None = None


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault as the client understood it; `detail` by the names of its elements."""

    code: str
    text: str
    detail: Mapping[str, str]

    @property
    def reference(self) -> str:
        """What leads to the decision log."""
        match = re.search(r"Log reference\.+: ([0-9A-F]{32})", self.detail["Detail"])
        assert match
        return match[1]


@dataclass(frozen=True, slots=True)
class Reply:
    """Exactly one of a result and a fault; `address` is where the client sent its call, by the WSDL."""

    address: str
    result: str | None = None
    fault: Fault | None = None

    @property
    def rows(self) -> list[dict[str, str]]:
        """The rows of a GetConnector, empty fields left out."""
        assert self.result is not None, self.fault
        return [{each.tag: each.text or "" for each in row} for row in ElementTree.fromstring(self.result)]  # noqa: S314  our own backend


class SoapClient(Protocol):
    """Fetches the WSDL below this base URL and makes the call to the address that it names."""

    def __call__(self, base: str, question: Question) -> Reply: ...


def token_xml(running: Running, held: Held) -> str:
    """The token behind a header's value."""
    return base64.b64decode(running.authorizations[held].partition(" ")[2]).decode()


def forwarded(running: Running) -> list[bytes]:
    """Calls over SOAP that reached the backend since `received` was cleared."""
    return [received.body for received in running.received if received.method == "POST"]


def body_by_hand(operation: str, arguments: Arguments, *, in_cdata: bool) -> str:
    """The operation in the style of applications that put it together themselves: a prefix of their own, arguments in another order."""
    spelled = "".join(
        f"<afas:{name}>{f'<![CDATA[{text}]]>' if in_cdata and '<' in str(text) else escape(str(text))}</afas:{name}>"
        for name, text in reversed(list(arguments.items()))
    )
    return f'<afas:{operation} xmlns:afas="{SERVICES}">{spelled}</afas:{operation}>'
