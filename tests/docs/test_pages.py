"""The pages hang together: links lead somewhere, examples parse, and every page can be found from the index."""

import re
import shlex
from pathlib import Path

import click
import pytest
import yaml

from docs.generate import every_command
from sidecar.policy.where import compile_where
from tests.docs.markdown import DOCS, PAGES, ROOT, anchors, blocks, links, prose

_SIDECAR = re.compile(r"^(?:\$ )?sidecar ((?:run|check|explain|token|otp|db|schema|demo)\b.*)$", re.MULTILINE)
COMMANDS = {tuple(context.command_path.split()[1:]): command for command, context in every_command()}


@pytest.fixture(params=PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def page(request: pytest.FixtureRequest) -> Path:
    return Path(request.param)


def test_every_link_leads_somewhere(page: Path) -> None:
    for path, anchor in links(page):
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), path
        assert not anchor or anchor in anchors(target), f"{path}#{anchor}"


def test_every_page_can_be_found_from_the_index() -> None:
    index = DOCS / "index.md"
    listed = {(DOCS / path).resolve() for path, _ in links(index)}
    assert listed >= set(DOCS.rglob("*.md")) - {index}


def test_every_yaml_block_parses(page: Path) -> None:
    for block in blocks(page, "yaml"):
        yaml.safe_load(block)


def test_every_command_of_the_sidecar_exists_with_these_options(page: Path) -> None:
    text = "\n".join(blocks(page, "bash")).replace("\\\n", " ")
    for line in _SIDECAR.findall(text):
        words = shlex.split(re.split(r" (?:&&|>|\|) ", line)[0], comments=True)
        command = COMMANDS.get(tuple(words[:2])) or COMMANDS[tuple(words[:1])]
        options = {option for parameter in command.params if isinstance(parameter, click.Option) for option in parameter.opts}
        assert {word for word in words if word.startswith("-")} <= options, line


def test_every_target_of_make_that_is_named_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    text = page.read_text("utf-8")
    named = re.findall(r"`make ([a-z]+)[^`]*`", text) + re.findall(r"^make ([a-z]+)", "\n".join(blocks(page, "bash")), re.MULTILINE)
    assert set(named) <= targets


def test_nothing_is_said_of_this_machine(page: Path) -> None:
    assert not re.search(r"/(?:tmp|root|home)/", page.read_text("utf-8"))


def test_every_filter_in_a_table_or_block_compiles() -> None:
    wishes = re.findall(r"^\| [^|]+ \| `([^|`]+)` \|$", prose(DOCS / "how-to/write-filters.md"), re.MULTILINE)
    [block] = [block for block in blocks(DOCS / "reference/where.md", "yaml") if "filters" in block]
    for text in [*wishes, *yaml.safe_load(block)["filters"].values()]:
        compile_where(text)
    assert len(wishes) > 4


def test_the_readme_names_the_two_commands() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    assert "make demo" in text
    assert "make test" in text
