"""The real command, with one worker and with two, administered over HTTP: keys come and go with its file, changes come into force."""

import asyncio
import hashlib
import json
import re
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.databases import sqlite_in
from tests.end_to_end.harness.configuration import configuration
from tests.end_to_end.harness.program import Program, program
from tests.end_to_end.harness.wire import Answer, Wire, request
from tests.store.policy_in_database import in_database

KEY, OTHER = "C0FFEE" * 10 + "C0FF", "BEEF" * 16
KEYS = {
    "console": {"sha256": hashlib.sha256(KEY.encode()).hexdigest()},
    "script": {"sha256": hashlib.sha256(OTHER.encode()).hexdigest()},
}
WORKERS = [pytest.param((), id="one worker"), pytest.param(("--workers", "2"), id="two workers")]


class Administered:
    """A running sidecar, its file, and whoever administers it."""

    def __init__(self, running: Program, file: Path) -> None:
        self.running, self.file = running, file

    def ask(self, method: str, path: str, content: Any = None, *, key: str = KEY) -> Answer:
        body = None if content is None else json.dumps(content).encode()
        kind = ("Content-Type: application/json",) if body is not None else ()
        with Wire(int(self.running.admin_url.rpartition(":")[2])) as wire:
            wire.send(request(method, path, f"Bearer {key}", *kind, body=body))
            return wire.answer(method)

    def configure(self, keys: dict[str, Any]) -> None:
        content = yaml.safe_load(self.file.read_text())
        content["admin"]["keys"] = keys
        self.file.write_text(yaml.safe_dump(content))

    def soon(self, holds: Callable[[], bool]) -> None:
        """Fails when it does not come to hold."""
        deadline = time.monotonic() + 10
        while not holds():
            assert time.monotonic() < deadline, self.running.said
            time.sleep(0.05)


@pytest.fixture(params=WORKERS)
def administered(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Administered]:
    if request.param:
        pytest.importorskip("fcntl")
    content = {**configuration(9), "listen": "127.0.0.1:0", "admin": {"listen": "127.0.0.1:0", "keys": KEYS}}
    file = asyncio.run(in_database(tmp_path, sqlite_in(tmp_path), content))
    with program(tmp_path, file, request.param) as running:
        yield Administered(running, file)


def test_a_change_comes_into_force_and_is_told_with_the_key_s_name(administered: Administered) -> None:
    before = administered.ask("GET", "/readyz").json["policy"]["version"]
    assert administered.ask("POST", "/api/v1/apps/hours/block").json["after"]["blocked"] is True
    administered.soon(lambda: administered.ask("GET", "/readyz").json["policy"]["version"] != before)
    [told] = [each for each in administered.ask("GET", "/api/v1/audit?subject=hours").json["items"] if each["what"] == "app.block"]
    assert (told["who"], told["before"]["blocked"], told["after"]["blocked"]) == ("api:console", False, True)
    metrics = administered.ask("GET", "/metrics").body.decode()
    assert re.search(r'^sidecar_administration_requests_total\{result="success"\} 2\.0$', metrics, re.MULTILINE)


def test_what_would_leave_no_policy_is_refused_with_the_environments_of_the_files_at_hand(administered: Administered) -> None:
    answer = administered.ask("PATCH", "/api/v1/apps/hours", {"environment": "NOWHERE"})
    assert (answer.status, answer.json["reason"]) == (409, "refused")
    assert "NOWHERE" in answer.json["detail"]


def test_keys_come_and_go_without_a_restart_and_without_any_there_is_no_api(administered: Administered) -> None:
    assert administered.ask("GET", "/api/v1/users", key=OTHER).status == 200
    administered.configure({"console": KEYS["console"]})
    administered.soon(lambda: administered.ask("GET", "/api/v1/users", key=OTHER).status == 401)
    assert administered.ask("GET", "/api/v1/users").status == 200
    administered.configure({"console": {**KEYS["console"], "read_only": True}})
    administered.soon(lambda: administered.ask("POST", "/api/v1/apps/hours/block").status == 403)
    administered.configure({})
    administered.soon(lambda: administered.ask("GET", "/api/v1/users").status == 404)
    administered.configure(KEYS)
    administered.soon(lambda: administered.ask("GET", "/api/v1/users", key=OTHER).status == 200)


def test_a_key_is_taken_out_though_the_database_holds_nonsense(administered: Administered) -> None:
    url = yaml.safe_load(administered.file.read_text())["policy"]["database"]
    _spoil(Path(url.removeprefix("sqlite:///")))
    administered.soon(lambda: administered.ask("GET", "/readyz").json["last_reload"]["succeeded"] is False)
    administered.configure({"script": KEYS["script"]})
    administered.soon(lambda: administered.ask("GET", "/api/v1/users").status == 401)
    assert administered.ask("GET", "/api/v1/users", key=OTHER).status == 200


def test_it_stops_in_peace_and_no_key_is_written_down(administered: Administered) -> None:
    assert administered.ask("GET", "/api/v1/users").status == 200
    assert administered.ask("GET", "/api/v1/users", key="0" * 64).status == 401
    administered.running.signal(signal.SIGTERM)
    assert administered.running.ends() == 0
    assert KEY not in administered.running.said
    assert "0" * 64 not in administered.running.said


def _spoil(file: Path) -> None:
    """As somebody with a client of the database does."""
    connection = sqlite3.connect(file)
    with connection:
        connection.execute("UPDATE policy_app_connectors SET valid_from = 'some day'")
    connection.close()


def test_with_policy_in_files_there_is_no_api_whatever_keys_there_are(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    content = {**configuration(9), "listen": "127.0.0.1:0", "admin": {"listen": "127.0.0.1:0", "keys": KEYS}}
    file.write_text(yaml.safe_dump(content))
    with program(tmp_path, file) as running:
        administered = Administered(running, file)
        assert administered.ask("GET", "/api/v1/users").body == administered.ask("GET", "/nothing").body == b"404: Not Found"
