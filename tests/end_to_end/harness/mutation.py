"""Requests that are ordinary but for a few bytes, the way in which scanners and broken proxies spoil them."""

import random

_INSERTIONS = (
    *(b"\r\n", b"\n", b"\r", b"\0", b" ", b"\t", b":", b"%", b"%2f", b"%00", b"?", b"#", b"&", b";", b",", b"=", b"\xff", b"\xc3\xa9"),
    *(b"..", b"//", b"/", b"0", b"-1", b"[", b"]", b"'", b'"', b"\\", b"%25", b"\x7f", b"\x0b", b"HTTP/1.0", b"GET / HTTP/1.1\r\n\r\n"),
    *(b"Transfer-Encoding: chunked\r\n", b"Content-Length: 5\r\n", b"Host: y\r\n", b"Connection: close\r\n", b"Upgrade: h2c\r\n"),
    *(b"Authorization: x\r\n", b"Expect: 100-continue\r\n"),
)


def spoilt(chance: random.Random, request: bytes) -> bytes:
    """The request with one to five changes."""
    data = bytearray(request)
    for _ in range(chance.choice((1, 1, 1, 2, 3, 5))):
        place = chance.randrange(len(data))
        match chance.randrange(6):
            case 0:
                data[place:place] = chance.choice(_INSERTIONS)
            case 1:
                data[place : place + 1] = chance.choice(_INSERTIONS)
            case 2:
                del data[place : place + chance.randrange(1, 5)]
            case 3:
                data[place] ^= 1 << chance.randrange(8)
            case 4:
                data[place:place] = data[chance.randrange(len(data)) :][:60]
            case _:
                lines = bytes(data).split(b"\r\n")
                lines.insert(chance.randrange(len(lines)), chance.choice(lines))
                data = bytearray(b"\r\n".join(lines))
    return bytes(data)
