"""The parts that can be taken out of the sidecar are there, and a call comes past each: a ladder over dead names would show no prices."""

import http.client
import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from bench import ablated, work
from bench.checking_backend import CheckingBackend
from bench.peers.peer import Command, Place
from bench.processes import Stage
from bench.under_test import Scale, configuration

NOTES_ITS_PARTS = """
import sys
from bench.ablated import PARTS, replace

def noting(part):
    def by(function):
        def noted(*arguments, **named):
            with open(sys.argv[1], "a") as notes:
                print(part, file=notes)
            return function(*arguments, **named)
        return noted
    return by

for each in PARTS:
    replace(each, noting(each))
from sidecar.cli import main
main(sys.argv[2:])
"""


def test_what_is_taken_out_gives_its_first_result_for_ever() -> None:
    results = iter([1, 2])
    taken_out = ablated.same_again(lambda _: next(results))
    assert [taken_out("a"), taken_out("b"), taken_out("c")] == [1, 1, 1]


def test_a_part_under_another_name_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    parts: Any = {"log": ("sidecar.record.decision_log", "DecisionLog.no_longer_here")}
    monkeypatch.setattr(ablated, "PARTS", parts)
    with pytest.raises(AttributeError, match="no_longer_here"):
        ablated.replace("log", ablated.same_again)


@pytest.mark.skipif(
    any(shutil.which(tool) is None for tool in ("setpriv", "taskset")), reason="the tools with which processes are pinned are not here"
)
def test_a_call_comes_past_every_part(tmp_path: Path) -> None:
    notes, file = tmp_path / "notes", tmp_path / "config.yaml"
    with CheckingBackend() as backend, Stage() as stage:
        place = Place(tmp_path, stage.free_port(), stage.free_port(), backend.port, tmp_path / "rights.json")
        file.write_text(json.dumps(configuration(Scale(users=2), place)))
        command: Command = [sys.executable, "-c", NOTES_ITS_PARTS, notes, "run", "-c", file]
        stage.start("sidecar", [command], [place.port], [stage.cores.proxy])
        connection = http.client.HTTPConnection("127.0.0.1", place.port, timeout=10)
        connection.request("GET", work.target_of(work.HOURS) + "0", headers={"Authorization": next(work.tokens_of(0)).authorization})
        assert connection.getresponse().read() == backend.answer
        connection.close()
    assert set(notes.read_text().split()) == set(ablated.PARTS)
