"""Questions on a connection that stays open: the same answers as on any other, whatever becomes of the connection."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from sqlalchemy import Column, Integer, MetaData, Select, Table, literal, select, text

from sidecar.database.database import Database
from sidecar.database.question import MOST_AT_ONCE, Question
from sidecar.database.unavailable import Unavailable
from tests.databases import opened

NUMBERS = Table("numbers", MetaData(), Column("a", Integer, primary_key=True), Column("b", Integer))


def among(keys: Sequence[Any]) -> Select[Any]:
    """With values of its own before and behind the keys."""
    return select(NUMBERS.c.a, (NUMBERS.c.b + literal(1)).label("more")).where(NUMBERS.c.a.in_(keys), NUMBERS.c.b < literal(2000))


QUESTION = Question(among)
WRONG = Question(lambda keys: select(text("secret")).select_from(NUMBERS).where(NUMBERS.c.a.in_(keys)))


@pytest.fixture
async def numbers(empty: str) -> AsyncIterator[Database]:
    async with opened(empty) as database:
        async with database.writing() as connection:
            await connection.run_sync(NUMBERS.metadata.create_all)
            await connection.execute(NUMBERS.insert(), [{"a": each, "b": each * 2} for each in range(1000)])
        yield database


@pytest.mark.parametrize("count", [1, 3, 4, 5, 32, 33, MOST_AT_ONCE])
async def test_each_number_of_keys_is_answered_as_by_a_plain_select(numbers: Database, count: int) -> None:
    keys = [*range(1, count), 5000]
    async with numbers.looking() as connection:
        rows = (await connection.execute(among(keys))).all()
    assert sorted(map(tuple, await numbers.ask(QUESTION, keys))) == sorted(map(tuple, rows))
    assert QUESTION.columns == ("a", "more")


async def test_those_who_ask_at_once_get_each_their_own_answer(numbers: Database) -> None:
    answers = await asyncio.gather(*(numbers.ask(QUESTION, [key]) for key in range(50)))
    assert [tuple(row) for [row] in answers] == [(key, key * 2 + 1) for key in range(50)]


async def test_what_was_written_is_in_the_next_answer(numbers: Database) -> None:
    for value in (7, 8):
        async with numbers.writing() as connection:
            await connection.execute(NUMBERS.update().values(b=value))
        assert [tuple(row) for row in await numbers.ask(QUESTION, [3])] == [(3, value + 1)]


async def test_a_connection_that_was_lost_is_opened_anew(numbers: Database) -> None:
    await numbers.ask(QUESTION, [3])
    before = numbers._asker.driver
    await before.close()
    assert [tuple(row) for row in await numbers.ask(QUESTION, [3])] == [(3, 7)]
    assert numbers._asker.driver is not before


async def test_whoever_stops_waiting_takes_the_connection_along(numbers: Database) -> None:
    await numbers.ask(QUESTION, [3])
    before = numbers._asker.driver
    asked = asyncio.create_task(numbers.ask(QUESTION, [4]))
    await asyncio.sleep(0)
    asked.cancel()
    waiting = asyncio.create_task(numbers.ask(QUESTION, [5]))
    with pytest.raises(asyncio.CancelledError):
        await asked
    assert [tuple(row) for row in await waiting] == [(5, 11)]
    assert numbers._asker.driver is not before


async def test_a_question_that_fails_tells_its_kind_only_and_spoils_no_other(numbers: Database) -> None:
    for _ in range(2):
        with pytest.raises(Unavailable) as raised:
            await numbers.ask(WRONG, [1])
        assert "secret" not in str(raised.value)
        assert raised.value.__cause__ is None
        assert [tuple(row) for row in await numbers.ask(QUESTION, [3])] == [(3, 7)]


async def test_keys_that_do_not_stand_as_they_are_given_are_refused(numbers: Database) -> None:
    turned = Question(lambda keys: select(NUMBERS.c.a).where(NUMBERS.c.a.in_(list(reversed(keys)))))
    with pytest.raises(ValueError, match="stand together"):
        turned.put(numbers._writer.dialect, [1])
