"""Users and tokens that are looked up, on the quick way of requests: what was prepared for a user ends with what he was."""

import asyncio
from dataclasses import dataclass, field, replace

import pytest

from sidecar.database.unavailable import Unavailable
from sidecar.identity.user_token import authorization_for, digest_of
from sidecar.policy.model import EVERYONE, Policy, User, UserToken
from sidecar.proxy.directory_callers import DirectoryCallers
from sidecar.proxy.issued_callers import IssuedCallers
from sidecar.proxy.people import People
from sidecar.settings.otp import OtpMode
from tests.proxy.rig import AUTHORIZATION, BASE, Rig, get, snapshot_of
from tests.proxy.test_issued_callers import TOKEN as ISSUED
from tests.proxy.test_issued_callers import Tokens

DATA = "A1" * 32
ROWS = f"{BASE}Profit_Hours"


@dataclass
class Entries:
    """Stands for `Directory`: what the database has, and what is remembered of it."""

    tokens: dict[bytes, UserToken]
    users: dict[str, User]
    epoch: int = 1
    answers: bool = True
    known: set[bytes | str] = field(default_factory=set)
    asked: list[bytes | str] = field(default_factory=list)

    def change(self) -> None:
        self.epoch += 1
        self.known.clear()

    def remembered_token(self, digest: bytes) -> tuple[UserToken, User | None] | None:
        return self._token(digest) if digest in self.known else None

    def remembered_user(self, name: str) -> User | None:
        return self.users.get(name) if name in self.known else None

    async def token(self, digest: bytes) -> tuple[UserToken, User | None] | None:
        await self._ask(digest)
        return self._token(digest)

    async def user(self, name: str) -> User | None:
        await self._ask(name)
        return self.users.get(name)

    async def _ask(self, key: bytes | str) -> None:
        if key in self.known:
            return
        self.asked.append(key)
        await asyncio.sleep(0)
        if not self.answers:
            raise Unavailable
        self.known.add(key)

    def _token(self, digest: bytes) -> tuple[UserToken, User | None] | None:
        token = self.tokens.get(digest)
        return None if token is None else (token, self.users.get(token.user))


def emptied(policy: Policy) -> Policy:
    return replace(policy, users={}, tokens={})


class LookingRig(Rig):
    """A gateway whose users and tokens are in a directory, and which issues some."""

    def __init__(self) -> None:
        super().__init__()
        policy = snapshot_of().policy
        users = {name: replace(user, groups=user.groups - {EVERYONE}) for name, user in policy.users.items()}
        self.entries = Entries(dict(policy.tokens), users)
        self.issued = Tokens({ISSUED.digest: ISSUED})
        self.put(policy)
        admission = self.gateway._admission
        admission._directory = DirectoryCallers(self.entries)  # type: ignore[arg-type]
        admission._issued = IssuedCallers(self.issued, People(self.entries))  # type: ignore[arg-type]
        self._client = self.client()

    def put(self, policy: Policy) -> None:
        """Have this policy in force, without its users."""
        assert self.snapshot is not None
        environments = {name: replace(each, otp=OtpMode.LOCAL) for name, each in self.snapshot.environments.items()}
        self.snapshot = replace(self.snapshot, policy=emptied(policy), environments=environments)

    async def status(self, data: str = DATA) -> int:
        """Of the answer to another request on the same connection."""
        return await self.status_of(self._client, get(ROWS).replace(AUTHORIZATION["ann"].encode(), authorization_for(data).encode()))


CALLS = range(8)
"""However much is known of a call by then."""


async def test_a_token_opens_what_it_is_for_and_is_asked_for_once() -> None:
    rig = LookingRig()
    assert [await rig.status() for _ in range(8)] == [200] * 8
    assert rig.entries.asked == [digest_of(DATA)]
    assert all(b"ICT" in asked for asked in rig.asked)  # the rows of ann, to whom it belongs


@pytest.mark.parametrize("calls", CALLS)
@pytest.mark.parametrize("data", [DATA, "D4" * 32])
async def test_what_is_remembered_of_a_caller_ends_with_any_change(calls: int, data: str) -> None:
    rig = LookingRig()
    name = "ann" if data == DATA else "bob"
    assert [await rig.status(data) for _ in range(calls)] == [200] * calls
    rig.entries.users[name] = replace(rig.entries.users[name], attributes={"departments": ("NEW",)})
    rig.entries.change()
    rig.asked.clear()
    assert [await rig.status(data) for _ in range(calls + 1)] == [200] * (calls + 1)
    assert all(b"NEW" in asked for asked in rig.asked)
    rig.entries.users[name] = replace(rig.entries.users[name], blocked=True)
    rig.entries.change()
    assert [await rig.status(data) for _ in range(2)] == [403] * 2
    del rig.entries.users[name]
    rig.entries.change()
    assert [await rig.status(data) for _ in range(2)] == [403] * 2


@pytest.mark.parametrize("calls", CALLS)
async def test_a_token_that_was_taken_away_opens_nothing(calls: int) -> None:
    rig = LookingRig()
    assert [await rig.status() for _ in range(calls)] == [200] * calls
    rig.entries.tokens.clear()
    rig.entries.change()
    assert [await rig.status() for _ in range(2)] == [401] * 2


@pytest.mark.parametrize("calls", CALLS)
async def test_while_the_database_is_away_those_who_are_remembered_go_on(calls: int) -> None:
    rig = LookingRig()
    assert [await rig.status() for _ in range(calls)] == [200] * calls
    rig.entries.answers = False
    assert await rig.status() == (200 if calls else 503)
    assert await rig.status("B2" * 32) == 503
    rig.entries.change()
    assert await rig.status() == 503
    rig.entries.answers = True
    assert await rig.status() == 200


@pytest.mark.parametrize("calls", CALLS)
async def test_a_user_belongs_to_the_groups_of_all_under_the_policy_in_force(calls: int) -> None:
    rig = LookingRig()
    assert [await rig.status() for _ in range(calls)] == [200] * calls
    policy = snapshot_of("2").policy
    hours = replace(policy.app_connectors["hours"], group="others")
    rig.put(replace(policy, app_connectors={"hours": hours}))
    assert await rig.status() == 403
    rig.put(replace(policy, app_connectors={"hours": hours}, of_all=frozenset({EVERYONE, "others"})))
    assert await rig.status() == 200


async def test_an_issued_token_of_a_user_who_is_looked_up() -> None:
    rig = LookingRig()
    assert [await rig.status("D4" * 32) for _ in range(8)] == [200] * 8
    assert rig.entries.asked.count("bob") == 1
    assert rig.issued.asked == [ISSUED.digest]
    rig.issued.revoke(ISSUED.digest)
    assert await rig.status("D4" * 32) == 401


@pytest.mark.parametrize(("data", "status"), [("E5" * 32, 401), ("B2" * 32, 200)])
async def test_others_are_who_they_are(data: str, status: int) -> None:
    rig = LookingRig()
    assert [await rig.status(data) for _ in range(4)] == [status] * 4
