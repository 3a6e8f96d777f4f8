"""The how-to pages about deployment: what they tell people to type, link to and write is there and works."""

import re
import shlex
from datetime import UTC, datetime
from pathlib import Path

import click
import pytest
import yaml

from sidecar.cli import main
from sidecar.proxy.refusal import STATUS
from sidecar.store.file import load

ROOT = Path(__file__).parents[2]
HOW_TOS = [
    ROOT / "docs/how-to" / name
    for name in (
        "kubernetes.md",
        "next-to-a-legacy-backend.md",
        "windows.md",
        "mobile-apps.md",
        "soap-clients.md",
        "policy-in-sqlite.md",
        "policy-in-postgresql.md",
        "tls-and-client-certificates.md",
    )
]
NOW = datetime(2026, 6, 1, tzinfo=UTC)
_COMMAND = re.compile(r"\b(?:sidecar(?:\.exe'?)?|connector-sidecar:[\d.]+) ((?:run|check|explain|token|db|schema|demo)\b[^`|\n]*)")


@pytest.fixture(params=HOW_TOS, ids=lambda page: page.stem)
def page(request: pytest.FixtureRequest) -> Path:
    return Path(request.param)


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)


def headings(page: Path) -> set[str]:
    """Anchors, as they are made of headings: lower case, punctuation dropped, spaces to hyphens."""
    titles = re.findall(r"^#+ (.*)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_every_link_leads_somewhere(page: Path) -> None:
    for name, _, anchor in re.findall(r"\]\(([\w./-]+\.md)(#([\w-]+))?\)", page.read_text("utf-8")):
        assert (page.parent / name).is_file(), name
        assert not anchor or anchor in headings(page.parent / name), f"{name}#{anchor}"


def test_every_file_of_the_repository_that_it_names_is_there(page: Path) -> None:
    for name in re.findall(r"(?<![\w/.-])((?:deploy/)[\w./-]*\w|requirements[\w-]*\.txt)", page.read_text("utf-8")):
        assert (ROOT / name).exists(), name


def test_every_yaml_block_parses(page: Path) -> None:
    for block in blocks(page, "yaml"):
        assert isinstance(yaml.safe_load(block), dict)


def test_every_command_of_the_sidecar_exists_with_these_options(page: Path) -> None:
    for line in _COMMAND.findall(page.read_text("utf-8").replace("\\\n", " ")):
        command: click.Command = main
        words = shlex.split(line if line.count("'") % 2 == 0 else line.rstrip("'"), posix=False)  # PowerShell quotes the program with them
        while isinstance(command, click.Group) and words:  # a page may name the group alone
            found = command.get_command(click.Context(command), words.pop(0))
            assert found is not None, line
            command = found
        options = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
        assert {word for word in words if word.startswith("-")} <= options, line


def test_the_configuration_next_to_a_legacy_backend_loads_with_the_credential_of_systemd(tmp_path: Path) -> None:
    config, tokens, *_ = blocks(ROOT / "docs/how-to/next-to-a-legacy-backend.md", "yaml")
    (tmp_path / "config.yaml").write_text(config, "utf-8")
    (tmp_path / "tokens.yaml").write_text(tokens, "utf-8")
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "profit-token").write_text("0" * 64, "utf-8")

    loaded = load([tmp_path / "config.yaml"], {"CREDENTIALS_DIRECTORY": credentials.as_posix()}, NOW)

    assert loaded.problems == ()
    assert loaded.snapshot is not None


def test_the_mobile_page_has_a_row_for_every_status_that_a_phone_may_see() -> None:
    text = (ROOT / "docs/how-to/mobile-apps.md").read_text("utf-8")
    rows = re.findall(r"^\| (\d{3}(?:, \d{3})*)", text, re.MULTILINE)
    described = {int(status) for row in rows for status in row.split(", ")}
    assert set(STATUS.values()) <= described
