"""What is remembered about whose file it is: for how long, how much, and for whom."""

import asyncio
import json
from collections.abc import Callable
from typing import Any, cast

import pytest

from sidecar.dialects.call import FetchImage
from sidecar.errors import Reason, Refusal
from sidecar.filters.predicate import EVERYTHING
from sidecar.policy.decision import Claim, Rows
from sidecar.policy.model import Caller
from sidecar.proxy import ownership
from sidecar.proxy.backend_credentials import BackendCredentials
from sidecar.proxy.ownership import NOT_OWNED_SECONDS, OWNED_SECONDS, Ownership
from sidecar.proxy.upstream.answer_head import read_answer_head
from sidecar.record.metrics import Metrics
from sidecar.store.snapshot import Snapshot
from tests.proxy.rig import snapshot_of


class Told:
    """An answer that is all there."""

    status = 200
    head = read_answer_head(b"HTTP/1.1 200 OK\r\n")

    def __init__(self, rows: list[dict[str, str]]) -> None:
        self._body = json.dumps({"skip": 0, "take": 1, "rows": rows}).encode()

    async def read(self, _limit: int) -> bytes:
        return self._body

    def abort(self) -> None:
        pass


class Asking:
    """Someone who asks for images; the backend has those in `there`."""

    def __init__(self) -> None:
        self.there = {"1", "2", "3"}
        self.asked = 0
        self.now = 0.0
        self.metrics = Metrics()
        self.gate: asyncio.Event | None = None
        self.snapshot = snapshot_of()
        self.ownership = Ownership(cast("BackendCredentials", self), self.metrics, lambda: self.now)

    async def send(self, _environment: Any, _origin: Any, make_head: Callable[[bytes], bytes]) -> Told:
        self.asked += 1
        if self.gate is not None:
            await self.gate.wait()
        head = make_head(b"").decode()
        return Told([{"Id": each} for each in self.there if f"filtervalues={each}&" in head])

    async def may(self, image: str, user: str = "ann", snapshot: Snapshot | None = None) -> bool:
        policy = (snapshot or self.snapshot).policy
        caller = Caller(policy.users[user], policy.app_connectors["hours"], "phone")
        claim = Claim("Profit_Images", (("Id", image),), Rows((), EVERYTHING))
        try:
            call = await self.ownership.confirmed(snapshot or self.snapshot, caller, FetchImage(image), claim, None)
        except Refusal as refusal:
            if refusal.reason is Reason.FILE_NOT_OWNED:
                return False
            raise
        return call == FetchImage(image)


async def test_yes_is_remembered_for_half_a_minute() -> None:
    asking = Asking()
    assert await asking.may("1")
    asking.there.clear()
    asking.now = OWNED_SECONDS - 0.001
    assert await asking.may("1")
    assert asking.asked == 1
    asking.now = OWNED_SECONDS
    assert not await asking.may("1")
    assert asking.metrics.ownership == {("owned", "backend"): 1, ("owned", "memory"): 1, ("not_owned", "backend"): 1}


async def test_no_is_remembered_for_five_seconds() -> None:
    asking = Asking()
    assert not await asking.may("7")
    asking.there.add("7")
    asking.now = NOT_OWNED_SECONDS - 0.001
    assert not await asking.may("7")
    assert asking.asked == 1
    asking.now = NOT_OWNED_SECONDS
    assert await asking.may("7")


async def test_another_user_and_another_policy_are_asked_for_anew() -> None:
    asking = Asking()
    assert await asking.may("1")
    asking.there.clear()
    assert not await asking.may("1", "bob")
    assert await asking.may("1")
    assert not await asking.may("1", snapshot=snapshot_of("2"))


async def test_what_comes_back_after_a_change_of_policy_is_not_remembered_for_the_new_one() -> None:
    asking, new = Asking(), snapshot_of("2")
    asking.gate = asyncio.Event()
    late = asyncio.create_task(asking.may("1"))
    await asyncio.sleep(0)
    other = asyncio.create_task(asking.may("9", snapshot=new))
    await asyncio.sleep(0)
    asking.gate.set()
    assert (await late, await other) == (True, False)
    asking.there.clear()
    assert not await asking.may("1", snapshot=new)


async def test_the_oldest_make_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ownership, "_MOST_REMEMBERED", 2)
    asking = Asking()
    for image in ("1", "2", "3"):
        assert await asking.may(image)
    assert asking.asked == 3
    assert await asking.may("3")
    assert asking.asked == 3
    assert await asking.may("1")
    assert asking.asked == 4


async def test_a_question_is_given_up_with_the_last_who_waits_for_it_and_may_be_asked_again() -> None:
    asking = Asking()
    asking.gate = asyncio.Event()
    waiting = [asyncio.create_task(asking.may("1")) for _ in range(3)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert asking.asked == 1
    waiting[0].cancel()
    await asyncio.sleep(0)
    waiting[1].cancel()
    waiting[2].cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    asking.gate.set()
    assert await asking.may("1")
    assert asking.asked == 2


async def test_one_who_leaves_takes_nothing_from_those_who_stay() -> None:
    asking = Asking()
    asking.gate = asyncio.Event()
    waiting = [asyncio.create_task(asking.may("1")) for _ in range(3)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    await asyncio.sleep(0)
    asking.gate.set()
    assert await asyncio.gather(*waiting[1:]) == [True, True]
    assert asking.asked == 1
