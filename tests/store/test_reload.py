"""A change of the files is in force within a second, a bad one never is, and the watching goes on whatever happens."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from sidecar.settings.admin import AdminKey
from sidecar.store import reload
from sidecar.store.reload import PolicyStore, Reload
from tests.settings.sample import ENVIRON, NOW, SAMPLE, SECRET, bent

WITHIN = 1.0  # seconds: the promise


class _Watched:
    """A store that watches files in a folder, and every result that it told."""

    def __init__(self, folder: Path, config: Path) -> None:
        self.folder = folder
        self.config = config
        self.store = PolicyStore([config], ENVIRON, lambda: NOW)
        self.results: list[Reload] = []
        self.store.on_result(self.results.append)

    def write(self, content: dict[str, Any]) -> None:
        self.config.write_text(yaml.safe_dump(content))

    @property
    def emails(self) -> dict[str, str]:
        assert self.store.snapshot is not None
        return {user.name: user.email for user in self.store.snapshot.policy.users.values()}


async def _eventually(condition: Callable[[], bool], within: float = WITHIN) -> None:
    end = time.monotonic() + within
    while not condition():
        assert time.monotonic() < end, "not within a second"
        await asyncio.sleep(0.01)


@pytest.fixture
async def watched(tmp_path: Path) -> AsyncIterator[_Watched]:
    each = _Watched(tmp_path, tmp_path / "config.yaml")
    each.write(SAMPLE)
    await each.store.start()
    yield each
    await each.store.stop()


async def test_a_changed_file_is_in_force_within_a_second(watched: _Watched) -> None:
    assert watched.emails["j.devries"] == "j.devries@example.com"
    before = watched.store.snapshot
    watched.write(bent("users/j.devries/email", "new@example.com"))
    await _eventually(lambda: watched.emails["j.devries"] == "new@example.com")
    assert watched.store.snapshot is not before
    assert [result.succeeded for result in watched.results] == [True, True]
    assert watched.results[0].version != watched.results[1].version
    assert (watched.store.reloads_succeeded, watched.store.reloads_failed) == (2, 0)


async def test_a_revoked_token_is_gone_within_a_second(watched: _Watched) -> None:
    watched.write(bent("app_connectors/hours/tokens", []))
    await _eventually(lambda: watched.store.snapshot is not None and not watched.store.snapshot.policy.tokens)


async def test_files_that_do_not_change_are_not_read_again(watched: _Watched) -> None:
    await asyncio.sleep(0.6)
    assert len(watched.results) == 1


async def test_a_bad_file_changes_nothing_and_is_told(watched: _Watched) -> None:
    before = watched.store.snapshot
    watched.config.write_text("users: [\n")
    await _eventually(lambda: watched.store.last_error is not None)
    assert watched.store.snapshot is before
    assert watched.store.last_error is not None
    assert watched.store.last_error.problems[0].line == 2
    assert before is not None
    assert watched.store.last_error.version == before.policy.version
    watched.write(bent("users/j.devries/email", "mended@example.com"))
    await _eventually(lambda: watched.store.last_error is None)
    assert watched.emails["j.devries"] == "mended@example.com"
    assert (watched.store.reloads_succeeded, watched.store.reloads_failed) == (2, 1)


async def test_a_file_that_vanishes_is_a_failed_reload_and_its_return_a_good_one(watched: _Watched) -> None:
    before = watched.store.snapshot
    watched.config.rename(watched.folder / "aside")
    await _eventually(lambda: watched.store.last_error is not None)
    assert watched.store.snapshot is before
    (watched.folder / "aside").rename(watched.config)
    await _eventually(lambda: watched.store.last_error is None)


async def test_a_file_that_is_still_being_written_is_left_alone(watched: _Watched) -> None:
    # Half of it, at any of these line ends, would load without an error, and without the users and rights that follow.
    text = yaml.safe_dump(bent("users/j.devries/email", "new@example.com"), sort_keys=False)
    with watched.config.open("w") as file:
        for line in text.splitlines(keepends=True)[:20]:
            file.write(line)
            file.flush()
            await asyncio.sleep(0.05)
        assert len(watched.results) == 1
        file.write("".join(text.splitlines(keepends=True)[20:]))
    await _eventually(lambda: watched.emails["j.devries"] == "new@example.com")
    assert [result.succeeded for result in watched.results] == [True, True]


async def test_the_symbolic_link_that_kubernetes_points_elsewhere_is_followed(tmp_path: Path) -> None:
    def revision(name: str, email: str) -> None:
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.yaml").write_text(yaml.safe_dump(bent("users/j.devries/email", email)))

    revision("..2026_one", "one@example.com")
    (tmp_path / "..data").symlink_to("..2026_one")
    (tmp_path / "config.yaml").symlink_to("..data/config.yaml")
    watched = _Watched(tmp_path, tmp_path / "config.yaml")
    await watched.store.start()
    try:
        assert watched.emails["j.devries"] == "one@example.com"
        revision("..2026_two", "two@example.com")
        (tmp_path / "..data_tmp").symlink_to("..2026_two")
        (tmp_path / "..data_tmp").replace(tmp_path / "..data")
        await _eventually(lambda: watched.emails["j.devries"] == "two@example.com")
        assert [result.succeeded for result in watched.results] == [True, True]
    finally:
        await watched.store.stop()


async def test_included_files_and_secrets_are_watched_too(watched: _Watched) -> None:
    content = bent("environments/O12345AA/credential", {"afas_token": {"file": "profit"}})
    (watched.folder / "profit").write_text(SECRET)
    (watched.folder / "tokens.yaml").write_text("tokens: []\n")
    watched.write({**content, "include": ["tokens.yaml"]})
    await _eventually(lambda: len(watched.results) == 2)
    (watched.folder / "profit").write_text("1" * 64)
    await _eventually(lambda: len(watched.results) == 3)
    entry = {"app_connector": "hours", "user": "m.jansen", "description": "x", "sha256": "cd" * 32}
    (watched.folder / "tokens.yaml").write_text(yaml.safe_dump({"tokens": [entry]}))
    await _eventually(lambda: watched.store.snapshot is not None and len(watched.store.snapshot.policy.tokens) == 2)
    versions = [result.version for result in watched.results]
    assert versions[0] == versions[1]  # the same token, now from a file
    assert len(set(versions)) == 3


async def test_a_request_reloads_even_if_no_file_changed(watched: _Watched) -> None:
    before = watched.store.snapshot
    watched.store.request_reload()
    await _eventually(lambda: len(watched.results) == 2, 0.5)
    assert watched.store.snapshot is not before
    assert watched.results[0].version == watched.results[1].version


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root reads every file")
async def test_a_file_that_may_be_read_again_is_read_again(watched: _Watched) -> None:
    watched.write(bent("users/j.devries/email", "new@example.com"))
    watched.config.chmod(0)
    await _eventually(lambda: watched.store.last_error is not None)
    watched.config.chmod(0o600)
    await _eventually(lambda: watched.store.last_error is None)


async def test_a_store_that_starts_with_a_bad_file_has_no_snapshot_until_it_is_mended(tmp_path: Path) -> None:
    watched = _Watched(tmp_path, tmp_path / "config.yaml")
    await watched.store.start()
    try:
        assert watched.store.snapshot is None
        assert watched.store.last_error is not None
        watched.write(SAMPLE)
        await _eventually(lambda: watched.store.snapshot is not None)
        assert watched.store.settings is not None
    finally:
        await watched.store.stop()


async def test_what_needs_a_restart_is_warned_of_and_not_applied(watched: _Watched) -> None:
    content = bent("listen", "127.0.0.1:9999")
    content |= {"limits": {"head": 2048}, "timeouts": {"idle": 1}, "trusted_proxies": ["192.0.2.1"], "admin": {"listen": "127.0.0.1:9998"}}
    content["users"]["j.devries"]["email"] = "new@example.com"
    watched.write(content)
    await _eventually(lambda: watched.emails["j.devries"] == "new@example.com")
    result = watched.results[-1]
    assert result.succeeded
    assert sorted(problem.path for problem in result.problems) == ["admin.listen", "limits", "listen", "timeouts", "trusted_proxies"]
    lines = watched.config.read_text().splitlines()
    for problem in result.problems:
        assert (problem.severity, problem.message) == ("warning", "was changed, which needs a restart to take effect")
        assert lines[problem.line - 1].strip().startswith(f"{problem.path.rpartition('.')[2]}:")
    assert watched.store.settings is not None
    assert watched.store.settings.listen == "127.0.0.1:8080"


async def test_keys_of_the_administration_api_come_and_go_without_a_restart(watched: _Watched) -> None:
    def keys() -> Mapping[str, AdminKey]:
        return watched.store.files.admin.keys if watched.store.files else {}

    assert keys() == {}
    watched.write(bent("admin/keys", {"console": {"sha256": "ab" * 32}, "script": {"sha256": "cd" * 32}}))
    await _eventually(lambda: keys().keys() == {"console", "script"})
    watched.write(bent("admin/keys", {"console": {"sha256": "ab" * 32, "read_only": True}}))
    await _eventually(lambda: keys() == {"console": AdminKey(sha256="ab" * 32, read_only=True)})
    assert all("restart" not in str(problem) for problem in watched.results[-1].problems)


async def test_neither_a_fault_while_loading_nor_one_in_a_callback_ends_the_watching(
    watched: _Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fault(*_: object) -> None:
        raise RuntimeError(SECRET)

    faults: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: faults.append(context))
    watched.store.on_result(fault)
    with monkeypatch.context() as patched:
        patched.setattr(reload, "conclude", fault)
        watched.store.request_reload()
        await _eventually(lambda: watched.store.last_error is not None)
    assert watched.store.last_error is not None
    assert "a fault of the sidecar itself while loading: RuntimeError" in str(watched.store.last_error.problems[0])
    assert SECRET not in repr(watched.store.last_error)
    watched.write(bent("users/j.devries/email", "new@example.com"))
    await _eventually(lambda: watched.emails["j.devries"] == "new@example.com")
    assert len(faults) == 2


async def test_a_stopped_store_keeps_its_snapshot_and_watches_no_longer(watched: _Watched) -> None:
    await watched.store.stop()
    watched.write(bent("users/j.devries/email", "new@example.com"))
    await asyncio.sleep(0.6)
    assert watched.emails["j.devries"] == "j.devries@example.com"
    await watched.store.stop()
