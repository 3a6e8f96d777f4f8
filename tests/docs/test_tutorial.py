"""Tutorial and README tell what happens: their configurations are loaded, and what they show is compared with what is printed."""

import re
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest
from click.testing import CliRunner
from rich.console import Console

from sidecar.cli import main
from sidecar.demo.tour import guided_tour
from sidecar.settings.problem import Severity
from sidecar.store.file import Loaded, load
from tests.docs.markdown import DOCS, ROOT, blocks

TUTORIAL = DOCS / "tutorial.md"
NOW = datetime(2026, 6, 1, tzinfo=UTC)
ENVIRON = {"PROFIT_TOKEN": "0" * 64}


def with_parts(config: str, *parts: str) -> str:
    """The text with each top-level key of `parts` in the place of what it had."""
    for part in parts:
        for key, value in re.findall(r"^(\w+):(.*?)(?=^\w|\Z)", part, re.MULTILINE | re.DOTALL):
            config = re.sub(rf"^{key}:.*?(?=^\w|\Z)", "", config, flags=re.MULTILINE | re.DOTALL) + f"{key}:{value}"
    return config


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "tokens.yaml").write_text("tokens: []\n", "utf-8")
    return tmp_path


def loaded(folder: Path, config: str) -> Loaded:
    (folder / "config.yaml").write_text(config, "utf-8")
    return load([folder / "config.yaml"], ENVIRON, NOW)


def shown(beginning: str) -> str:
    """The output with this beginning that the tutorial shows, without what changes with every policy."""
    [block] = [block for block in blocks(TUTORIAL, "text") if block.startswith(beginning)]
    return words(block)


def words(text: str) -> str:
    return " ".join(re.sub(r"policy [0-9a-f]{12}", "policy …", text).split())


def test_the_first_configuration_has_the_problems_that_are_shown(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, *_ = blocks(TUTORIAL, "yaml")
    loaded(folder, first)
    monkeypatch.chdir(folder)
    result = CliRunner().invoke(main, ["check", "-c", "config.yaml"], env=ENVIRON)
    assert result.exit_code == 1
    assert words(result.output) == shown("config.yaml:23")


def test_with_a_filter_type_there_is_nothing_left_to_say(folder: Path) -> None:
    first, guarded, *_ = blocks(TUTORIAL, "yaml")
    assert [each for each in loaded(folder, with_parts(first, guarded)).problems if each.severity is Severity.ERROR] == []


def test_the_configuration_in_the_readme_loads(folder: Path) -> None:
    [config] = blocks(ROOT / "README.md", "yaml")
    (folder / "profit").write_text("0" * 64, "utf-8")
    assert loaded(folder, config.replace("/run/secrets/profit", "profit")).problems == ()


async def test_the_readme_shows_what_the_demo_prints() -> None:
    printed = StringIO()
    await guided_tour(Console(file=printed, width=98))
    [excerpt] = [block for block in blocks(ROOT / "README.md", "text") if "The same URL" in block]
    assert [line for line in excerpt.splitlines() if line not in printed.getvalue().splitlines()] == []


def test_explain_says_what_is_shown(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, guarded, people, filters = blocks(TUTORIAL, "yaml")
    config = with_parts(first, people, guarded).replace(re.findall(r"^    filters:.*", guarded, re.MULTILINE | re.DOTALL)[0], filters)
    assert loaded(folder, config).problems == ()
    monkeypatch.chdir(folder)
    target = "GET /ProfitRestServices/connectors/Profit_Hours?filterfieldids=Uren;Afdeling&filtervalues=7.5;HR&operatortypes=2;1"
    arguments = ["explain", "-c", "config.yaml", "--app", "hours", "--user", "j.devries", target]
    result = CliRunner().invoke(main, arguments, env={**ENVIRON, "COLUMNS": "200"})
    assert result.exit_code == 0
    assert words(result.output) == shown("ALLOWED")
