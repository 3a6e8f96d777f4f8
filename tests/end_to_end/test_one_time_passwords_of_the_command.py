"""The real command as token authority: what it gave outlives it, workers are one authority, and the command line lists and revokes."""

import base64
import hashlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.end_to_end.harness.configuration import ENVIRON, configuration, write
from tests.end_to_end.harness.one_time_passwords import (
    Mailbox,
    ask_for_code,
    authorization_with,
    mailbox,
    show_code,
    with_one_time_passwords,
)
from tests.end_to_end.harness.oracle import rows_target
from tests.end_to_end.harness.program import Program, program
from tests.end_to_end.harness.stage import OwnStage, Stage, wait_for
from tests.end_to_end.harness.wire import Wire, request

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals are sent")


@pytest.fixture(scope="module")
def mails(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mailbox]:
    with mailbox(tmp_path_factory.mktemp("mail")) as mails:
        yield mails


@pytest.fixture
def stage(own_stage: OwnStage) -> Stage:
    return own_stage()


@pytest.fixture
def file(stage: Stage, mails: Mailbox, tmp_path: Path) -> Path:
    """A configuration for the command, with the stage's backend."""
    content = configuration(stage.backend.port)
    with_one_time_passwords(content, tmp_path, mails)
    content["one_time_passwords"]["database"] = "sqlite:///otp.db"
    write(tmp_path / "run.yaml", content)
    return tmp_path / "run.yaml"


def command(file: Path, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "sidecar", *words, "-c", str(file)],
        capture_output=True,
        text=True,
        env={**os.environ, **ENVIRON},
        check=True,
    )
    return done.stdout


def id_of(authorization: str) -> str:
    """The beginning of the hash of the token in a header's value."""
    [data] = re.findall(rb"[0-9A-F]{64}", base64.b64decode(authorization.removeprefix("AfasToken ")))
    return hashlib.sha256(data).hexdigest()[:12]


def rows(running: Program, token: str) -> int:
    with running.wire() as wire:
        return wire.ask(request("GET", rows_target(), token)).status


def restarted(stack: ExitStack, file: Path, name: str, *arguments: str) -> Program:
    folder = file.parent / name
    folder.mkdir()
    return stack.enter_context(program(folder, file, arguments))


def test_what_it_gave_outlives_it(file: Path, mails: Mailbox) -> None:
    with ExitStack() as stack:
        first = restarted(stack, file, "first")
        assert ask_for_code(first).status == 200
        token = authorization_with(show_code(first, mails.code()))
        assert rows(first, token) == 200
        assert ask_for_code(first).status == 200  # its code is shown to the next one
        code = mails.code()
        first.signal(signal.SIGTERM)
        assert first.ends() == 0
        second = restarted(stack, file, "second")
        assert rows(second, token) == 200
        assert rows(second, authorization_with(show_code(second, code))) == 200
        listed = {each["id"]: each for each in json.loads(command(file, "token", "list", "--json")) if each["issued"]}
        assert len(listed) == 2
        mine = listed[id_of(token)]
        assert (mine["app_connector"], mine["user"], mine["file"]) == ("hours", "j.devries", None)
        assert f"revoked {mine['id']}" in command(file, "token", "revoke", mine["id"])
        wait_for(lambda: rows(second, token) == 401, 1.0)
        assert code not in first.said + second.said


def test_a_mail_that_waits_goes_before_the_end(file: Path, mails: Mailbox) -> None:
    with ExitStack() as stack:
        running = restarted(stack, file, "only")
        assert ask_for_code(running).status == 200
        running.signal(signal.SIGTERM)
        assert re.fullmatch(r"\d{8}", mails.code())
        assert running.ends() == 0


@pytest.mark.skipif(not hasattr(socket, "SO_REUSEPORT"), reason="an address can't be shared here")
def test_workers_are_one_authority(file: Path, mails: Mailbox) -> None:
    with ExitStack() as stack:
        running = restarted(stack, file, "workers", "--workers", "2")
        assert ask_for_code(running).status == 200
        token = authorization_with(show_code(running, mails.code()))
        wires = [stack.enter_context(running.wire()) for _ in range(12)]

        def statuses() -> set[int]:
            return {wire.ask(request("GET", rows_target(), token)).status for wire in wires}

        assert statuses() == {200}
        [issued] = [each for each in json.loads(command(file, "token", "list", "--json")) if each["issued"]]
        command(file, "token", "revoke", issued["id"])
        wait_for(lambda: statuses() == {401}, 1.0)
        with Wire(int(running.admin_url.rpartition(":")[2])) as wire:
            ready = wire.ask(request("GET", "/readyz", None)).json
            assert ready["one_time_passwords"] == {"database_heard": True, "waiting_mails": 0}
            metrics = wire.ask(request("GET", "/metrics", None)).body.decode()
        assert 'sidecar_otp_total{operation="redeem",outcome="issued"} 1.0' in metrics
        assert "sidecar_otp_database_heard 1.0" in metrics


def test_a_database_that_can_not_be_made_is_told_at_the_start(file: Path) -> None:
    content = json.loads(file.read_text())
    content["one_time_passwords"]["database"] = "sqlite:///nowhere/otp.db"
    write(file, content)
    done = subprocess.run(
        [sys.executable, "-m", "sidecar", "run", "-c", str(file)], capture_output=True, text=True, env={**os.environ, **ENVIRON}, timeout=30
    )
    assert done.returncode == 3
    assert "one_time_passwords.database names a file that can't be made" in done.stdout + done.stderr
