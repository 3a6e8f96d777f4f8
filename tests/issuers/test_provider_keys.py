"""Keys are kept at hand: fetched together, anew ahead of need, not more often than is good, and never lost to a provider that is down."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from sidecar.errors import Reason, Refusal
from sidecar.identity.issuer import Issuer, RemoteKeys
from sidecar.identity.key_set import KeySet, read_key_set
from sidecar.issuers.fetching import FetchFailedError
from sidecar.issuers.provider_keys import Rhythm
from sidecar.issuers.providers import Providers
from sidecar.issuers.verifier import Verified, Verifier
from tests.jwt import mint
from tests.jwt.issuers import COMPANY
from tests.jwt.mint import claims, in_json, jwk, token

REMOTE = RemoteKeys("https://login.example.com/keys", discovery=False)
ISSUER = replace(COMPANY, keys=REMOTE)
SET = read_key_set(mint.COMPANY_KEYS)
NEXT = read_key_set(in_json({"keys": [jwk(mint.STRANGERS, "rsa-2")]}))
SLOW = Rhythm(refresh=1_000.0, cool_down=0.0, first_retry=1_000.0, keep=1_000.0)


class Source:
    """Stands in for the network: what is there, and how often it was asked for."""

    def __init__(self) -> None:
        self.keys: KeySet | None = SET
        self.asked = 0
        self.gate = asyncio.Event()
        self.gate.set()

    async def fetch(self, issuer: Issuer, remote: RemoteKeys) -> KeySet:
        self.asked += 1
        await self.gate.wait()
        if self.keys is None:
            raise FetchFailedError("the provider is down")
        return self.keys


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not true():  # noqa: ASYNC110  what is waited for tells nobody
            await asyncio.sleep(0.001)


@asynccontextmanager
async def verifying(source: Source, rhythm: Rhythm = SLOW) -> AsyncIterator[Verifier]:
    providers = Providers(source.fetch, rhythm)
    providers.adopt({mint.COMPANY: ISSUER})
    try:
        yield Verifier(providers, clock=_now, ticks=asyncio.get_running_loop().time)
    finally:
        await providers.close()


def _now() -> float:
    return float(claims()["iat"] + 10)


async def verify(verifier: Verifier, text: str) -> Verified:
    return verifier.verify(text.encode(), "") or await verifier.verify_with_new_keys(text.encode(), "")


async def reason(verifier: Verifier, text: str) -> Reason:
    with pytest.raises(Refusal) as raised:
        await verify(verifier, text)
    return raised.value.reason


async def test_all_who_come_before_the_first_keys_wait_for_one_fetch() -> None:
    source = Source()
    source.gate.clear()
    async with verifying(source) as verifier:
        waiting = [asyncio.create_task(verify(verifier, token(claims(jti=str(number))))) for number in range(20)]
        await until(lambda: source.asked == 1)
        source.gate.set()
        assert {found.meaning.user for found in await asyncio.gather(*waiting)} == {"j.devries"}
        assert source.asked == 1
        assert [(state.issuer, state.keys, state.problem) for state in verifier.providers.state()] == [("company", 5, "")]


async def test_a_provider_that_is_down_from_the_start_is_said_to_be() -> None:
    source = Source()
    source.keys = None
    async with verifying(source) as verifier:
        assert await reason(verifier, token()) is Reason.JWT_KEYS_UNAVAILABLE
        [state] = verifier.providers.state()
        assert (state.keys, state.age_seconds, state.problem) == (0, None, "the provider is down")
        source.keys = SET
        assert (await verify(verifier, token())).meaning.user == "j.devries"


async def test_a_new_key_is_fetched_when_it_is_first_used_and_the_old_one_then_counts_no_more() -> None:
    source = Source()
    async with verifying(source) as verifier:
        old = token()
        await verify(verifier, old)
        source.keys = NEXT
        assert (await verify(verifier, token(None, mint.STRANGERS, kid="rsa-2"))).meaning.user == "j.devries"
        assert await reason(verifier, old) is Reason.JWT_KEY_UNKNOWN


async def test_unknown_keys_can_not_make_the_sidecar_fetch_again_and_again() -> None:
    source = Source()
    async with verifying(source, replace(SLOW, cool_down=1_000.0)) as verifier:
        await verify(verifier, token())
        reasons = {await reason(verifier, token(kid=f"no-{number}")) for number in range(50)}
        assert reasons == {Reason.JWT_KEY_UNKNOWN}
        assert source.asked <= 1 + SLOW.at_once


async def test_keys_that_are_changed_just_after_they_were_fetched_lose_nobody() -> None:
    source = Source()
    async with verifying(source, replace(SLOW, cool_down=1_000.0)) as verifier:
        await verify(verifier, token())
        source.keys = NEXT
        assert (await verify(verifier, token(None, mint.STRANGERS, kid="rsa-2"))).meaning.user == "j.devries"
        assert source.asked == 2


async def test_those_who_wait_for_an_unknown_key_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sidecar.issuers.provider_keys._MOST_WAITING", 3)
    source = Source()
    async with verifying(source) as verifier:
        await verify(verifier, token())
        source.gate.clear()
        waiting = [asyncio.create_task(reason(verifier, token(kid=f"no-{number}"))) for number in range(3)]
        await until(lambda: source.asked == 2)
        assert await reason(verifier, token(kid="one-more")) is Reason.JWT_KEY_UNKNOWN
        source.gate.set()
        assert set(await asyncio.gather(*waiting)) == {Reason.JWT_KEY_UNKNOWN}


async def test_the_last_good_keys_stay_while_the_provider_is_down_and_then_count_no_more() -> None:
    source = Source()
    async with verifying(source, Rhythm(refresh=0.01, cool_down=1_000.0, first_retry=0.01, last_retry=0.01, keep=0.5)) as verifier:
        text = token()
        await verify(verifier, text)
        source.keys = None
        await until(lambda: verifier.providers.state()[0].problem != "")
        await verify(verifier, text)
        await until(lambda: verifier.providers.state()[0].keys == 0)
        assert await reason(verifier, text) is Reason.JWT_KEYS_UNAVAILABLE
        source.keys = SET
        await until(lambda: verifier.providers.state()[0].keys == 5)
        await verify(verifier, text)


async def test_keys_are_fetched_anew_ahead_of_need_and_the_same_ones_change_nothing() -> None:
    source = Source()
    async with verifying(source, replace(SLOW, refresh=0.001)) as verifier:
        found = await verify(verifier, token())
        revision = verifier.providers.revision
        await until(lambda: source.asked > 5)
        assert verifier.providers.revision == revision
        source.keys = NEXT
        await until(lambda: verifier.providers.revision > revision)
        assert found.meaning.user == "j.devries"


async def test_another_configuration_keeps_the_keys_of_a_provider_that_stays_and_drops_the_others() -> None:
    source = Source()
    async with verifying(source) as verifier:
        await verify(verifier, token())
        verifier.providers.adopt({mint.COMPANY: replace(ISSUER, audiences=frozenset({"connectors", "payroll"}))})
        await verify(verifier, token(claims(aud="payroll")))
        assert source.asked == 1
        verifier.providers.adopt({mint.COMPANY: replace(ISSUER, keys=replace(REMOTE, url="https://elsewhere.example/keys"))})
        source.keys = NEXT
        assert await reason(verifier, token()) is Reason.JWT_KEY_UNKNOWN
        verifier.providers.adopt({})
        assert await reason(verifier, token()) is Reason.JWT_ISSUER_UNKNOWN
        assert verifier.providers.state() == []


async def test_a_fault_of_ours_does_not_end_the_refreshing() -> None:
    source = Source()
    async with verifying(source, replace(SLOW, first_retry=0.001, last_retry=0.001)) as verifier:
        source.keys = "no keys at all"  # type: ignore[assignment]
        await until(lambda: source.asked > 3)
        assert verifier.providers.state()[0].problem.startswith("a fault of the sidecar itself: AttributeError")
        source.keys = SET
        await verify(verifier, token())


async def test_who_waits_for_keys_of_an_issuer_that_goes_is_told_so() -> None:
    source = Source()
    source.gate.clear()
    async with verifying(source) as verifier:
        waiting = [asyncio.create_task(reason(verifier, token(claims(jti=str(number))))) for number in range(3)]
        await until(lambda: source.asked == 1)
        await asyncio.sleep(0)
        verifier.providers.adopt({})
        assert await asyncio.gather(*waiting) == [Reason.JWT_ISSUER_UNKNOWN] * 3


async def test_nothing_runs_on_after_the_close() -> None:
    source = Source()
    source.gate.clear()
    async with verifying(source):
        await until(lambda: source.asked == 1)
    assert [task.get_name() for task in asyncio.all_tasks() if "keys" in task.get_name()] == []
