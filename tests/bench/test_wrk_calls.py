"""The calls that wrk makes: the same again and again, or new ones, differing where they are meant to."""

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from bench import work
from bench.checking_backend import CheckingBackend
from bench.wrk import Calls, make_load

needs_wrk = pytest.mark.skipif(
    any(shutil.which(tool) is None for tool in ("wrk", "setpriv", "taskset")), reason="the tools that make the load are not here"
)


def asked(calls: Calls) -> list[str]:
    with CheckingBackend() as backend:
        make_load(backend.port, calls, seconds=1, core=min(os.sched_getaffinity(0)))
        return [each.target for each in backend.arrived]


@pytest.fixture
def calls(tmp_path: Path) -> Calls:
    file = tmp_path / "callers"
    file.write_text("AfasToken one\nAfasToken two\n")
    return Calls(file, connections=2)


@needs_wrk
def test_new_calls_differ_in_their_page(calls: Calls) -> None:
    targets = asked(calls)
    assert len(set(targets)) == len(targets) > 1
    assert all(target.startswith(f"{calls.target}") for target in targets)


@needs_wrk
def test_new_calls_differ_in_a_value_of_their_filter(calls: Calls) -> None:
    before, after = work.NEW_VALUES
    targets = asked(replace(calls, target=before, after=after))
    assert len(set(targets)) == len(targets) > 1
    assert all(target.startswith(before) and target.endswith(after) for target in targets)


@needs_wrk
def test_repeated_calls_are_the_same_in_every_round(calls: Calls) -> None:
    repeated = replace(calls, repeated=True)
    assert set(asked(repeated)) == set(asked(repeated)) == {f"{calls.target}0"}
