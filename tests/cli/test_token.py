"""`sidecar token`: a token that was made opens what it is for, and only that; a revoked one opens nothing."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from sidecar.cli import main
from sidecar.errors import Reason, Refusal
from sidecar.identity.identify import identify
from sidecar.policy.model import Policy
from sidecar.store.file import load
from tests.settings.sample import ENVIRON, NOW, SAMPLE, bent


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "config.yaml"
    (tmp_path / "tokens.yaml").write_text("# tokens\n")
    _write(file, SAMPLE)
    return file


def _write(config: Path, content: dict[str, Any]) -> None:
    config.write_text(yaml.safe_dump({**content, "include": ["tokens.yaml"]}))


def _token(config: Path, command: str, *arguments: str) -> Result:
    # No environment: tokens are made where the backend's secrets are not at hand.
    return CliRunner().invoke(main, ["token", command, "-c", str(config), *arguments])


NEW = ("--app", "hours", "--user", "m.jansen", "--description", "Laptop")


def _policy(config: Path) -> Policy:
    loaded = load([config], ENVIRON, NOW)
    assert loaded.snapshot is not None, loaded.problems
    return loaded.snapshot.policy


def test_a_new_token_opens_its_app_connector_for_its_user(config: Path) -> None:
    result = _token(config, "new", *NEW, "--json")
    assert result.exit_code == 0
    made = json.loads(result.stdout)
    caller = identify(_policy(config), made["authorization"], "")
    assert (caller.user.name, caller.app_connector.name, caller.device) == ("m.jansen", "hours", "Laptop")
    assert made["xml"] == f"<token><version>1</version><data>{made['data']}</data></token>"
    assert len(made["data"]) == 64
    assert made["data"] == made["data"].upper()
    assert made["warnings"] == []


def test_a_new_token_is_shown_once_and_kept_as_a_hash(config: Path) -> None:
    result = _token(config, "new", *NEW)
    assert result.exit_code == 0
    data = result.stdout.split("Characters:")[1].split()[0]
    assert "Header:      Authorization: AfasToken PHRva2Vu" in result.stdout
    stored = config.with_name("tokens.yaml").read_text()
    assert stored.startswith("# tokens\n")
    assert hashlib.sha256(data.encode()).hexdigest() in stored
    assert data not in stored
    for command in ("list", "revoke"):
        assert data not in _token(config, command, *(() if command == "list" else NEW)).output


def test_two_tokens_are_never_the_same(config: Path) -> None:
    made = {json.loads(_token(config, "new", *NEW[:-1], f"Laptop {number}", "--json").stdout)["data"] for number in range(5)}
    assert len(made) == 5


def test_a_revoked_token_opens_nothing(config: Path) -> None:
    made = json.loads(_token(config, "new", *NEW, "--json").stdout)
    assert _token(config, "revoke", made["id"]).exit_code == 0
    with pytest.raises(Refusal) as refused:
        identify(_policy(config), made["authorization"], "")
    assert refused.value.reason is Reason.TOKEN_UNKNOWN


def test_a_token_is_revoked_by_its_device_as_well_wherever_it_stands(config: Path) -> None:
    result = _token(config, "revoke", "--app", "hours", "--user", "j.devries", "--description", "iPhone")
    assert result.exit_code == 0
    assert "revoked abababababab" in result.stdout
    assert _policy(config).tokens == {}


def test_a_token_whose_entry_stands_twice_is_revoked_in_both_places(config: Path) -> None:
    entry = SAMPLE["app_connectors"]["hours"]["tokens"][0]
    config.with_name("tokens.yaml").write_text(yaml.safe_dump({"tokens": [{**entry, "app_connector": "hours"}]}))
    assert _token(config, "revoke", "ab" * 6).exit_code == 0
    assert _policy(config).tokens == {}


def test_a_token_can_be_revoked_while_the_configuration_has_errors_which_are_told(config: Path) -> None:
    _write(config, bent("app_connectors/hours/group", ["nonsense"]))
    result = _token(config, "revoke", "ab" * 6)
    assert result.exit_code == 0
    assert "a running sidecar keeps the token until they are mended" in result.stderr
    assert "app_connectors.hours.group: expected a text" in result.stderr


def test_the_list_shows_whose_tokens_there_are_and_never_a_whole_hash(config: Path) -> None:
    _token(config, "new", *NEW, "--expires", "2100-01-01")
    text = _token(config, "list").stdout
    assert text.splitlines()[0].split() == ["ID", "APP", "CONNECTOR", "USER", "DESCRIPTION", "EXPIRES", "FILE"]
    assert "abababababab" in text
    assert "ab" * 7 not in text
    listed = json.loads(_token(config, "list", "--json", "--user", "m.jansen").stdout)
    assert [(each["description"], each["expires"]) for each in listed] == [("Laptop", "2100-01-01")]
    assert json.loads(_token(config, "list", "--json", "--app", "other").stdout) == []
    assert all(len(each["id"]) == 12 for each in listed)


REFUSED = [
    (("new", "--app", "huors", "--user", "m.jansen", "--description", "x"), 1, "there is no app connector 'huors'; did you mean 'hours'?"),
    (("new", "--app", "hours", "--user", "m.janssen", "--description", "x"), 1, "there is no user 'm.janssen'; did you mean 'm.jansen'?"),
    (("new", "--app", "hours", "--user", "j.devries", "--description", "iPhone"), 1, "has a token for hours on 'iPhone' already"),
    (("new", *NEW, "--into", "elsewhere.yaml"), 1, "elsewhere.yaml is not part of the configuration"),
    (("new", *NEW, "--expires", "2020-01-01"), 2, "--expires lies in the past"),
    (("new", *NEW, "--expires", "soon"), 2, "does not match"),
    (("new", *NEW[:-1], " "), 2, "--description can't be empty"),
    (("revoke", "abcabcabcabc"), 1, "there is no such token"),
    (("revoke", "abc"), 2, "an ID has 12 characters"),
    (("revoke",), 2, "give either an ID, or all of"),
    (("revoke", "ab" * 6, "--app", "hours"), 2, "give either an ID, or all of"),
    (("revoke", "--app", "hours", "--user", "j.devries"), 2, "give either an ID, or all of"),
]


@pytest.mark.parametrize(("arguments", "code", "message"), REFUSED)
def test_what_can_not_be_done_is_refused_and_changes_nothing(config: Path, arguments: tuple[str, ...], code: int, message: str) -> None:
    files = [config, config.with_name("tokens.yaml")]
    before = [file.read_text() for file in files]
    result = _token(config, *arguments)
    assert result.exit_code == code
    assert message in " ".join(result.stderr.split())
    assert [file.read_text() for file in files] == before


def test_a_token_that_would_be_refused_is_made_with_a_warning(config: Path) -> None:
    _write(config, bent("groups/app", ["j.devries"]))
    result = _token(config, "new", *NEW)
    assert result.exit_code == 0
    assert "warning: the token is refused for now: The user is not a member of the app connector's user group." in result.stderr


@pytest.mark.parametrize("count", [0, 2])
def test_where_it_is_not_clear_which_file_is_meant_it_must_be_said(config: Path, count: int) -> None:
    names = ["one.yaml", "two.yaml"][:count]
    for name in names:
        config.with_name(name).write_text("tokens: []\n")
    config.write_text(yaml.safe_dump({**SAMPLE, "include": names}))
    result = _token(config, "new", *NEW)
    assert result.exit_code == 1
    assert "say with --into which of" in result.stderr
    assert _token(config, "new", *NEW, "--into", str(config)).exit_code == 0
    assert len(_policy(config).tokens) == 2


def test_a_configuration_with_errors_gets_no_new_token(config: Path) -> None:
    _write(config, bent("app_connectors/hours/group", "nobody"))
    result = _token(config, "new", *NEW)
    assert result.exit_code == 1
    assert "app_connectors.hours.group: there is no group `nobody`" in result.stderr


def test_a_file_that_can_not_be_read_is_told_by_the_exit_code(tmp_path: Path) -> None:
    assert _token(tmp_path / "nowhere.yaml", "new", *NEW).exit_code == 3
    assert _token(tmp_path / "nowhere.yaml", "list").exit_code == 3
