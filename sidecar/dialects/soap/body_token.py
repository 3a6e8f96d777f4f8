"""A user token in a body, `<token><version>1</version><data>…</data></token>` as a text (wire reference 3.5, 4.1)."""

import re
from enum import StrEnum

from sidecar.dialects.soap.tree import UnreadableXmlError, read_text
from sidecar.errors import Reason, Refusal


class SoapCredential(StrEnum):
    """Where a backend takes the credential over SOAP: newer ones in the header, older ones in the message."""

    HEADER = "header"
    BODY = "body"


_DATA = re.compile(r"[0-9A-Fa-f]{64}")
_LONGEST = 4096


def read_body_token(text: str) -> str | None:
    """The 64 characters; None for a text of white space, which clients send that authenticate by header.

    :raises Refusal: TOKEN_MALFORMED for anything else; the detail never repeats what was sent.
    """
    stripped = text.strip()
    if not stripped:
        return None
    try:
        root = read_text(stripped) if len(stripped) <= _LONGEST else None
    except UnreadableXmlError:
        root = None
    if root is not None and not root.text.strip():
        # Each with its name, so that nothing is a token that has more in it than this.
        parts = [(part.namespace, part.name, part.attributes, part.children, part.text.strip()) for part in root.children]
        if (root.namespace, root.name, root.attributes) == ("", "token", ()) and len(parts) == 2:
            data = parts[1][-1]
            if parts == [("", "version", (), (), "1"), ("", "data", (), (), data)] and _DATA.fullmatch(data):
                return data
    raise Refusal(
        Reason.TOKEN_MALFORMED, "the token in the body is not <token><version>1</version><data>…</data></token>, escaped or in CDATA"
    )
