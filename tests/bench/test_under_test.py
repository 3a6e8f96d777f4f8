"""The sidecar is measured with a configuration that it takes, and the parts that can be taken out are there."""

import json
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from bench import work
from bench.ablated import PARTS, take_out
from bench.backend import write_answer
from bench.peers.peer import Place
from bench.under_test import Scale, configuration, sidecar
from sidecar.cli import main


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path, 18_080, 18_081, 18_082, tmp_path / "rights.json")


@pytest.mark.parametrize("scale", [Scale(users=3), Scale(users=2, tokens_each=5, departments=50, groups=20)])
def test_the_configuration_has_no_fault(scale: Scale, place: Place) -> None:
    command = sidecar(scale=scale).commands(place)[0]
    checked = CliRunner().invoke(main, ["check", "-c", str(command[command.index("-c") + 1])])
    assert checked.exit_code == 0, checked.output


def test_peers_and_sidecar_know_the_same_tokens(place: Place) -> None:
    app_connector = configuration(Scale(users=4), place)["app_connectors"]["hours"]
    tokens: Any = work.rights(4)["tokens"]
    assert isinstance(tokens, Mapping)
    assert {token["sha256"]: token["user"] for token in app_connector["tokens"]} == {
        digest: each["user"] for digest, each in tokens.items()
    }


@pytest.mark.parametrize("part", PARTS)
def test_each_part_can_be_taken_out(part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module_name, path = PARTS[part]
    holder: Any = import_module(module_name)
    *outer, name = path.split(".")
    for each in outer:
        holder = getattr(holder, each)
    results = iter([1, 2])
    monkeypatch.setattr(holder, name, lambda: next(results))
    take_out(part)
    assert [getattr(holder, name)(), getattr(holder, name)()] == [1, 1]


@pytest.mark.parametrize("size", [1024, 2048, 200 * 1024])
def test_a_small_answer_is_json_of_exactly_that_size(size: int, tmp_path: Path) -> None:
    file = tmp_path / "answers" / "rows"
    write_answer(file, size)
    assert file.stat().st_size == size
    assert json.loads(file.read_text())["rows"]


def test_a_huge_answer_takes_no_room(tmp_path: Path) -> None:
    file = tmp_path / "rows"
    write_answer(file, 1024**3)
    assert file.stat().st_size == 1024**3
    assert file.stat().st_blocks * 512 < 1024**2
