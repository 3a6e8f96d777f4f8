"""A law: whatever changes, is looked up and is heard of in whatever order, what the directory says was so at one moment, which is not
before the last that was adopted, and under rights that are in force."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from itertools import count
from types import SimpleNamespace
from typing import Any
from unittest import mock

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from sidecar.database.unavailable import Unavailable
from sidecar.policy.model import User, UserToken
from sidecar.policy_database import directory as room
from sidecar.policy_database.directory import Directory
from sidecar.policy_database.lookup import TokenOfUser
from sidecar.policy_database.revision import Revision

NAMES = ("ann", "bob")
DIGESTS = tuple(bytes([number]) * 32 for number in range(2))
_names, _digests = st.sampled_from(NAMES), st.sampled_from(DIGESTS)

Said = tuple[str, str] | None
"""Of a token its description and its user's address; of a user his name and address."""


@dataclass(frozen=True)
class State:
    """What the database holds at one moment."""

    revision: Revision
    users: Mapping[str, str]  # addresses by name
    tokens: Mapping[bytes, tuple[str, str]]  # user and description

    def token(self, digest: bytes) -> Said:
        found = self.tokens.get(digest)
        return None if found is None else (found[1], self.users[found[0]])

    def user(self, name: str) -> Said:
        return (name, self.users[name]) if name in self.users else None

    def by_email(self, address: str) -> Said:
        names = [name for name, each in self.users.items() if each == address]
        return (names[0], address) if len(names) == 1 else None


def said_of_token(found: tuple[UserToken, User | None] | None) -> Said:
    return None if found is None or found[1] is None else (found[0].description, found[1].email)


def said_of_user(found: User | None) -> Said:
    return None if found is None else (found.name, found.email)


class DirectoryMachine(RuleBasedStateMachine):
    """A database, a watch that adopts what it saw a while ago, and questions that are read and answered when chance has it."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.history = [State(Revision(1, 1, 1), dict.fromkeys(NAMES, "shared@example.com"), {DIGESTS[0]: ("ann", "phone")})]
        self.gate = asyncio.Semaphore(0)  # each question stops before it reads, and before it answers
        self.lookups: list[asyncio.Task[Any]] = []
        self.looks: list[tuple[int, float]] = []
        self.adopted = -1  # index of the state
        self.rights: set[int] = set()
        ticks = count(1)
        self.clock = SimpleNamespace(monotonic=lambda: float(next(ticks)))
        self.patches: list[Any] = [
            mock.patch.object(room, "time", self.clock),
            mock.patch.object(room, "find_tokens", self.find_tokens),
            mock.patch.object(room, "find_users", self.find_users),
            mock.patch.object(room, "find_users_by_email", self.find_by_email),
            mock.patch.object(room, "_SECONDS_FOR_AN_ANSWER", 1e6),
            mock.patch.object(room, "_SECONDS_FOR_RIGHTS", 1e6),
        ]
        for patch in self.patches:
            patch.start()
        self.directory = Directory(None, lambda: None)  # type: ignore[arg-type]
        self.hear()

    def teardown(self) -> None:
        self.run(self.end())
        for patch in self.patches:
            patch.stop()
        self.loop.close()

    async def end(self) -> None:
        await self.directory.close()
        await asyncio.gather(*self.lookups, return_exceptions=True)

    def run(self, work: Coroutine[Any, Any, Any]) -> None:
        self.loop.run_until_complete(work)

    # The database

    async def read(self) -> State:
        await self.gate.acquire()
        state = self.history[-1]
        await self.gate.acquire()
        return state

    async def find_tokens(self, _database: object, digests: Sequence[bytes]) -> Any:
        state = await self.read()
        found = {}
        for digest in digests:
            if digest in state.tokens:
                name, description = state.tokens[digest]
                found[digest] = TokenOfUser(UserToken(digest, "hours", name, description), User(name, state.users[name]))
        return state.revision, found

    async def find_users(self, _database: object, names: Sequence[str]) -> Any:
        state = await self.read()
        return state.revision, {name: User(name, state.users[name]) for name in names if name in state.users}

    async def find_by_email(self, _database: object, addresses: Sequence[str]) -> Any:
        state = await self.read()
        found = {address: state.by_email(address) for address in addresses}
        return state.revision, {address: User(*said) for address, said in found.items() if said is not None}

    @rule(name=_names)
    def give_an_address(self, name: str) -> None:
        self.put(name, f"{name}{len(self.history)}@example.com")

    @rule(name=_names)
    def share_an_address(self, name: str) -> None:
        self.put(name, "shared@example.com")

    def put(self, name: str, address: str) -> None:
        last = self.history[-1]
        numbers = replace(last.revision, users=last.revision.users + 1)
        self.history.append(replace(last, revision=numbers, users={**last.users, name: address}))

    @rule(name=_names)
    def remove_user(self, name: str) -> None:
        last = self.history[-1]
        if name in last.users:
            tokens = {digest: each for digest, each in last.tokens.items() if each[0] != name}
            numbers = replace(last.revision, users=last.revision.users + 1, tokens=last.revision.tokens + 1)
            users = {each: address for each, address in last.users.items() if each != name}
            self.history.append(State(numbers, users, tokens))

    @rule(digest=_digests, name=_names)
    def give_token(self, digest: bytes, name: str) -> None:
        last = self.history[-1]
        if name in last.users:
            numbers = replace(last.revision, tokens=last.revision.tokens + 1)
            self.history.append(replace(last, revision=numbers, tokens={**last.tokens, digest: (name, f"device {len(self.history)}")}))

    @rule(digest=_digests)
    def revoke_token(self, digest: bytes) -> None:
        last = self.history[-1]
        numbers = replace(last.revision, tokens=last.revision.tokens + 1)
        self.history.append(replace(last, revision=numbers, tokens={each: of for each, of in last.tokens.items() if each != digest}))

    @rule()
    def change_rights(self) -> None:
        last = self.history[-1]
        self.history.append(replace(last, revision=replace(last.revision, rights=last.revision.rights + 1)))

    # The watch

    @rule()
    def look(self) -> None:
        self.looks.append((len(self.history) - 1, self.clock.monotonic()))

    @rule()
    def hear(self) -> None:
        self.look()
        while self.looks:
            self.adopt(refused=False)

    @precondition(lambda self: self.looks)
    @rule(refused=st.booleans(), late=st.booleans())
    def adopt(self, *, refused: bool, late: bool = False) -> None:
        """:param late: the question was put when the look began, and read long after."""
        index, asked = self.looks.pop(0)
        if late:
            index, self.looks = len(self.history) - 1, []
        seen = self.history[index].revision
        if refused and self.rights:
            rights = min(self.rights)
            self.directory.adopt(replace(seen, rights=rights), seen.rights, asked=asked)
            self.rights = {rights, seen.rights}
        else:
            self.directory.adopt(seen, asked=asked)
            self.rights = {seen.rights}
        self.adopted = max(self.adopted, index)

    # Whoever comes

    def begin(self, work: Coroutine[Any, Any, Any]) -> None:
        self.lookups.append(self.loop.create_task(work))
        self.settle()

    @rule(digest=_digests)
    def ask_for_token(self, digest: bytes) -> None:
        async def work() -> None:
            self.check(said_of_token(await self.directory.token(digest)), lambda state: state.token(digest))

        self.begin(work())

    @rule(name=_names)
    def ask_for_user(self, name: str) -> None:
        async def work() -> None:
            self.check(said_of_user(await self.directory.user(name)), lambda state: state.user(name))

        self.begin(work())

    @rule(name=_names, address=st.sampled_from(["shared@example.com", "ann1@example.com", "bob2@example.com"]))
    def ask_who_is_named(self, name: str, address: str) -> None:
        async def work() -> None:
            [by_name], by_email = await self.directory.named([name], address)
            self.check((said_of_user(by_name), said_of_user(by_email)), lambda state: (state.user(name), state.by_email(address)))

        self.begin(work())

    @rule(steps=st.integers(1, 8), turns=st.sampled_from([1, 2, 3, 12]))
    def go_on(self, steps: int, turns: int) -> None:
        """:param turns: of the event loop; with few of them a change comes between an answer and whoever waits for it."""
        for _ in range(steps):
            self.gate.release()
            self.settle(turns)

    @rule(name=_names, turns=st.sampled_from([1, 2, 3, 12]))
    def change_while_it_is_answered(self, name: str, turns: int) -> None:
        self.go_on(1, 12)
        self.remove_user(name)
        self.hear()
        self.go_on(1, turns)
        self.give_an_address(name)
        self.hear()

    @rule(name=_names)
    def hear_late_of_a_second_change(self, name: str) -> None:
        self.looks.clear()
        self.look()
        self.give_an_address(name)
        self.ask_for_user(name)
        self.go_on(8, 12)
        self.give_an_address(name)
        self.adopt(refused=False, late=True)

    def settle(self, turns: int = 12) -> None:
        for _ in range(turns):
            self.loop.call_soon(self.loop.stop)
            self.loop.run_forever()
        for each in self.lookups:
            if each.done():
                with suppress(Unavailable):  # changes came too quickly
                    each.result()
        self.lookups = [each for each in self.lookups if not each.done()]

    def check(self, said: object, value: Callable[[State], object]) -> None:
        """To be called in the step in which it is said."""
        assert self.adopted >= 0
        under_them = {numbers_of(state) for state in self.history if state.revision.rights in self.rights}
        assert any(value(state) == said and numbers_of(state) in under_them for state in self.history[self.adopted :])

    @invariant()
    def what_is_remembered_is_so(self) -> None:
        for digest in DIGESTS:
            found = said_of_token(self.directory.remembered_token(digest))
            if found is not None:
                self.check(found, partial(State.token, digest=digest))
        for name in NAMES:
            user = said_of_user(self.directory.remembered_user(name))
            if user is not None:
                self.check(user, partial(State.user, name=name))


def numbers_of(state: State) -> tuple[int, int]:
    return state.revision.users, state.revision.tokens


def test_what_is_said_was_so_at_one_moment_under_the_rights_in_force() -> None:
    run_state_machine_as_test(DirectoryMachine, settings=settings(stateful_step_count=40))
