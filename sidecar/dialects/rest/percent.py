"""Percent-encoding (RFC 3986, 2.1), read strictly and written for every character that is not on a list.

By hand, because urllib takes what is incomplete for text, and because a call's questions are coded on every request: tables of all
escapes are several times as quick.
"""

import re
from collections.abc import Callable
from functools import lru_cache

_BYTES = {(high + low).encode(): bytes([int(high + low, 16)]) for high in "0123456789abcdefABCDEF" for low in "0123456789abcdefABCDEF"}
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class UndecodableError(ValueError):
    """The text has no reading. The message goes on from the name of the place: `has an incomplete percent escape`."""


@lru_cache(maxsize=1024)
def decode(raw: str) -> str:
    """Percent-decode once: complete escapes, valid UTF-8, no control characters.

    :raises UndecodableError: for anything else.
    """
    text = _unescape(raw) if "%" in raw else raw
    if not text.isprintable() and _CONTROL.search(text):
        raise UndecodableError("holds a control character")
    return text


def _unescape(raw: str) -> str:
    before, *escaped = raw.encode().split(b"%")
    try:
        return b"".join([before, *[_BYTES[piece[:2]] + piece[2:] for piece in escaped]]).decode()
    except KeyError:
        raise UndecodableError("has an incomplete percent escape") from None
    except UnicodeDecodeError:
        raise UndecodableError("is not UTF-8") from None


def encoder(raw: str) -> Callable[[str], str]:
    """A function that percent-encodes, as UTF-8, all but letters, digits, `_.-~` and the ASCII characters of `raw`."""
    others = re.compile(rf"[^A-Za-z0-9_.~{re.escape(raw)}-]")
    spelled = [f"%{byte:02X}" if others.match(chr(byte)) else chr(byte) for byte in range(256)]

    def encode(text: str) -> str:
        return text if others.search(text) is None else "".join(map(spelled.__getitem__, text.encode()))

    return encode
