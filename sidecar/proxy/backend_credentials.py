"""The sidecar's access tokens for its backends, one for each environment with OAuth, and requests that carry them.

Proofs of other kinds are the same for all requests, or the client's; they stand in the heads that are handed in.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from sidecar.errors import Reason, Refusal
from sidecar.proxy.backend_token import BackendToken, Pace
from sidecar.proxy.token_answer import AccessToken, FetchOutcome, NoTokenError, read_token_answer
from sidecar.proxy.token_request import token_request
from sidecar.proxy.upstream import Answer, DiedUnanswered, Origin, Pool, parse_origin
from sidecar.store.oauth_client import OAuthClient
from sidecar.store.snapshot import Environment, Snapshot

_LONGEST_FETCH = 30.0
_LONGEST_ANSWER = 65_536
_TRIES = 3
"""Of kept connections that may have been closed by the backend meanwhile. To ask for a token twice changes nothing there."""

MakeHead = Callable[[bytes], bytes]
"""Gives the head of a request, with the access token's Authorization line in it; the line is empty where the proof is of another kind."""


class BackendCredentials:
    """Belongs to the event loop in which it is used.

    :ivar fetches: of access tokens, by environment and outcome.
    """

    def __init__(self, pool: Pool, patience: float, pace: Pace | None = None) -> None:
        """:param patience: seconds that a request waits for a token at most."""
        self._pool = pool
        self._patience = patience
        self._pace = pace or Pace()
        self._tokens: dict[str, BackendToken] = {}
        self._closed = False
        self.fetches: Counter[tuple[str, str]] = Counter()

    # For requests.

    async def had_to_wait(self, environment: Environment) -> bool:
        """Wait until there is a proof for this environment's backend; whether that took any time.

        :raises Refusal: BACKEND_CREDENTIAL.
        """
        credential = environment.credential
        if not isinstance(credential, OAuthClient):
            return False
        token = self.token_of(environment, credential)
        if token.line is not None:
            return False
        await token.wait(self._patience)
        return True

    async def send(self, environment: Environment, origin: Origin, make_head: MakeHead, body: bytes = b"") -> Answer:
        """Send a request, as `Pool.send` does. If the backend refuses the access token, once more with a new one.

        To be refused as unknown means that nothing was carried out, so a body can be sent again.

        :raises Refusal: as `Pool.send`, and BACKEND_CREDENTIAL.
        """
        credential = environment.credential
        if not isinstance(credential, OAuthClient):
            return await self._pool.send(origin, make_head(b""), body)
        token = self.token_of(environment, credential)
        line = await token.wait(self._patience)
        answer = await self._pool.send(origin, make_head(line), body)
        if answer.status == 401:
            answer.abort()
            answer = await self._pool.send(origin, make_head(await token.renewed(line, self._patience)), body)
        if answer.status == 401:
            answer.abort()
            raise refused_again()
        return answer

    def token_of(self, environment: Environment, client: OAuthClient) -> BackendToken:
        """The token for this environment, under whatever snapshot; a client that is not the same has another one."""
        token = self._tokens.get(environment.name)
        if token is None or (token.client is not client and token.fingerprint != client.fingerprint):
            token = self._tokens[environment.name] = self._new(environment.name, client, token)
        return token

    # For those who run it.

    def adopt(self, snapshot: Snapshot | None) -> None:
        """Have tokens for the environments of this snapshot, and no others. Where the client is the same, its token stays."""
        if snapshot is None or self._closed:
            return
        clients = {name: each.credential for name, each in snapshot.environments.items() if isinstance(each.credential, OAuthClient)}
        for name in self._tokens.keys() - clients.keys():
            self._tokens.pop(name).retire()
        for name, client in clients.items():
            self.token_of(snapshot.environments[name], client).client = client

    def report(self) -> dict[str, Any]:
        """For readiness, by environment: for how many seconds there is a token, and why there is no newer one."""
        return {
            name: {"token_seconds": round(token.seconds_left), "problem": token.problem} for name, token in sorted(self._tokens.items())
        }

    def seconds_left(self) -> dict[str, float]:
        """By environment, how long the token at hand holds."""
        return {name: token.seconds_left for name, token in self._tokens.items()}

    async def close(self) -> None:
        """Fetch no more."""
        self._closed = True
        await asyncio.gather(*(token.close() for token in self._tokens.values()))

    def _new(self, name: str, client: OAuthClient, before: BackendToken | None) -> BackendToken:
        if self._closed:
            raise Refusal(Reason.DRAINING)
        if before is not None:
            before.retire()
        return BackendToken(name, client, self._fetch, self._note, self._pace)

    def _note(self, environment: str, outcome: FetchOutcome) -> None:
        self.fetches[environment, outcome.value] += 1

    async def _fetch(self, client: OAuthClient) -> AccessToken:
        origin, path = parse_origin(client.token_url, client.ca_file)
        try:
            async with asyncio.timeout(_LONGEST_FETCH):
                answer = await self._ask(client, origin, path or "/")
                try:
                    return read_token_answer(answer.status, await answer.read(_LONGEST_ANSWER))
                finally:
                    answer.abort()
        except TimeoutError:
            raise NoTokenError(FetchOutcome.UNAVAILABLE, f"the token endpoint did not answer within {_LONGEST_FETCH:.0f} seconds") from None
        except Refusal as refusal:
            outcome = FetchOutcome.MALFORMED if refusal.reason is Reason.BACKEND_BROKEN else FetchOutcome.UNAVAILABLE
            raise NoTokenError(outcome, f"token endpoint: {refusal}") from None

    async def _ask(self, client: OAuthClient, origin: Origin, path: str) -> Answer:
        for last in [False] * (_TRIES - 1) + [True]:
            head, body = token_request(client, origin.host_header, path, int(time.time()))  # an assertion is taken once
            try:
                return await self._pool.send(origin, head, body)
            except DiedUnanswered:
                if last:
                    raise
        raise AssertionError  # the last try returned or raised


def refused_again() -> Refusal:
    """The backend takes no token, however new. That is no fault of the client's, whose own token is good."""
    return Refusal(Reason.BACKEND_CREDENTIAL, "the backend refused a new access token as well")
