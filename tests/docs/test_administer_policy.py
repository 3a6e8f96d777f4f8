"""The how-to's transcripts are what the commands say, one after the other."""

import asyncio
import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from sidecar.cli import main
from sidecar.policy_database.migrate import migrate
from tests.docs.markdown import DOCS, blocks

_PAGE = DOCS / "how-to" / "administer-policy.md"
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")


def test_each_command_of_the_how_to_says_what_stands_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LOGNAME", "root")
    monkeypatch.delenv("PROFIT_TOKEN", raising=False)
    Path("config.yaml").write_text(blocks(_PAGE, "yaml")[0], "utf-8")
    asyncio.run(migrate("sqlite:///policy.db"))
    commands = [each for block in blocks(_PAGE, "console") for each in block.split("$ ")[1:]]
    assert len(commands) > 10
    for command in commands:
        line, _, said = command.partition("\n")
        result = CliRunner().invoke(main, shlex.split(line)[1:])
        assert _MOMENT.sub("then", result.output) == _MOMENT.sub("then", said), line
