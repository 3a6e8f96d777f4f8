"""What fails because others do the same is done again, and not for ever."""

import pytest

from sidecar.database import making
from sidecar.database.making import until_made
from sidecar.database.unavailable import Unavailable


@pytest.mark.parametrize("failures", [0, 1, 4])
async def test_what_failed_is_done_again(failures: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(making, "_PAUSE", 0)
    done: list[bool] = []

    async def make() -> None:
        done.append(len(done) == failures)
        if not done[-1]:
            raise Unavailable("locked")

    await until_made(make)
    assert done == [False] * failures + [True]


async def test_what_fails_each_time_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(making, "_PAUSE", 0)

    async def make() -> None:
        raise Unavailable("away")

    with pytest.raises(Unavailable, match="away"):
        await until_made(make)


async def test_another_error_is_no_reason_to_try_again() -> None:
    tries: list[None] = []

    async def make() -> None:
        tries.append(None)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await until_made(make)
    assert len(tries) == 1
