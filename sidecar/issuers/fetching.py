"""Fetches the keys that an identity provider publishes: from the configured address only, within bounds of size and time.

Nothing of a caller's token has a part in where is asked, redirects are not followed, and what is compressed is not taken.
"""

import asyncio
import ssl
from urllib.parse import urlsplit

from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout, DummyCookieJar, TCPConnector

from sidecar.identity.issuer import Issuer, RemoteKeys
from sidecar.identity.key_set import LONGEST_SET, KeySet, read_key_set
from sidecar.identity.strict_json import NotStrictError, read_object
from sidecar.settings.guarded_url import is_guarded

PATIENCE_SECONDS = 10.0
"""For each of the two requests: metadata and keys."""
_LONGEST_URL = 2_048


class FetchFailedError(Exception):
    """What is wrong, for people; holds nothing that the provider sent."""


async def fetch_keys(issuer: Issuer, remote: RemoteKeys) -> KeySet:
    """The keys as they are now.

    :raises FetchFailedError: for whatever goes wrong.
    """
    try:
        context = await asyncio.to_thread(ssl.create_default_context, cafile=remote.ca_file)
    except OSError as error:
        raise FetchFailedError(f"the `ca_file` can't be used: {type(error).__name__}") from None
    # A connection each time: an hour lies between two.
    connector = TCPConnector(ssl=context, force_close=True, limit=2)
    timeout = ClientTimeout(total=PATIENCE_SECONDS)
    headers = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "connector-sidecar"}
    async with ClientSession(
        connector=connector, timeout=timeout, headers=headers, cookie_jar=DummyCookieJar(), auto_decompress=False
    ) as session:
        url = remote.url if not remote.discovery else _key_url(await _get(session, remote.url, "the metadata"), issuer, remote.url)
        content = await _get(session, url, "the keys")
    try:
        return read_key_set(content)
    except ValueError as problem:
        raise FetchFailedError(f"what was fetched {problem}") from None


async def _get(session: ClientSession, url: str, what: str) -> bytes:
    try:
        async with session.get(url, allow_redirects=False) as response:
            return await _content(response, what)
    except TimeoutError:
        raise FetchFailedError(f"{what} did not come within {PATIENCE_SECONDS:.0f} seconds") from None
    except (ClientError, OSError, ValueError) as error:  # their texts may quote addresses and answers
        raise FetchFailedError(f"{what} can't be fetched: {type(error).__name__}") from None


async def _content(response: ClientResponse, what: str) -> bytes:
    if 300 <= response.status < 400:
        raise FetchFailedError(f"{what} are elsewhere by now, and redirects are not followed: status {response.status}")
    if response.status != 200:
        raise FetchFailedError(f"{what} are not given: status {response.status}")
    if response.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise FetchFailedError(f"{what} come compressed, though that was not asked for")
    content = bytearray()
    async for chunk in response.content.iter_chunked(65_536):
        content += chunk
        if len(content) > LONGEST_SET:
            raise FetchFailedError(f"{what} are over {LONGEST_SET} bytes")
    return bytes(content)


def _key_url(metadata: bytes, issuer: Issuer, asked: str) -> str:
    """Where the keys are. Metadata of another issuer would have its keys believed (OpenID Connect Discovery 4.3)."""
    try:
        document = read_object(metadata)
    except NotStrictError as problem:
        raise FetchFailedError(f"the metadata can't be read: {problem}") from None
    if document.get("issuer") != issuer.issuer:
        raise FetchFailedError("the metadata is that of another issuer")
    url = document.get("jwks_uri")
    plain = urlsplit(asked).scheme.lower() == "http"
    if not isinstance(url, str) or len(url) > _LONGEST_URL or not is_guarded(url) or (not plain and not url.lower().startswith("https:")):
        raise FetchFailedError("the metadata names no `jwks_uri` from which keys can be fetched")
    return url
