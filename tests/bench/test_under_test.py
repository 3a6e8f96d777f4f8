"""The sidecar is measured with a configuration that it takes, and with the backend's answers that are meant."""

import json
import sys
from collections.abc import Mapping
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from bench import work
from bench.backend import write_answer
from bench.on_asyncio import hide_uvloop
from bench.peers.peer import Place
from bench.under_test import Scale, configuration, sidecar
from sidecar.cli import main


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path, 18_080, 18_081, 18_082, tmp_path / "rights.json")


def test_its_backend_is_spoken_to_over_tls_where_there_is_an_authority(place: Place) -> None:
    authority = place.folder / "backend.pem"
    environment = configuration(Scale(users=1), replace(place, authority=authority))["environments"]["O12345AA"]
    assert environment["rest"].startswith("https://127.0.0.1:18082/")
    assert environment["ca_file"] == str(authority)


def test_it_can_be_started_in_other_ways_with_the_same_arguments(place: Place) -> None:
    usual, other = (sidecar(options=("--x",), launch=launch).commands(place)[0] for launch in (("sidecar",), ("bench.ablated", "log")))
    assert usual[1:3] == ["-m", "sidecar"]
    assert other[1:4] == ["-m", "bench.ablated", "log"]
    assert usual[3:] == other[4:]
    assert usual[-1] == "--x"


def test_without_uvloop_it_runs_on_asyncio(monkeypatch: pytest.MonkeyPatch) -> None:
    # Kept, so that what is hidden comes back after the test.
    monkeypatch.setitem(sys.modules, "uvloop", sys.modules.get("uvloop"))
    hide_uvloop()
    with pytest.raises(ImportError):
        import_module("uvloop")


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
