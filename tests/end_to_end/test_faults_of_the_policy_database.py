"""Faults of the database of policy while requests run: nothing is lost, nobody is let in, and nobody is locked out for long."""

import asyncio
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from sidecar.database.url import database_url
from tests.databases import new_on, sqlite_in
from tests.end_to_end.harness.configuration import authorization
from tests.end_to_end.harness.in_database import from_database, put_there
from tests.end_to_end.harness.oracle import expected_rows, rows_target
from tests.end_to_end.harness.stage import Stage, staged, wait_for
from tests.end_to_end.harness.wire import request
from tests.postgres import DATABASES, Server, restartable_postgres
from tests.store.line import Line

TARGET = rows_target(skip=-1, take=-1)
of_postgresql = pytest.mark.skipif("postgresql" not in DATABASES, reason="there is no PostgreSQL here")


@dataclass(slots=True)
class Load:
    """Calls without a pause, on a connection that stays open for each user, and what was answered: status, and rows as a text."""

    stage: Stage
    answers: dict[str, list[tuple[int, str]]] = field(default_factory=dict)
    failures: list[BaseException] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def go_on(self, user: str) -> None:
        answers = self.answers[user] = []
        asked = request("GET", TARGET, authorization(user))
        try:
            with self.stage.wire() as wire:
                while not self.over.is_set():
                    answer = wire.ask(asked)
                    answers.append((answer.status, str(answer.rows) if answer.status == 200 else ""))
        except BaseException as error:  # told in the test's thread
            self.failures.append(error)

    def settled(self, user: str, status: int) -> bool:
        """Whether the last answer was such a one."""
        return bool(self.answers.get(user)) and self.answers[user][-1][0] == status


@contextmanager
def load(stage: Stage, *users: str) -> Iterator[Load]:
    load = Load(stage)
    threads = [threading.Thread(target=load.go_on, args=(user,)) for user in users]
    for thread in threads:
        thread.start()
    try:
        yield load
    finally:
        load.over.set()
        for thread in threads:
            thread.join()
    assert load.failures == []


Start = Callable[[str], Stage]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a sidecar with its policy in an empty database."""
    with ExitStack() as stack:
        yield lambda url: stack.enter_context(staged(tmp_path, database=url))


@pytest.fixture
def server() -> Iterator[Server]:
    with restartable_postgres() as server:
        yield server


@of_postgresql
@pytest.mark.parametrize("how", ["SIGQUIT", "SIGKILL"])
def test_a_server_that_crashes_under_load_and_comes_back(start: Start, server: Server, how: str) -> None:
    stage = start(asyncio.run(new_on(server.url)))
    directory = stage.store.directory
    assert directory is not None
    with load(stage, "j.devries", "m.jansen", "nobody") as going:
        wait_for(lambda: going.settled("j.devries", 200) and going.settled("m.jansen", 200) and going.settled("nobody", 401))
        stage.by_hand(
            "UPDATE policy_users SET blocked = true WHERE name = 'x.group'", "DELETE FROM policy_tokens WHERE description LIKE '%bakker'"
        )
        server.end(getattr(signal, how))
        wait_for(lambda: stage.store.watch is not None and stage.store.watch.problem is not None)
        assert stage.get(TARGET, "p.bakker").status in (401, 503)
        server.start()
        stage.by_hand("DELETE FROM policy_tokens WHERE user_name = 'm.jansen'")  # as soon as it is there
        wait_for(lambda: going.settled("m.jansen", 401) and going.settled("j.devries", 200))
        wait_for(lambda: stage.get(TARGET, "p.bakker").status == 401)  # nothing was lost of what was committed before
    assert {status for status, _ in going.answers["j.devries"]} <= {200, 503}
    assert {rows for status, rows in going.answers["j.devries"] if status == 200} == {str(expected_rows(TARGET, "j.devries"))}
    assert {status for status, _ in going.answers["nobody"]} <= {401, 503}
    mine = [status for status, _ in going.answers["m.jansen"]]
    assert 200 not in mine[mine.index(401) :]


@of_postgresql
def test_a_line_that_falls_silent_keeps_nobody_waiting_for_long(tmp_path: Path, postgres: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever is remembered does not notice; others are told, and served again once it is heard."""
    monkeypatch.setattr("sidecar.policy_database.directory._SECONDS_FOR_AN_ANSWER", 0.5)
    with tempfile.TemporaryDirectory(prefix="line") as folder:
        line = Line(Path(folder), asyncio.run(new_on(postgres)))
        asyncio.run(put_there(line.server_url))
        with staged(tmp_path, from_database(line.url)) as stage:
            stage.run(line.mend())
            wait_for(lambda: stage.get(TARGET).status == 200)
            stage.loop.call_soon_threadsafe(line.silence)
            time.sleep(0.1)
            for _ in range(2):
                assert stage.get(TARGET).rows == expected_rows(TARGET, "j.devries")
                assert stage.get(TARGET, "m.jansen").status == 503
            stage.run(line.mend())
            wait_for(lambda: stage.get(TARGET, "m.jansen").status == 200)
            stage.run(line.cut())


FIRST = {"filters": ("department = 'CONS'", "everything"), "group": "one"}
SECOND = {"filters": ("everything", "department = 'ICT'"), "group": "two"}


@pytest.mark.parametrize("kind", DATABASES)
def test_writers_at_once_and_nobody_is_judged_by_half_of_what_they_write(
    start: Start, kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """New memberships under old rights, or the other way round, would show everything."""
    url = sqlite_in(tmp_path) if kind == "sqlite" else asyncio.run(new_on(request.getfixturevalue("postgres")))
    stage = start(url)

    def two_groups(content: dict[str, Any]) -> None:
        content["groups"] |= {"one": ["j.devries"], "two": []}
        content["filter_types"] = {
            "department": {
                "fields": {"Profit_Hours": {"department": "Afdeling"}},
                "filters": dict(zip(("one", "two"), FIRST["filters"], strict=True)),
            }
        }
        content["app_connectors"] = {"hours": {**content["app_connectors"]["hours"], "get_connectors": ["Profit_Hours"]}}

    stage.change(two_groups)
    wait_for(lambda: {row["Afdeling"] for row in stage.get(TARGET).rows} == {"CONS"})

    def turn(to: dict[str, Any]) -> list[str]:
        one, two = (text.replace("'", "''") for text in to["filters"])
        return [
            f"UPDATE policy_filters SET expression = '{one}' WHERE group_name = 'one'",  # noqa: S608
            f"UPDATE policy_filters SET expression = '{two}' WHERE group_name = 'two'",  # noqa: S608
            "DELETE FROM policy_members WHERE user_name = 'j.devries' AND group_name IN ('one', 'two')",
            f"INSERT INTO policy_members (group_name, user_name) VALUES ('{to['group']}', 'j.devries')",  # noqa: S608
        ]

    def write_other_things() -> None:
        for number in range(30):
            stage.by_hand(f"UPDATE policy_users SET email = 'a{number}@example.com' WHERE name = 'm.jansen'")  # noqa: S608

    with load(stage, "j.devries", "m.jansen") as going:
        other = threading.Thread(target=write_other_things)
        other.start()
        for number in range(16):
            stage.by_hand(*turn((SECOND, FIRST)[number % 2]))
        other.join()
        stage.by_hand(*turn(SECOND))
        wait_for(lambda: {row["Afdeling"] for row in stage.get(TARGET).rows} == {"ICT"})
    assert {status for status, _ in going.answers["j.devries"]} <= {200, 503}
    seen = {rows for status, rows in going.answers["j.devries"] if status == 200}
    assert len(seen) == 2
    assert all(("'CONS'" in rows) != ("'ICT'" in rows) for rows in seen)
    told = stage.run(_emails(stage))
    assert told["m.jansen"] == "a29@example.com"


async def _emails(stage: Stage) -> dict[str, str]:
    directory = stage.store.directory
    assert directory is not None
    user = await directory.user("m.jansen")
    assert user is not None
    return {user.name: user.email}


_FULL = """
import asyncio, resource, signal, sys
from pathlib import Path
from sidecar.database.database import Database
from sidecar.database.unavailable import Unavailable
from sidecar.database.url import database_url
from sqlalchemy import text

url, statement = sys.argv[1:]
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
size = Path(database_url(url).database).stat().st_size
resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

async def write():
    database = Database(url)
    async with database.writing() as connection:
        await connection.execute(text(statement))

try:
    asyncio.run(write())
except Unavailable:
    sys.exit(75)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="a process can't be told there how much it may write")
def test_a_full_disk_fails_whoever_writes_and_nobody_who_reads(start: Start, tmp_path: Path) -> None:
    url = sqlite_in(tmp_path)
    stage = start(url)
    assert stage.get(TARGET).status == 200
    numbers = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50000)"
    many = f"INSERT INTO policy_users (name) {numbers} SELECT 'u' || i FROM n"  # noqa: S608
    gone = "DELETE FROM policy_tokens WHERE user_name = 'j.devries'"
    done = subprocess.run([sys.executable, "-c", _FULL, url, many], check=False, timeout=60)
    assert done.returncode == 75
    assert stage.get(TARGET).status == 200
    assert stage.get(TARGET, "p.bakker").rows == expected_rows(TARGET, "p.bakker")
    with closing(sqlite3.connect(str(database_url(url).database))) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("SELECT count(*) FROM policy_users WHERE name LIKE 'u%'").fetchone() == (0,)
    stage.by_hand(gone)
    wait_for(lambda: stage.get(TARGET).status == 401)
