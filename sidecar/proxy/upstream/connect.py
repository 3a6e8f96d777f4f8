"""Opens connections to a backend, verified where they are TLS, and says plainly why one cannot be had."""

import asyncio
import functools
import socket
import ssl
from collections.abc import Callable
from pathlib import Path

from sidecar.errors import Reason, Refusal
from sidecar.proxy.upstream.connection import Connection
from sidecar.proxy.upstream.origin import Origin


async def connect(origin: Origin, make: Callable[[], Connection], seconds: float) -> Connection:
    """An open connection, TLS done.

    :raises Refusal: BACKEND_UNREACHABLE, or BACKEND_CONNECT_TIMEOUT after `seconds`. The detail names host, port and problem.
    """
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(seconds):
            if origin.scheme == "http":
                _, connection = await loop.create_connection(make, origin.host, origin.port)
            else:
                _, connection = await loop.create_connection(
                    make,
                    origin.host,
                    origin.port,
                    ssl=tls_context(origin.ca_file, _changed_at(origin.ca_file)),
                    server_hostname=origin.host,
                    ssl_handshake_timeout=seconds,
                )
    except TimeoutError:
        raise Refusal(Reason.BACKEND_CONNECT_TIMEOUT, f"{origin.address}: no connection in time") from None
    except OSError as error:
        raise Refusal(Reason.BACKEND_UNREACHABLE, f"{origin.address}: {_problem(error)}") from error
    return connection


def _changed_at(ca_file: str | None) -> int:
    """When the file was changed last (nanoseconds), so that new authorities count for the next connection; 0 where there is none."""
    try:
        return 0 if ca_file is None else Path(ca_file).stat().st_mtime_ns
    except OSError:
        return 0


@functools.lru_cache(maxsize=64)
def tls_context(ca_file: str | None, _changed_at: int = 0) -> ssl.SSLContext:
    """Certificate and host name are always verified, by the system's authorities or by those in `ca_file` alone; TLS 1.2 at least.

    :raises OSError: the file cannot be read, or holds no certificate.
    """
    try:
        context = ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        raise OSError("the file with its certificate authorities cannot be read") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _problem(error: OSError) -> str:
    match error:
        case ssl.SSLCertVerificationError():
            return f"its certificate is refused: {error.verify_message}"
        case ssl.SSLError():
            return f"TLS failed: {error.reason}"
        case socket.gaierror():
            return "the name does not resolve"
        case ConnectionRefusedError():
            return "connection refused"
        case ConnectionResetError() | ConnectionAbortedError():
            return "it closed the connection at once"
        case _:
            return error.strerror or str(error) or type(error).__name__
