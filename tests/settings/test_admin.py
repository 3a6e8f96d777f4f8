"""Keys of the administration API in the configuration: what is one, what is none, and what would make one stronger than it looks."""

import hashlib
from pathlib import Path
from typing import Any

import pytest
import yaml

from sidecar.policy_database.revision import Revision
from sidecar.settings.admin import AdminKey
from sidecar.settings.tree import Place, tree_of
from sidecar.store.file import Loaded, conclude, read_files
from sidecar.store.rights import Rights
from tests.settings.sample import ENVIRON, NOW, SAMPLE, SHA256, bent, load_content

KEY = {"sha256": SHA256}


def load_with(folder: Path, admin: dict[str, Any]) -> Loaded:
    """A configuration whose policy is in a database that holds nothing, and so need not be asked."""
    file = folder / "config.yaml"
    content = {"environments": SAMPLE["environments"], "policy": {"database": "sqlite:///policy.db"}, "admin": admin}
    file.write_text(yaml.safe_dump(content))
    return conclude(read_files([file], ENVIRON), Rights(Revision(1, 1, 1), tree_of({}, Place("policy.database", 0))), NOW)


@pytest.mark.parametrize("listen", ["127.0.0.1:8081", "[::1]:8081", "localhost:8081"])
def test_keys_by_name_on_loopback_are_no_cause_for_a_warning(tmp_path: Path, listen: str) -> None:
    reader = {"sha256": SHA256.replace("a", "c").upper(), "read_only": True}
    loaded = load_with(tmp_path, {"listen": listen, "keys": {"console": KEY, "reader": reader}})
    assert loaded.problems == ()
    assert loaded.settings is not None
    assert loaded.settings.admin.keys == {
        "console": AdminKey(sha256=SHA256),
        "reader": AdminKey(sha256=SHA256.replace("a", "c"), read_only=True),
    }


@pytest.mark.parametrize("listen", ["0.0.0.0:8081", "[::]:8081", "sidecar.example:8081"])
def test_keys_that_cross_the_network_in_clear_are_warned_of(tmp_path: Path, listen: str) -> None:
    [problem] = load_with(tmp_path, {"listen": listen, "keys": {"console": KEY}}).problems
    assert (problem.severity, problem.path) == ("warning", "admin.listen")
    assert "cross the network in clear (say `tls` for the port" in str(problem)


def test_keys_that_cross_the_network_under_tls_are_not(tmp_path: Path) -> None:
    tls = {"certificate": "nowhere.pem", "key": "nowhere.key"}
    problems = load_with(tmp_path, {"listen": "0.0.0.0:8081", "tls": tls, "keys": {"console": KEY}}).problems
    assert all("in clear" not in str(problem) for problem in problems)


def test_a_port_without_keys_may_be_reached_from_anywhere(tmp_path: Path) -> None:
    assert load_content(tmp_path, bent("admin/listen", "0.0.0.0:8081")).problems == ()


@pytest.mark.parametrize(
    ("keys", "where", "text"),
    [
        ({"console": {"sha256": hashlib.sha256(b"").hexdigest()}}, "admin.keys.console.sha256", "is the SHA-256 of nothing"),
        ({"console": {"sha256": "ab"}}, "admin.keys.console.sha256", "is not a SHA-256"),
        ({"console": {}}, "admin.keys.console", "sha256"),
        ({" console": KEY}, "admin.keys", "a name can't be empty, begin or end with a space"),
        ({"console": KEY, "script": KEY}, "admin.keys", "two names have the same key"),
        ({"console": {**KEY, "read_only": None}}, "admin.keys.console.read_only", "has nothing behind it, and would restrict nothing"),
        ({"console": {**KEY, "readonly": True}}, "admin.keys.console.readonly", "read_only"),
        ({"console": {**KEY, "read_only": "yes"}}, "admin.keys.console.read_only", ""),
    ],
)
def test_a_key_that_is_none_keeps_the_configuration_from_loading(tmp_path: Path, keys: dict[str, Any], where: str, text: str) -> None:
    loaded = load_content(tmp_path, bent("admin/keys", keys))
    assert loaded.snapshot is None
    assert any(problem.path.startswith(where) and text in str(problem) for problem in loaded.problems), loaded.problems
    assert all(SHA256 not in str(problem) for problem in loaded.problems)
