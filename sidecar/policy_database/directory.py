"""Users and tokens of a policy in a database: looked up when somebody comes, remembered while nothing changes, never loaded as a whole.

Each answer tells in the same statement of which moment it is, by three numbers that grow with every change. It is believed only if its
rights are those that are in force, so that nobody is judged by new memberships under old rights. If users or tokens are newer than what is
remembered, everything is forgotten; if they are older, somebody else has heard of a change meanwhile, and it is asked again.

Remembered is what rows say, and only of rows that make sense; one that makes none proves nothing, is counted and logged. Whether the
database is heard at all, and how long one may go on without, is for the watch to say, which takes the snapshot away in the end.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from typing import Any, Generic, TypeVar

import structlog

from sidecar.database.database import Database
from sidecar.database.question import MOST_AT_ONCE
from sidecar.database.unavailable import Unavailable
from sidecar.identity.email import folded
from sidecar.policy.model import User, UserToken
from sidecar.policy_database.lookup import TokenOfUser, find_tokens, find_users, find_users_by_email
from sidecar.policy_database.remembered import Remembered
from sidecar.policy_database.revision import Revision
from sidecar.policy_database.storable import is_storable
from sidecar.policy_database.unsound import UnsoundRowError

MOST_TOKENS = 20_000
"""With their users: 1.3 kilobytes for each, where users have two attributes and two groups."""
MOST_USERS = 10_000
"""By name, and as many by address: beside those that are remembered with their token."""
MOST_ABSENT = 16_384
"""Of each kind: two hundred bytes for each."""

_SECONDS_FOR_AN_ANSWER = 5.0
_SECONDS_FOR_RIGHTS = 5.0
_MOST_WAITING = 10_000
_MOST_ROUNDS = 5
_LONGEST_KEY = 1024  # characters; no name or address that somebody has is longer

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")
_Found = tuple[Revision, Mapping[_Key, _Value | UnsoundRowError]]


class _Kind(Generic[_Key, _Value]):
    """One kind of question: how it is put, what is remembered, and who waits."""

    def __init__(self, find: Callable[[Database, Sequence[_Key]], Awaitable[_Found[_Key, _Value]]], most: int) -> None:
        self.find = find
        self.remembered: Remembered[_Key, _Value] = Remembered(most, MOST_ABSENT)
        self.waiting: dict[_Key, asyncio.Future[tuple[int, _Value | None]]] = {}


class Directory:
    """Belongs to one event loop. One question is under way at a time, for all who came while the last one was: a flood makes questions
    longer, up to a bound, and not more.

    :ivar unsound: rows that made no sense, each counted when it is found.
    """

    def __init__(self, database: Database, wake: Callable[[], None]) -> None:
        """:param wake: has the watch look at the database now, since its rights are others than those in force."""
        self._database = database
        self._wake = wake
        self._tokens: _Kind[bytes, tuple[UserToken, User | None]] = _Kind(self._find_tokens, MOST_TOKENS)
        self._users = _Kind(find_users, MOST_USERS)
        self._by_email = _Kind(find_users_by_email, MOST_USERS)
        self._kinds: list[_Kind[Any, Any]] = [self._tokens, self._users, self._by_email]
        self._rights: frozenset[int] = frozenset()
        self._numbers: tuple[int, int] | None = None
        self._revised = float("-inf")  # monotonic seconds, as the next
        self._began = float("-inf")
        self._adopted_at = float("-inf")
        self._adopted = asyncio.Event()
        self._wanted = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._closed = False
        self._logger = structlog.get_logger("sidecar")
        self.epoch = 1
        self.unsound = 0

    @property
    def remembered(self) -> int:
        """How many tokens and users are."""
        return sum(len(kind.remembered) for kind in self._kinds)

    @property
    def absent(self) -> int:
        """Of how many keys it is remembered that nothing is there."""
        return sum(kind.remembered.absent for kind in self._kinds)

    def adopt(self, revision: Revision, refused_rights: int | None = None, *, asked: float | None = None) -> None:
        """These rights are in force from now on. To be called in the step of the event loop in which the snapshot is exchanged.

        :param revision: that of the rights in force, with the newest numbers of users and tokens.
        :param refused_rights: those of newer rights that can't be used, in whose place the others stay in force.
        :param asked: when the question was put whose answer this is, in monotonic seconds; now, if it is not said.
        """
        now = time.monotonic()
        self._rights = frozenset({revision.rights} if refused_rights is None else {revision.rights, refused_rights})
        numbers = (revision.users, revision.tokens)
        if numbers != self._numbers:
            # An answer is of any moment after its question: if that was put before the one whose numbers are known, either may be newer.
            is_newer = asked is None or asked >= self._revised
            self._numbers, self._revised = numbers if is_newer else None, now
            self._forget()
        self._adopted_at = now
        self._adopted.set()

    def start_over(self) -> None:
        """It is another database from now on, whose numbers mean something else, though they may be the same."""
        self._forget()
        self._rights, self._numbers = frozenset(), None
        self._revised = self._began = time.monotonic()

    async def close(self) -> None:
        """Ask nothing more; nobody is known afterwards. The database is closed by whoever opened it."""
        self._closed = True
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._forget()
        self._fail(Unavailable("closed"))

    def remembered_token(self, digest: bytes) -> tuple[UserToken, User | None] | None:
        """As `token`, if that is known without asking. None says nothing about the token."""
        return self._tokens.remembered.find(digest)

    def remembered_user(self, name: str) -> User | None:
        """As `user`, likewise."""
        return self._users.remembered.find(name)

    def remembered_user_by_email(self, address: str) -> User | None:
        """As `user_by_email`, likewise."""
        return self._by_email.remembered.find(folded(address))

    async def token(self, digest: bytes) -> tuple[UserToken, User | None] | None:
        """The token and its user, of one moment, or None if there is none. Of a user of whom nonsense is said there is only the token.

        Whether the token has expired is for the caller's conditions to say. Users lack the groups of all users, here as below.

        :raises Unavailable: nobody can say now.
        """
        return await self._find(self._tokens, digest)

    async def user(self, name: str) -> User | None:
        """The user of this name, or None if there is none, or none that makes sense.

        :raises Unavailable: nobody can say now.
        """
        if not _may_be_key(name):
            return None
        return await self._find(self._users, name)

    async def user_by_email(self, address: str) -> User | None:
        """The user who alone has this e-mail address, whatever the case of its letters: one that two share names neither.

        :raises Unavailable: nobody can say now.
        """
        if not _may_be_key(address):
            return None
        return await self._find(self._by_email, folded(address))

    async def named(self, names: Sequence[str], address: str) -> tuple[list[User | None], User | None]:
        """As `user` for each name and `user_by_email`, always asked for: how long it takes tells nothing of who is there.

        :raises Unavailable: nobody can say now.
        """
        for _ in range(_MOST_ROUNDS):
            # What can't be a key is asked for all the same, in the shape of one that nobody has.
            asked = [self._ask_for(self._users, name if _may_be_key(name) else "\x7f") for name in names]
            asked.append(self._ask_for(self._by_email, folded(address) if _may_be_key(address) else "\x7f"))
            answers = [await asyncio.shield(each) for each in asked]
            if all(epoch == self.epoch for epoch, _ in answers):
                *by_name, by_email = [user for _, user in answers]
                return by_name, by_email
        raise Unavailable("changes too quickly")

    async def _find(self, kind: _Kind[_Key, _Value], key: _Key) -> _Value | None:
        for _ in range(_MOST_ROUNDS):
            known = kind.remembered.find(key)
            if known is not None or kind.remembered.is_absent(key):
                return known
            waiting = self._ask_for(kind, key)
            epoch, value = await asyncio.shield(waiting)  # others may wait for the same answer
            if epoch == self.epoch:  # nothing has changed between the answer and this step
                return value
        raise Unavailable("changes too quickly")

    def _ask_for(self, kind: _Kind[_Key, _Value], key: _Key) -> "asyncio.Future[tuple[int, _Value | None]]":
        waiting = kind.waiting.get(key)
        if waiting is None:
            if self._closed or sum(len(each.waiting) for each in self._kinds) >= _MOST_WAITING:
                raise Unavailable("closed" if self._closed else "too many questions")
            loop = asyncio.get_running_loop()
            waiting = kind.waiting[key] = loop.create_future()
            self._wanted.set()
            if self._task is None or self._task.done():
                self._task = loop.create_task(self._ask(), name="directory")
        return waiting

    async def _ask(self) -> None:
        """One question after the other, of each kind in turn, as long as somebody waits."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            for kind in self._kinds:
                if not kind.waiting:
                    continue
                try:
                    await self._ask_some(kind)
                except Exception as error:  # whatever it is, those who wait must hear of it
                    self._fail(error if isinstance(error, Unavailable) else Unavailable(type(error).__name__))
                if kind.waiting:
                    self._wanted.set()

    async def _ask_some(self, kind: _Kind[_Key, _Value]) -> None:
        keys = list(islice(kind.waiting, MOST_AT_ONCE))
        found = await self._answer(kind, keys)
        for key in keys:
            value = self._sound(found.get(key))
            kind.remembered.keep(key, value)
            future = kind.waiting.pop(key)
            if not future.done():
                future.set_result((self.epoch, value))

    async def _answer(self, kind: _Kind[_Key, _Value], keys: Sequence[_Key]) -> Mapping[_Key, _Value | UnsoundRowError]:
        """What the database says, of a moment that agrees with the rights in force and is not before anything that is known.

        :raises Unavailable: nobody can say now.
        """
        for _ in range(_MOST_ROUNDS):
            asked = time.monotonic()
            async with asyncio.timeout(_SECONDS_FOR_AN_ANSWER):
                revision, found = await kind.find(self._database, keys)
            if asked < self._began:
                continue
            if revision.rights in self._rights:
                if self._notice((revision.users, revision.tokens), asked):
                    return found
            elif asked >= self._adopted_at:
                await self._await_rights()
        raise Unavailable("changes too quickly")

    async def _await_rights(self) -> None:
        self._adopted.clear()
        self._wake()
        with suppress(TimeoutError):
            async with asyncio.timeout(_SECONDS_FOR_RIGHTS):
                await self._adopted.wait()
                return
        raise Unavailable("rights are being loaded")

    def _notice(self, numbers: tuple[int, int], asked: float) -> bool:
        """What was known before a change is worth nothing. An answer is as old as its question: False if it was overtaken by a change."""
        if numbers != self._numbers:
            if asked < self._revised:
                return False
            self._forget()
            self._numbers, self._revised = numbers, asked
        return True

    def _forget(self) -> None:
        self.epoch += 1
        for kind in self._kinds:
            kind.remembered.forget()

    def _fail(self, error: Unavailable) -> None:
        for kind in self._kinds:
            waiting, kind.waiting = kind.waiting, {}
            for future in waiting.values():
                if not future.done():
                    future.set_exception(error)
                    future.exception()  # nobody may wait any more

    async def _find_tokens(self, database: Database, digests: Sequence[bytes]) -> _Found[bytes, tuple[UserToken, User | None]]:
        revision, found = await find_tokens(database, digests)
        return revision, {
            key: (each.token, self._sound(each.user)) if isinstance(each, TokenOfUser) else each for key, each in found.items()
        }

    def _sound(self, value: _Value | UnsoundRowError | None) -> _Value | None:
        if not isinstance(value, UnsoundRowError):
            return value
        self.unsound += 1
        self._logger.error("a row of policy makes no sense, so that whom it is about gets nowhere", problem=str(value))
        return None


def _may_be_key(text: str) -> bool:
    return 0 < len(text) <= _LONGEST_KEY and is_storable(text)
