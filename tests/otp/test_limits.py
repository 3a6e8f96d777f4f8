"""Counting within the hour: exact between replicas, bounded, and indifferent to a clock that is behind."""

import asyncio

import pytest

from sidecar.otp.limits import HOUR, count, neighbourhood, seconds_to_next_hour
from tests.otp.stage import Replica, Stage

SLOT = b"x" * 32
NOON = 1_000 * HOUR


async def counted(replica: Replica, now: int, step: int = 1) -> int:
    async with replica.database.writing() as connection:
        return await count(replica.database, connection, SLOT, now, step)


async def test_counting_starts_anew_with_the_hour(replica: Replica) -> None:
    assert [await counted(replica, now) for now in (NOON, NOON + HOUR - 1, NOON + HOUR, NOON + HOUR)] == [1, 2, 1, 2]


async def test_a_replica_whose_clock_is_behind_does_not_take_the_others_back(replica: Replica) -> None:
    assert [await counted(replica, now) for now in (NOON, NOON - 1, NOON)] == [1, 2, 3]


async def test_a_step_of_nothing_counts_nothing(replica: Replica) -> None:
    assert [await counted(replica, NOON, step) for step in (0, 1, 0, 1)] == [0, 1, 1, 2]


async def test_replicas_count_together(stage: Stage) -> None:
    async with stage.replica() as one, stage.replica() as other:
        counts = await asyncio.gather(*(counted(each, NOON) for each in (one, other) * 20))
    assert sorted(counts) == list(range(1, 41))


@pytest.mark.parametrize(("now", "seconds"), [(NOON, 3_600), (NOON + 1, 3_599), (NOON + 3_599, 1)])
def test_it_is_known_when_the_next_hour_begins(now: int, seconds: int) -> None:
    assert seconds_to_next_hour(now) == seconds


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("192.0.2.1", "::ffff:192.0.2.1", True),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::1", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
        ("", "not an address", True),
    ],
)
def test_one_subscriber_is_one_address(one: str, other: str, same: bool) -> None:
    assert (neighbourhood(one) == neighbourhood(other)) is same
