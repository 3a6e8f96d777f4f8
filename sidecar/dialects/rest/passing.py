"""A target that is passed on as it came, for an app connector in shadow: what nobody could read as a way out of the environment's base
path, nor as one of the calls that are never passed on.

It is decoded as often as a careless reader might, and folded as a helpful one does, to look at it; what goes on are the client's bytes.
"""

import re
from collections.abc import Iterable

from sidecar.dialects.rest.folding import SLASHES, folded
from sidecar.dialects.rest.percent import UndecodableError, decode
from sidecar.dialects.rest.target import ALLOWED_IN_TARGET
from sidecar.errors import Reason, Refusal

_MOST_DECODINGS = 4
_NEVER_PASSED = frozenset({"otprequest", "otpvalidation", "oauth", "tokenconnector", "cmdconnector"})
"""Proofs of identity, and command lines: these are nobody's rows (wire reference 3.6, 4.3, 4.4)."""
_SOAP_SERVICE = ".asmx"
"""Where one base serves both dialects, a service with a target that SOAP does not read (`//`) would get its message unread too, and there
are services that take another user's name for whom to act (wire reference 3.2)."""
_DOTS = re.compile(r"[.\s]*\.[.\s]*")
_ENDS_OF_WORDS = re.compile(r"[;?#]")
_ESCAPE = re.compile(r"%[0-9A-Fa-f]{2}")
_ESCAPED_CONTROL = re.compile(r"%(?:[01][0-9A-Fa-f]|7[Ff])")


def pass_on(target: str, bases: Iterable[tuple[str, ...]]) -> str:
    """What of a raw request target stands below its base, byte for byte; begins with a slash.

    :param bases: path prefixes that are served, as lower-case segments.
    :raises Refusal: TARGET_MALFORMED for what has more than one reading; UNKNOWN_PATH for what is below no base, or never passed on.
    """
    if not target.startswith("/") or ALLOWED_IN_TARGET.fullmatch(target) is None or _ESCAPED_CONTROL.search(target):
        raise Refusal(Reason.TARGET_MALFORMED, "the request target is not a path of printable ASCII, or holds a control character")
    path, mark, query = target.partition("?")
    raw = path[1:].split("/")
    readings = [_readings(segment) for segment in raw]
    below = _below_base([each[0].lower() for each in readings], bases)
    operation = next((each for each in readings[below:] if _word(each[-1])), [""])  # `;x` is an empty segment to some
    # A letter with a stroke or an accent is a plain one on some code pages.
    if not all(map(str.isascii, operation)) or any(_is_never_passed(text) for each in readings for text in each):
        raise Refusal(Reason.UNKNOWN_PATH)
    return "/" + "/".join(raw[below:]) + mark + query


def _below_base(lowered: list[str], bases: Iterable[tuple[str, ...]]) -> int:
    lengths = [len(base) for base in bases if tuple(lowered[: len(base)]) == base and len(lowered) > len(base)]
    if not lengths:
        raise Refusal(Reason.UNKNOWN_PATH)
    return max(lengths)


def _readings(raw: str) -> list[str]:
    """The segment decoded once, twice and so on, until there is nothing to decode."""
    try:
        readings = [decode(raw)]
        while _ESCAPE.search(readings[-1]) and len(readings) < _MOST_DECODINGS:
            readings.append(decode(readings[-1]))
    except UndecodableError as problem:
        raise Refusal(Reason.TARGET_MALFORMED, f"the path {problem}") from None
    if _ESCAPE.search(readings[-1]) or any(map(_leads_elsewhere, readings)):
        raise Refusal(Reason.TARGET_MALFORMED, "the path holds a dot segment or an encoded slash")
    return readings


def _leads_elsewhere(text: str) -> bool:
    # Behind `;` stand parameters, which others cut off.
    return SLASHES.search(text + folded(text)) is not None or any(_DOTS.fullmatch(part) for part in _ENDS_OF_WORDS.split(folded(text)))


def _is_never_passed(text: str) -> bool:
    return _word(text) in _NEVER_PASSED or _SOAP_SERVICE in folded(text).casefold()


def _word(text: str) -> str:
    """The segment as the name of an operation, as the most generous reader takes it."""
    return re.split(r"[.;?#:]", folded(text).casefold().strip().lstrip(". "))[0].strip()
