"""The authority as it runs: it begins whether its database answers or not, and finds it when it comes back."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from sidecar.database.database import Database
from sidecar.database.unavailable import Unavailable
from sidecar.otp import office
from sidecar.otp.enrolment import Claim
from sidecar.otp.happening import Happening
from sidecar.otp.installation import Installation
from sidecar.otp.office import Office
from sidecar.otp.result import ACCEPTED
from sidecar.otp.smtp import Security, SmtpServer
from sidecar.otp.tables import make_tables
from tests.otp.stage import CLAIM, ENROLMENTS, NOW, RULES, SECRET, sqlite_in

NOWHERE = SmtpServer("127.0.0.1", 1, Security.STARTTLS, "profit@example.com")


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Office]:
    installation = Installation(url, SECRET, NOWHERE, RULES)
    running = Office(lambda: installation, lambda _: None, lambda: NOW)
    await running.open()
    try:
        yield running
    finally:
        await running.close()


async def request(running: Office, happenings: list[Happening]) -> object:
    claim = Claim("nobody", CLAIM.api_key, CLAIM.environment_key, CLAIM.address)
    return await running.authority(ENROLMENTS, happenings.append).request(claim)


async def test_once_it_is_open_it_works_and_tells_of_each_operation_to_whoever_asked_for_it(tmp_path: Path) -> None:
    async with opened(sqlite_in(tmp_path)) as running:
        assert running.issued.hears
        one: list[Happening] = []
        other: list[Happening] = []
        assert await request(running, one) == ACCEPTED
        assert await request(running, other) == ACCEPTED
        assert (len(one), len(other)) == (1, 1)


async def test_a_database_that_says_nothing_does_not_hold_up_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(office, "_PATIENCE_AT_START", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:  # takes connections and never answers
        async with asyncio.timeout(3), opened(f"postgresql://otp@127.0.0.1:{silent.getsockname()[1]}/otp") as running:
            assert not running.issued.hears


async def test_a_database_that_comes_back_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(office, "_PATIENCE_AT_START", 0.1)
    monkeypatch.setattr(office, "_SECONDS_BETWEEN_TRIES", 0.01)
    away = [Unavailable("away")] * 3

    async def sometimes(database: Database) -> None:
        if away:
            raise away.pop()
        await make_tables(database)

    monkeypatch.setattr(office, "make_tables", sometimes)
    async with opened(sqlite_in(tmp_path)) as running:
        async with asyncio.timeout(5):
            while not running.issued.hears:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        assert await request(running, []) == ACCEPTED


async def test_a_file_that_can_not_be_made_is_a_reason_not_to_start(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="names a file that can't be made"):
        async with opened(sqlite_in(tmp_path / "nowhere")):
            pass
