"""A database that is not there yet, goes away, is cut off without a sound, or is exchanged for another one, and comes back."""

import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sidecar.store import policy_watch, read_rights
from tests.databases import new_on, sqlite_in
from tests.postgres import DATABASES
from tests.settings.sample import SAMPLE, bent
from tests.store.line import Line
from tests.store.policy_in_database import configured, in_database
from tests.store.watched import ALLOW, BLOCK, Watched, eventually


@pytest.fixture
async def line(postgres: str) -> AsyncIterator[Line]:
    """The line to a database with a policy."""
    if "postgresql" not in DATABASES:
        pytest.skip("there is no PostgreSQL here")
    with tempfile.TemporaryDirectory(prefix="line") as folder:  # short, as that of the server
        url = await new_on(postgres)
        await in_database(Path(folder), url, SAMPLE)
        line = Line(Path(folder), url)
        yield line
        await line.cut()


def watched_over(line: Line, folder: Path) -> Watched:
    return Watched(configured(folder, line.url, SAMPLE), line.server_url)


async def test_a_server_that_is_not_there_at_the_start_is_waited_for(line: Line, tmp_path: Path) -> None:
    watched = watched_over(line, tmp_path)
    await watched.store.start()
    try:
        assert (watched.store.snapshot, watched.store.waits) == (None, True)
        assert "gives no answer" in str(watched.results[0].problems[0])
        await line.mend()
        await eventually(lambda: watched.store.snapshot is not None)
    finally:
        await watched.store.stop()


async def test_a_server_that_goes_away_is_heard_again_when_it_is_back(line: Line, tmp_path: Path) -> None:
    await line.mend()
    watched = watched_over(line, tmp_path)
    await watched.store.start()
    try:
        watch = watched.store.watch
        assert watch is not None
        await eventually(lambda: watch.listening)
        await line.cut()
        await eventually(lambda: watch.problem is not None and not watch.listening)
        await watched.by_hand(BLOCK)
        assert not watched.blocked
        await line.mend()
        await eventually(lambda: watched.blocked)
        await eventually(lambda: watch.problem is None and watch.listening)
    finally:
        await watched.store.stop()


async def test_a_line_that_is_cut_without_a_sound_is_noticed(line: Line, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read_rights, "_SECONDS_FOR_AN_ANSWER", 0.5)
    monkeypatch.setattr(policy_watch, "_SIGN_OF_LIFE", 0.5)
    await line.mend()
    watched = watched_over(line, tmp_path)
    await watched.store.start()
    try:
        watch = watched.store.watch
        assert watch is not None
        await eventually(lambda: watch.listening)
        line.silence()
        await eventually(lambda: watch.problem is not None)
        await watched.by_hand(BLOCK)
        watched.clock.ahead = 900.0
        await eventually(lambda: watched.store.snapshot is None)
        await line.cut()
        await line.mend()
        await eventually(lambda: watched.store.snapshot is not None)
        assert watched.blocked
    finally:
        await watched.store.stop()


async def test_a_file_that_is_exchanged_for_another_one_is_noticed(tmp_path: Path) -> None:
    """As whoever brings a backup back does it. The revision of the other file is the same."""
    url = sqlite_in(tmp_path)
    watched = Watched(await in_database(tmp_path, url, SAMPLE), url)
    file = Path(url.removeprefix("sqlite:///"))
    (tmp_path / "other").mkdir()
    other = sqlite_in(tmp_path / "other")
    await in_database(tmp_path / "other", other, bent("app_connectors/hours/blocked", True))
    await watched.store.start()
    try:
        assert not watched.blocked
        Path(other.removeprefix("sqlite:///")).replace(file)
        await eventually(lambda: watched.blocked)
        await watched.by_hand(ALLOW)
        await eventually(lambda: not watched.blocked)
    finally:
        await watched.store.stop()


async def test_a_server_that_was_cut_off_counts_as_another_one(line: Line, tmp_path: Path) -> None:
    watched = watched_over(line, tmp_path)
    await line.mend()
    await watched.store.start()
    try:
        watch = watched.store.watch
        assert watch is not None
        await eventually(lambda: watch.listening)
        await line.cut()
        await eventually(lambda: watch.problem is not None)
        numbers = "UPDATE policy_revisions SET number = number - 1 WHERE part = 'rights'"
        await watched.by_hand(BLOCK, numbers)
        await line.mend()
        await eventually(lambda: watched.blocked)
    finally:
        await watched.store.stop()


async def test_a_file_that_is_gone_is_not_heard_and_not_made(tmp_path: Path) -> None:
    url = sqlite_in(tmp_path)
    watched = Watched(await in_database(tmp_path, url, SAMPLE), url)
    file = Path(url.removeprefix("sqlite:///"))
    await watched.store.start()
    try:
        watch = watched.store.watch
        assert watch is not None
        file.rename(tmp_path / "aside")
        await eventually(lambda: watch.problem is not None)
        assert not file.exists()
        assert watched.store.snapshot is not None
        (tmp_path / "aside").rename(file)
        await eventually(lambda: watch.problem is None)
    finally:
        await watched.store.stop()
