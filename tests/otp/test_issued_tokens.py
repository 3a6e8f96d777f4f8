"""Finding issued tokens: quickly, and not a second longer than they are good for."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from sqlalchemy import event

from sidecar.database.unavailable import Unavailable
from sidecar.otp import issued_tokens as room
from sidecar.otp.issued_token import IssuedToken
from sidecar.otp.issued_tokens import POLL_SECONDS, IssuedTokens
from sidecar.otp.schema import metadata
from sidecar.otp.tables import make_tables
from sidecar.otp.token_rows import store_token
from tests.otp.stage import NOW, Replica, Stage


def token(number: int = 0, description: str | None = None) -> IssuedToken:
    name = f"phone {number}" if description is None else description
    return IssuedToken(number.to_bytes(32), "O12345AA", "hours", "j.devries", name, NOW, NOW + timedelta(days=1))


async def stored(replica: Replica, *tokens: IssuedToken) -> None:
    async with replica.database.writing() as connection:
        for each in tokens:
            await store_token(connection, each)


async def seconds_until(holds: Callable[[], Awaitable[bool]]) -> float:
    began = time.monotonic()
    for _ in range(1_000):
        if await holds():
            return time.monotonic() - began
        await asyncio.sleep(0.01)
    pytest.fail("it never came to hold")


async def is_gone(replica: Replica, token: IssuedToken) -> bool:
    return await replica.issued.find(token.digest) is None


@asynccontextmanager
async def questions(replica: Replica) -> AsyncIterator[list[str]]:
    """The statements that look for tokens."""
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if "otp_tokens" in statement:
            asked.append(statement)

    engine = replica.database._reader.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    yield asked
    event.remove(engine, "before_cursor_execute", note)


async def test_a_token_is_asked_for_once(replica: Replica) -> None:
    await stored(replica, token())
    async with questions(replica) as asked:
        assert replica.issued.remembered(token().digest) is None
        assert [await replica.issued.find(token().digest) for _ in range(3)] == [token()] * 3
        assert replica.issued.remembered(token().digest) == token()
        assert len(asked) == 1


async def test_many_are_asked_for_together(replica: Replica) -> None:
    await stored(replica, *(token(number) for number in range(3)))
    async with questions(replica) as asked:
        digests = [number.to_bytes(32) for number in range(1_200)]
        found = await asyncio.gather(*(replica.issued.find(digest) for digest in digests * 2))
        assert [each for each in found if each is not None] == [token(number) for number in range(3)] * 2
        assert len(asked) <= 5


async def test_made_up_tokens_push_nobody_out(replica: Replica, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "_MOST_REMEMBERED", 2)
    await stored(replica, token(1), token(2), token(3))
    for number in (1, 2):
        await replica.issued.find(token(number).digest)
    for number in range(100, 200):
        assert await replica.issued.find(number.to_bytes(32)) is None
    assert [replica.issued.remembered(token(number).digest) for number in (1, 2)] == [token(1), token(2)]
    await replica.issued.find(token(3).digest)
    assert len(replica.issued._remembered) == 2


async def test_a_revocation_is_known_to_every_replica_within_a_second(stage: Stage) -> None:
    async with stage.replica(poll=POLL_SECONDS) as one, stage.replica(poll=POLL_SECONDS) as other:
        await stored(one, token())
        assert await other.issued.find(token().digest) == token()
        await one.authority.withdraw(token())
        assert await one.issued.find(token().digest) is None
        assert await seconds_until(lambda: is_gone(other, token())) < 1


async def test_a_token_that_was_replaced_elsewhere_is_known_to_be_gone(stage: Stage) -> None:
    async with stage.replica() as one, stage.replica() as other:
        await stored(one, token(1, "phone"))
        assert await other.issued.find(token(1).digest) is not None
        await stored(one, token(2, "phone"))
        assert await seconds_until(lambda: is_gone(other, token(1))) < 1
        assert await other.issued.find(token(2).digest) is not None


async def test_who_hears_nothing_lets_nobody_in_after_a_while(stage: Stage) -> None:
    async with stage.replica(poll=0.02, deaf=1) as replica:

        async def is_deaf() -> bool:
            return not replica.issued.hears

        async def hears() -> bool:
            return replica.issued.hears

        await stored(replica, token())
        await replica.issued.find(token().digest)
        async with replica.database.writing() as connection:
            await connection.run_sync(metadata.drop_all)
        assert replica.issued.remembered(token().digest) is not None
        await seconds_until(is_deaf)
        assert replica.issued.remembered(token().digest) is None
        with pytest.raises(Unavailable):
            await replica.issued.find(token().digest)
        await make_tables(replica.database)
        await seconds_until(hears)
        assert await replica.issued.find(token().digest) is None


async def test_an_answer_that_a_revocation_overtook_is_asked_for_again(replica: Replica) -> None:
    issued = replica.issued
    await replica.issued.find(token().digest)
    before = issued.revision
    began = time.monotonic()
    issued.revised(before + 1)
    assert not issued._adopt(before, began)
    assert issued.revision == before + 1
    assert issued._adopt(before, time.monotonic())  # a database that was restored from a backup begins with a lower number


async def test_what_is_remembered_ends_with_any_change(replica: Replica) -> None:
    await stored(replica, token(1), token(2))
    await replica.issued.find(token(1).digest)
    revision = replica.issued.revision
    await replica.authority.withdraw(token(2))
    assert replica.issued.remembered(token(1).digest) is None
    assert replica.issued.revision != revision
    assert await replica.issued.find(token(1).digest) == token(1)


async def test_too_many_questions_get_no_answer_instead_of_all_memory(replica: Replica, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "_MOST_WAITING", 10)
    outcomes = await asyncio.gather(*(replica.issued.find(number.to_bytes(32)) for number in range(20)), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [type(None)] * 10 + [Unavailable] * 10


async def test_once_stopped_it_knows_nothing(replica: Replica) -> None:
    await stored(replica, token())
    await replica.issued.find(token().digest)
    waiting = asyncio.create_task(replica.issued.find(b"x" * 32))
    await asyncio.sleep(0)
    await replica.issued.stop()
    assert replica.issued.remembered(token().digest) is None
    for finding in (waiting, replica.issued.find(token().digest)):
        with pytest.raises(Unavailable):
            await finding


async def test_it_does_not_start_without_an_answer(replica: Replica) -> None:
    async with replica.database.writing() as connection:
        await connection.run_sync(metadata.drop_all)
    with pytest.raises(Unavailable):
        await IssuedTokens(replica.database).start()
