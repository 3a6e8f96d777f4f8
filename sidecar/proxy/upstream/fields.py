"""Field lines of heads and trailers, read as strictly as RFC 9112 section 5 lets a sender write them.

The same reader judges what a backend sends and what is sent to it.
"""

import re

Fields = tuple[tuple[bytes, bytes], ...]
"""Names as spelled and values without the blanks around them, in order."""

_LINE = re.compile(rb"(?m)^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([^\x00-\x08\x0a-\x1f\x7f]*)\r\n")  # token: value (RFC 9110 5.6.2, 5.5)


def read_fields(block: bytes) -> Fields | None:
    """The fields of zero or more lines, each ending in CRLF; None unless every line is `name: value`.

    So folded lines, blanks before the colon, bare CR or LF, NUL and other control characters are all None.
    """
    found = _LINE.findall(block)
    # Each match is one whole line with one LF: as many matches as LFs means that no line was passed over.
    if len(found) != block.count(b"\n") or (block and not block.endswith(b"\n")):
        return None
    if b" \r\n" in block or b"\t\r\n" in block:
        return tuple((name, value.rstrip(b" \t")) for name, value in found)
    return tuple(found)
