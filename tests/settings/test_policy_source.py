"""Policy in a database: where the configuration says so, and that nothing of it stands in files as well."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from sidecar.settings.policy_source import SECTIONS
from sidecar.settings.read import read_settings
from sidecar.store.database_url import UnreadableUrlError, policy_database_of
from tests.settings.sample import ENVIRON, SAMPLE, load_content

SOURCE = {"database": "sqlite:///policy.db"}
CONTENT: dict[str, Any] = {"environments": SAMPLE["environments"], "policy": SOURCE}


def database_of(folder: Path, content: dict[str, Any], environ: dict[str, str] | None = None) -> str | None:
    (folder / "config.yaml").write_text(yaml.safe_dump(content))
    return policy_database_of(read_settings([folder / "config.yaml"], ENVIRON | (environ or {})))


@pytest.mark.parametrize("section", SECTIONS)
def test_a_section_beside_the_database_is_refused(tmp_path: Path, section: str) -> None:
    nothing: Any = [] if section == "tokens" else {}
    problems = load_content(tmp_path, CONTENT | {section: SAMPLE.get(section, nothing)}).problems
    (problem,) = [each for each in problems if each.path == section]
    assert "stands beside `policy.database`" in problem.message
    assert "sidecar db import" in problem.remedy
    assert problem.prevents_loading


def test_a_section_with_nothing_behind_it_is_no_section(tmp_path: Path) -> None:
    assert [each.path for each in load_content(tmp_path, CONTENT | {"users": None}).problems if each.path == "users"] == []


@pytest.mark.parametrize(
    ("source", "environ", "expected"),
    [
        ("sqlite:///policy.db", {}, "sqlite+aiosqlite:///{folder}/policy.db"),
        ("${DB}", {"DB": "postgresql://a:geheim@host/db"}, "postgresql+asyncpg://a:geheim@host/db"),
        ({"file": "below/url"}, {}, "sqlite+aiosqlite:///{folder}/below/there.db"),
    ],
)
def test_the_database_is_named_in_each_of_three_ways(tmp_path: Path, source: Any, environ: dict[str, str], expected: str) -> None:
    (tmp_path / "below").mkdir()
    (tmp_path / "below/url").write_text("sqlite:///there.db\n")
    url = database_of(tmp_path, CONTENT | {"policy": {"database": source}}, environ)
    assert url == expected.format(folder=tmp_path.as_posix())


def test_policy_in_files_has_no_database(tmp_path: Path) -> None:
    assert database_of(tmp_path, SAMPLE) is None


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ({"database": "mysql://otp:geheim@host/db"}, "policy.database: begins neither"),
        ({"database": "sqlite:///:memory:"}, "policy.database: names no file"),
        ({"database": "${NOT_SET}"}, "policy.database: the environment variable NOT_SET is not set"),
        ({"database": {"file": "nowhere"}}, "policy.database.file: the file can't be read"),
        ({"datbase": "sqlite:///policy.db"}, "policy"),
        ({}, "policy.database: is missing"),
        ("sqlite:///policy.db", "policy: expected keys and values"),
    ],
)
def test_a_database_that_can_not_be_known_is_told_with_its_place(tmp_path: Path, source: Any, told: str) -> None:
    with pytest.raises(UnreadableUrlError) as raised:
        database_of(tmp_path, CONTENT | {"policy": source})
    assert told in str(raised.value)
    assert "config.yaml:" in str(raised.value)
    assert "geheim" not in str(raised.value)


def test_a_file_that_can_not_be_read_leaves_open_which_database_is_meant(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("policy: [\n")
    with pytest.raises(UnreadableUrlError):
        policy_database_of(read_settings([tmp_path / "config.yaml"], ENVIRON))


@pytest.mark.parametrize("seconds", [0, -1, "soon"])
def test_staleness_is_bounded_by_a_number(tmp_path: Path, seconds: Any) -> None:
    problems = load_content(tmp_path, CONTENT | {"policy": {**SOURCE, "max_staleness": seconds}}).problems
    assert [each.path for each in problems if each.path.startswith("policy.")] == ["policy.max_staleness"]


def test_a_password_in_clear_is_warned_of(tmp_path: Path) -> None:
    problems = load_content(tmp_path, CONTENT | {"policy": {"database": "postgresql://a:geheim@host/db"}}).problems
    (problem,) = [each for each in problems if each.path == "policy.database"]
    assert problem.severity == "warning"
    assert "geheim" not in str(problem)
