"""An access token is at hand, being fetched, or not to be had for a while; whatever comes about, one fetch at a time."""

import asyncio
from collections.abc import Callable

import pytest

from sidecar.errors import Reason, Refusal
from sidecar.proxy.backend_token import BackendToken, Pace
from sidecar.proxy.token_answer import AccessToken, FetchOutcome, NoTokenError
from sidecar.store.oauth_client import ClientSecret, OAuthClient

CLIENT = OAuthClient("https://backend.example/oauth/token", "hours", ClientSecret("secret"))
DOWN = NoTokenError(FetchOutcome.UNAVAILABLE, "down")
PATIENCE = 5.0
NEVER = Pace(first_pause=3600, longest_pause=3600, least_interval=3600, between_renewals=3600)


class Endpoint:
    """Gives what it is told to, each time something else. Requests wait while it is not `open`."""

    def __init__(self, *results: AccessToken | Exception) -> None:
        self.results = list(results)
        self.asked = 0
        self.open = asyncio.Event()
        self.open.set()

    async def fetch(self, _client: OAuthClient) -> AccessToken:
        self.asked += 1
        await self.open.wait()
        result = self.results.pop(0)
        if isinstance(result, Exception):
            raise result
        return result


def token(name: str, seconds: int = 3600) -> AccessToken:
    return AccessToken(name, seconds)


def line(name: str) -> bytes:
    return f"Authorization: Bearer {name}\r\n".encode()


def held(endpoint: Endpoint, pace: Pace = NEVER, outcomes: list[FetchOutcome] | None = None) -> BackendToken:
    noted: list[FetchOutcome] = [] if outcomes is None else outcomes
    return BackendToken("O12345AA", CLIENT, endpoint.fetch, lambda _, outcome: noted.append(outcome), pace)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110  looked at from outside
            await asyncio.sleep(0.002)


async def refused(waiting: Callable[[], object]) -> str:
    with pytest.raises(Refusal) as caught:
        await waiting()  # type: ignore[misc]
    assert caught.value.reason is Reason.BACKEND_CREDENTIAL
    return caught.value.detail


async def test_it_is_fetched_before_anybody_asks_and_is_at_hand_then() -> None:
    endpoint = Endpoint(token("a"))
    held_token = held(endpoint)
    assert await held_token.wait(PATIENCE) == held_token.line == line("a")
    assert await held_token.wait(PATIENCE) == line("a")
    assert endpoint.asked == 1
    assert 3590 < held_token.seconds_left <= 3600


async def test_the_one_at_hand_serves_while_the_next_one_is_fetched_or_can_not_be_had() -> None:
    endpoint, outcomes = Endpoint(token("a"), DOWN, token("b")), list[FetchOutcome]()
    held_token = held(endpoint, Pace(first_pause=0.1), outcomes)
    await held_token.wait(PATIENCE)
    endpoint.open.clear()
    held_token._begin()  # as the clock does
    assert await held_token.wait(PATIENCE) == line("a")
    endpoint.open.set()
    await until(lambda: held_token.problem == "down")
    assert held_token.line == line("a")
    await until(lambda: held_token.line == line("b"))
    assert held_token.problem == ""
    assert outcomes == [FetchOutcome.SUCCESS, FetchOutcome.UNAVAILABLE, FetchOutcome.SUCCESS]


async def test_a_token_is_not_sent_when_its_time_is_over() -> None:
    held_token = held(Endpoint(token("a", 1), DOWN))
    await held_token.wait(PATIENCE)
    await until(lambda: held_token.line is None)
    assert held_token.seconds_left == 0


async def test_short_lives_do_not_make_for_many_fetches() -> None:
    endpoint = Endpoint(*(token(str(number), 1) for number in range(100)))
    held_token = held(endpoint, Pace(least_interval=3600))
    await held_token.wait(PATIENCE)
    await until(lambda: held_token.line is None)
    assert endpoint.asked == 1
    assert await held_token.wait(PATIENCE) == line("1"), "who asks gets one all the same"


async def test_pauses_grow_to_a_bound_and_nobody_shortens_them() -> None:
    endpoint = Endpoint(*[DOWN] * 5, token("a"))
    pauses: list[float] = []
    held_token = held(endpoint, Pace(first_pause=0.01, longest_pause=0.05))
    loop = asyncio.get_running_loop()
    real = loop.call_later

    def call_later(delay: float, *rest: object, **named: object) -> object:
        if 0.009 < delay < 1:
            pauses.append(delay)
        return real(delay, *rest, **named)  # type: ignore[arg-type]

    loop.call_later = call_later  # type: ignore[assignment,method-assign]
    try:
        await until(lambda: held_token.problem == "down")
        asked = endpoint.asked
        assert [await refused(lambda: held_token.wait(PATIENCE)) for _ in range(50)] == ["down"] * 50
        assert endpoint.asked == asked
        await until(lambda: held_token.line is not None)
    finally:
        loop.call_later = real  # type: ignore[method-assign]
    assert pauses == [0.01, 0.02, 0.04, 0.05, 0.05]


async def test_who_stops_waiting_stops_nobody_else() -> None:
    endpoint = Endpoint(token("a"))
    endpoint.open.clear()
    held_token = held(endpoint)
    waiting = [asyncio.create_task(held_token.wait(PATIENCE)) for _ in range(3)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    assert await refused(lambda: held_token.wait(0.001)) == "no access token came in time"
    endpoint.open.set()
    assert [await each for each in waiting[1:]] == [line("a")] * 2
    assert waiting[0].cancelled()
    assert endpoint.asked == 1


async def test_a_refused_token_is_renewed_once_and_others_go_on_with_it_meanwhile() -> None:
    endpoint = Endpoint(token("a"), token("b"))
    held_token = held(endpoint)
    await held_token.wait(PATIENCE)
    endpoint.open.clear()
    waiting = [asyncio.create_task(held_token.renewed(line("a"), PATIENCE)) for _ in range(100)]
    await until(lambda: endpoint.asked == 2)
    assert held_token.line == line("a")
    endpoint.open.set()
    assert {await each for each in waiting} == {line("b")}
    assert await held_token.renewed(line("a"), PATIENCE) == line("b"), "who comes late with the old one"
    assert await refused(lambda: held_token.renewed(line("b"), PATIENCE)) == "the backend refused the access token again"
    assert endpoint.asked == 2


async def test_a_renewal_that_fails_leaves_the_token_to_others() -> None:
    endpoint = Endpoint(token("a"), DOWN)
    held_token = held(endpoint)
    await held_token.wait(PATIENCE)
    assert await refused(lambda: held_token.renewed(line("a"), PATIENCE)) == "down"
    assert await refused(lambda: held_token.renewed(line("a"), PATIENCE)) == "the backend refused the access token"
    assert (held_token.line, endpoint.asked) == (line("a"), 2)


async def test_a_renewal_that_brings_the_same_token_is_none() -> None:
    held_token = held(Endpoint(token("a"), token("a")))
    await held_token.wait(PATIENCE)
    assert await refused(lambda: held_token.renewed(line("a"), PATIENCE)) == "the backend refused the access token, and there is no other"


async def test_a_fault_while_fetching_is_a_failure_like_any_other() -> None:
    held_token = held(Endpoint(ZeroDivisionError("secret"), token("a")), Pace(first_pause=0.001))
    assert "secret" not in await refused(lambda: held_token.wait(PATIENCE))
    await until(lambda: held_token.line == line("a"))


async def test_what_is_retired_fetches_no_more_by_itself() -> None:
    endpoint = Endpoint(DOWN, token("a"))
    endpoint.open.clear()
    held_token = held(endpoint, Pace(first_pause=0.001))
    await asyncio.sleep(0)
    held_token.retire()
    endpoint.open.set()
    await until(lambda: held_token.problem == "down")
    await asyncio.sleep(0.02)
    assert endpoint.asked == 1


def test_no_token_shows() -> None:
    assert "abc" not in repr(token("abc"))
    assert "secret" not in repr(CLIENT)
