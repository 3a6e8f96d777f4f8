"""What the backend gets of a request's headers: those that the protocol knows, and ours.

A list of what passes, not of what doesn't: alternative spellings of our own names, session headers of which nobody knows what they
open, and whatever a `Connection` header nominates never reach the backend (wire reference 1.3).
"""

from collections.abc import Iterator

from sidecar.errors import Reason, Refusal

RawHeaders = tuple[tuple[bytes, bytes], ...]

PASSED = frozenset(
    {
        b"accept",
        b"accept-charset",
        b"accept-encoding",
        b"accept-language",
        b"cache-control",
        b"content-type",
        b"if-match",
        b"if-modified-since",
        b"if-none-match",
        b"if-range",
        b"if-unmodified-since",
        b"integrationid",
        b"pragma",
        b"range",
        b"sendfileasbinary",
        b"traceparent",
        b"tracestate",
        b"user-agent",
        b"x-correlation-id",
        b"x-request-id",
    }
)

_AT_MOST_ONCE = frozenset(
    {
        b"authorization",
        b"host",
        b"content-length",
        b"content-type",
        b"content-encoding",
        b"transfer-encoding",
        b"expect",
        b"sendfileasbinary",
        b"range",
    }
)
_OVERRIDES = frozenset({b"x-http-method", b"x-http-method-override", b"x-method-override", b"x-original-method"})
_OF_BODIES = frozenset({b"content-type"})
_READ_HERE = frozenset(
    {b"accept-encoding", b"range", b"if-range", b"if-none-match", b"if-modified-since", b"if-match", b"if-unmodified-since"}
)


def check_headers(headers: RawHeaders) -> None:
    """Refuse what has two readings or would change the meaning of the request.

    :raises Refusal: REPEATED_HEADER, METHOD_OVERRIDE or UPGRADE_REFUSED.
    """
    seen: set[bytes] = set()
    for raw_name, value in headers:
        name = raw_name.lower()
        plain = name.replace(b"_", b"-")
        if plain in _AT_MOST_ONCE:
            if plain in seen or name != plain:
                raise Refusal(Reason.REPEATED_HEADER, f"{plain.decode()} must occur once, spelled so")
            seen.add(plain)
        elif plain in _OVERRIDES:
            raise Refusal(Reason.METHOD_OVERRIDE, "headers that override the verb are not served; use the verb itself")
        elif plain == b"upgrade" or (plain == b"connection" and b"upgrade" in value.lower()):
            raise Refusal(Reason.UPGRADE_REFUSED, "switching protocols is not served")


def check_head_size(headers: RawHeaders, limit: int) -> None:
    """Bound the whole of the header fields; the parser bounds each.

    :raises Refusal: HEAD_TOO_LARGE.
    """
    if sum(len(name) + len(value) for name, value in headers) > limit:
        raise Refusal(Reason.HEAD_TOO_LARGE, f"header fields may have {limit} bytes in all")


def value_of(headers: RawHeaders, wanted: bytes) -> str | None:
    """The value of a header that occurs at most once; None without it."""
    for name, value in headers:
        if name.lower() == wanted:
            return value.decode("latin-1")
    return None


def values_of(headers: RawHeaders, wanted: bytes) -> list[str]:
    """All values of a header, in order."""
    return [value.decode("latin-1") for name, value in headers if name.lower() == wanted]


def upstream_headers(
    headers: RawHeaders, *, host: bytes, authorization: bytes, body_length: int | None, answer_is_read: bool
) -> Iterator[tuple[bytes, bytes]]:
    """The headers that the backend gets.

    :param body_length: of the body that goes along, None for none.
    :param answer_is_read: the sidecar reads the answer itself, so that it must be whole and in plain coding.
    """
    yield b"Host", host
    yield b"Authorization", authorization
    passed = PASSED - (_READ_HERE if answer_is_read else frozenset()) - (_OF_BODIES if body_length is None else frozenset())
    for name, value in headers:
        if name.lower() in passed:
            yield name, value
    if answer_is_read:
        yield b"Accept-Encoding", b"identity"
    if body_length is not None:
        yield b"Content-Length", str(body_length).encode()
