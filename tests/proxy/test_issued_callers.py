"""Issued tokens on the quick way of requests: remembered like others, and forgotten with any revocation and with deafness."""

import asyncio
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest

from sidecar.database.unavailable import Unavailable
from sidecar.identity.user_token import authorization_for, digest_of
from sidecar.otp.issued_token import IssuedToken
from sidecar.proxy.issued_callers import IssuedCallers
from sidecar.proxy.people import People
from sidecar.settings.otp import OtpMode
from tests.proxy.rig import AUTHORIZATION, BASE, Rig, get

DATA = "D4" * 32
TOKEN = IssuedToken(
    digest_of(DATA), "O12345AA", "hours", "bob", "tablet", datetime(2026, 1, 1, tzinfo=UTC), datetime(2999, 1, 1, tzinfo=UTC)
)
ROWS = f"{BASE}Profit_Hours"


@dataclass
class Tokens:
    """Stands for `IssuedTokens`: what the database has, and what is known of it without asking."""

    there: dict[bytes, IssuedToken] = field(default_factory=dict)
    known: dict[bytes, IssuedToken] = field(default_factory=dict)
    revision: int = 1
    hears: bool = True
    asked: list[bytes] = field(default_factory=list)

    def remembered(self, digest: bytes) -> IssuedToken | None:
        return self.known.get(digest) if self.hears else None

    async def find(self, digest: bytes) -> IssuedToken | None:
        self.asked.append(digest)
        await asyncio.sleep(0)
        if not self.hears:
            raise Unavailable
        if digest in self.there:
            self.known[digest] = self.there[digest]
        return self.there.get(digest)

    def revoke(self, digest: bytes) -> None:
        del self.there[digest]
        self.known.clear()
        self.revision += 1


class IssuingRig(Rig):
    """A gateway that asks an authority for what the policy does not know."""

    def __init__(self, mode: OtpMode = OtpMode.LOCAL) -> None:
        super().__init__()
        assert self.snapshot is not None
        environments = {name: replace(each, otp=mode) for name, each in self.snapshot.environments.items()}
        self.snapshot = replace(self.snapshot, environments=environments)
        self.tokens = Tokens({TOKEN.digest: TOKEN})
        self.gateway._admission._issued = IssuedCallers(self.tokens, People())  # type: ignore[arg-type]
        self._client = self.client()

    async def status(self, data: str = DATA) -> int:
        """Of the answer to another request on the same connection."""
        return await self.status_of(self._client, get(ROWS).replace(AUTHORIZATION["ann"].encode(), authorization_for(data).encode()))


async def test_an_issued_token_opens_what_it_is_for_and_is_asked_for_once() -> None:
    rig = IssuingRig()
    assert [await rig.status() for _ in range(8)] == [200] * 8
    assert rig.tokens.asked == [TOKEN.digest]
    assert all(b"HR" in asked for asked in rig.asked)  # the rows of bob, to whom it belongs


async def test_what_is_remembered_of_an_issued_token_ends_with_a_revocation_and_with_deafness() -> None:
    for calls in range(8):  # however much is known of them by then
        rig = IssuingRig()
        assert [await rig.status() for _ in range(calls)] == [200] * calls
        rig.tokens.hears = False
        assert await rig.status() == 503
        rig.tokens.hears = True
        assert await rig.status() == 200
        rig.tokens.revoke(TOKEN.digest)
        assert await rig.status() == 401


async def test_a_revocation_of_another_token_changes_nothing_for_this_one() -> None:
    rig = IssuingRig()
    rig.tokens.there[b"other"] = TOKEN
    assert [await rig.status() for _ in range(8)] == [200] * 8
    rig.tokens.revoke(b"other")
    assert [await rig.status() for _ in range(8)] == [200] * 8


async def test_a_token_that_is_nobodys_is_asked_for_once_by_each_request_and_never_remembered() -> None:
    rig = IssuingRig()
    assert [await rig.status("E5" * 32) for _ in range(4)] == [401] * 4
    assert rig.tokens.asked == [digest_of("E5" * 32)] * 4


async def test_tokens_of_the_policy_ask_nobody() -> None:
    rig = IssuingRig()
    rig.tokens.hears = False
    assert [await rig.status("A1" * 32) for _ in range(6)] == [200] * 6
    assert rig.tokens.asked == []


@pytest.mark.parametrize("mode", [OtpMode.OFF, OtpMode.FORWARD])
async def test_where_the_sidecar_is_no_authority_any_more_its_tokens_open_nothing(mode: OtpMode) -> None:
    rig = IssuingRig(mode)
    assert [await rig.status() for _ in range(2)] == [401] * 2
