"""JWTs on the quick way of requests: remembered like user tokens, and forgotten with their end, with their key and with their user."""

import asyncio
import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from sidecar.identity.key_set import KeySet
from sidecar.issuers.providers import Providers
from sidecar.issuers.verifier import Verifier
from sidecar.policy.model import User
from sidecar.proxy.jwt_callers import JwtCallers
from sidecar.proxy.people import People
from tests.jwt import mint
from tests.jwt.issuers import COMPANY
from tests.jwt.mint import claims, token
from tests.proxy.rig import AUTHORIZATION, BASE, Rig, get

ROWS = f"{BASE}Profit_Hours"


class Directory:
    """Stands for a directory of users: what it has, and what is known of it without asking."""

    def __init__(self, *users: User) -> None:
        self.there = {user.name: user for user in users}
        self.known: dict[str, User] = {}
        self.epoch = 1
        self.asked: list[str] = []

    def remembered_user(self, name: str) -> User | None:
        return self.known.get(name)

    def remembered_user_by_email(self, email: str) -> User | None:
        return next((user for user in self.known.values() if user.email == email), None)

    async def user(self, name: str) -> User | None:
        self.asked.append(name)
        await asyncio.sleep(0)
        if name in self.there:
            self.known[name] = self.there[name]
        return self.there.get(name)

    def change(self, user: User) -> None:
        self.there[user.name] = user
        self.known.clear()
        self.epoch += 1


class JwtRig(Rig):
    """A gateway that takes JWTs, with a clock that is set by hand."""

    def __init__(self, directory: Directory | None = None) -> None:
        super().__init__()
        assert self.snapshot is not None
        self.now = time.time()
        self.keys = COMPANY.keys
        self.set_keys(COMPANY.keys)
        self.jwt = token(claims(preferred_username="ann"))
        people = People(directory)  # type: ignore[arg-type]
        self.providers = Providers()
        admission = self.gateway._admission
        admission._jwt = JwtCallers(Verifier(self.providers, lambda: self.now, lambda: self.now), people)
        admission.now = lambda: datetime.fromtimestamp(self.now, UTC)
        self._client = self.client()

    def set_keys(self, keys: object) -> None:
        assert self.snapshot is not None
        assert isinstance(keys, KeySet)
        self.snapshot = replace(self.snapshot, issuers={mint.COMPANY: replace(COMPANY, keys=keys)})

    async def status(self, jwt: str | None = None) -> int:
        """Of the answer to another request on the same connection."""
        connection, transport = self._client
        transport.written = b""
        self.ready()
        connection.data_received(get(ROWS).replace(AUTHORIZATION["ann"].encode(), f"Bearer {jwt or self.jwt}".encode()))
        for _ in range(8):
            await asyncio.sleep(0)
            self.answer()
            self.ready()
        return int(transport.written.split(b" ")[1])


@pytest.mark.parametrize("calls", range(8))  # however much is known of them by then
async def test_what_is_remembered_of_a_jwt_ends_with_it(calls: int) -> None:
    rig = JwtRig()
    assert [await rig.status() for _ in range(calls)] == [200] * calls
    assert all(b"ICT" in asked for asked in rig.asked)  # the rows of ann
    ends = rig.now + 300 + COMPANY.leeway
    rig.now = ends - 2
    assert await rig.status() == 200
    rig.now = ends + 1
    assert await rig.status() == 401


@pytest.mark.parametrize("calls", range(8))
async def test_what_is_remembered_of_a_jwt_ends_with_its_key(calls: int) -> None:
    rig = JwtRig()
    assert isinstance(COMPANY.keys, KeySet)
    assert [await rig.status() for _ in range(calls)] == [200] * calls
    rig.set_keys(KeySet(tuple(key for key in COMPANY.keys.keys if key.kid != "rsa-1")))
    assert await rig.status() == 401
    assert await rig.status(token(claims(preferred_username="ann"), mint.P256, "ES256", kid="ec-1")) == 200


async def test_a_key_that_is_taken_back_while_its_user_is_looked_up_proves_nothing() -> None:
    assert isinstance(COMPANY.keys, KeySet)
    others = KeySet(tuple(key for key in COMPANY.keys.keys if key.kid != "rsa-1"))
    directory = Directory()
    rig = JwtRig(directory)
    assert rig.snapshot is not None
    user = rig.snapshot.policy.users["ann"]

    async def meanwhile(_name: str) -> User:
        rig.set_keys(others)
        return user

    directory.user = meanwhile  # type: ignore[method-assign,assignment]
    assert await rig.status() == 401
    assert rig.asked == []


@pytest.mark.parametrize("calls", range(8))
async def test_fetched_keys_that_change_end_what_is_remembered_without_a_new_policy(calls: int) -> None:
    rig = JwtRig()
    assert [await rig.status() for _ in range(calls)] == [200] * calls
    rig.providers.adopt(rig.snapshot.issuers if rig.snapshot else {})
    rig.providers.issuers = {}  # as if none of its keys counted any more
    rig.providers.revision += 1
    rig.providers.adopt = lambda issuers: None  # type: ignore[method-assign]
    assert await rig.status() == 401


@pytest.mark.parametrize("calls", range(8))
async def test_users_of_a_directory_are_asked_for_once_and_count_until_they_change(calls: int) -> None:
    ann = User("ann", "ann@example.com", frozenset({"pocket"}), attributes={"departments": ("ICT",)})
    directory = Directory(ann)
    rig = JwtRig(directory)
    assert [await rig.status() for _ in range(calls)] == [200] * calls
    assert directory.asked == ["ann"] * min(calls, 1)
    directory.change(replace(ann, blocked=True))
    assert await rig.status() == 403
    directory.change(replace(ann, attributes={"departments": ("HR",)}))
    before = len(rig.asked)
    assert await rig.status() == 200
    assert b"HR" in rig.asked[before]
    del directory.there["ann"]
    directory.change(replace(ann, name="another"))
    assert await rig.status() == 403
