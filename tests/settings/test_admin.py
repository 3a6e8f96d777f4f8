"""Keys of the administration API in the configuration: what is one, what is none, and what would make one stronger than it looks."""

import hashlib
from pathlib import Path
from typing import Any

import pytest

from sidecar.settings.admin import AdminKey
from tests.settings.sample import SHA256, bent, load_content

KEY = {"sha256": SHA256}


@pytest.mark.parametrize("listen", ["127.0.0.1:8081", "[::1]:8081", "localhost:8081"])
def test_keys_by_name_on_loopback_are_no_cause_for_a_warning(tmp_path: Path, listen: str) -> None:
    reader = {"sha256": SHA256.replace("a", "c").upper(), "read_only": True}
    loaded = load_content(tmp_path, bent("admin", {"listen": listen, "keys": {"console": KEY, "reader": reader}}))
    assert loaded.problems == ()
    assert loaded.settings is not None
    assert loaded.settings.admin.keys == {
        "console": AdminKey(sha256=SHA256),
        "reader": AdminKey(sha256=SHA256.replace("a", "c"), read_only=True),
    }


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
