"""User tokens as apps send them: `Authorization: AfasToken` and the base64 of a little XML (wire reference 4.1).

The 64 hexadecimal characters of `<data>` are the secret, and only their SHA-256 is compared; the text around them varies by client.
"""

import base64
import binascii
import hashlib
import re
from hmac import compare_digest

from sidecar.errors import Reason, Refusal
from sidecar.policy.model import Policy, UserToken

_LONGEST_HEADER = 4096
_SCHEME = re.compile(r"([A-Za-z]+) +(\S.*?) *")
_TOKEN = re.compile(
    rb"\s*(?:<\?xml[^<>]{0,100}\?>\s*)?<token>\s*<version>\s*1\s*</version>\s*<data>\s*([0-9A-Fa-f]{64})\s*</data>\s*</token>\s*"
)
_HEX = re.compile(r"[0-9A-Fa-f]{64}")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]+={0,2}")


def digest_of(data: str) -> bytes:
    """SHA-256 of the 64 hexadecimal characters as they stand, 32 bytes."""
    return hashlib.sha256(data.encode("ascii")).digest()


def read_authorization(value: str) -> bytes:
    """The digest of the user token in an Authorization header's value.

    :raises Refusal: TOKEN_MALFORMED for another scheme or form; the detail never repeats what was sent.
    """
    match = _SCHEME.fullmatch(value) if len(value) <= _LONGEST_HEADER else None
    if match is None or match[1].lower() != "afastoken":
        raise Refusal(Reason.TOKEN_MALFORMED, "expected 'Authorization: AfasToken <base64 of the token>'")
    return digest_of(data_of(match[2]))


def data_of(text: str) -> str:
    """The 64 hexadecimal characters, from base64 of the token's XML, with or without padding, line end or surrounding space.

    :raises Refusal: TOKEN_MALFORMED.
    """
    if _BASE64.fullmatch(text) is not None:
        unpadded = text.rstrip("=").replace("-", "+").replace("_", "/")
        try:
            decoded = base64.b64decode(unpadded + "=" * (-len(unpadded) % 4), validate=True)
        except binascii.Error:
            decoded = b""
        match = _TOKEN.fullmatch(decoded)
        if match is not None:
            return match[1].decode("ascii")
    raise Refusal(Reason.TOKEN_MALFORMED, "the token is not the base64 of <token><version>1</version><data>…</data></token>")


def data_in_any_form(text: str) -> str:
    """The 64 characters from any form in which people have a token: the XML, its base64, or the characters alone.

    :raises Refusal: TOKEN_MALFORMED.
    """
    stripped = text.strip()
    if _HEX.fullmatch(stripped):
        return stripped
    match = _TOKEN.fullmatch(stripped.encode())
    if match is not None:
        return match[1].decode("ascii")
    return data_of(stripped.removeprefix("AfasToken").strip())


def xml_for(data: str) -> str:
    """The token around these 64 characters, as the backend shows it."""
    return f"<token><version>1</version><data>{data}</data></token>"


def authorization_for(data: str) -> str:
    """The Authorization value that carries these 64 characters, as the backend documents it."""
    return "AfasToken " + base64.b64encode(xml_for(data).encode("ascii")).decode("ascii")


def find_token(policy: Policy, digest: bytes) -> UserToken:
    """The token with this digest.

    :raises Refusal: TOKEN_UNKNOWN.
    """
    token = policy.tokens.get(digest)
    if token is None or not compare_digest(token.digest, digest):
        raise Refusal(Reason.TOKEN_UNKNOWN)
    return token
