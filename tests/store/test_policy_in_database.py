"""Policy from a database: a change by anybody is in force soon, half of one never, and a database that is silent for too long ends it."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from sidecar.database.database import Database
from sidecar.database.unavailable import Unavailable
from sidecar.errors import Reason
from sidecar.policy_database.migrate import migrate
from sidecar.policy_database.tables import PARTS
from sidecar.store import policy_watch
from sidecar.store.loading import load_all
from sidecar.store.reload import PolicyStore
from tests.databases import opened, sqlite_in
from tests.policy_database.configurations import FULL
from tests.policy_database.stage import put, run
from tests.settings.sample import ENVIRON, NOW, SAMPLE, load_content
from tests.store.policy_in_database import configured, in_database
from tests.store.watched import BLOCK, Watched, eventually

NONSENSE = "UPDATE policy_filters SET expression = 'department like' WHERE group_name = 'consultancy'"
SENSE = "UPDATE policy_filters SET expression = 'department = ''CONS''' WHERE group_name = 'consultancy'"
UNKNOWN_ENVIRONMENT = "UPDATE policy_app_connectors SET environment = 'O99999ZZ' WHERE name = 'hours'"
FIRST_ENVIRONMENT = "UPDATE policy_app_connectors SET environment = 'O12345AA' WHERE name = 'hours'"


@pytest.fixture
async def watched(empty: str, tmp_path: Path) -> AsyncIterator[Watched]:
    each = Watched(await in_database(tmp_path, empty, SAMPLE), empty)
    await each.store.start()
    yield each
    await each.store.stop()


class Away:
    """The database gives no answer, as long as this is so."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.is_away = True
        for name in ("read_revision", "read_rights"):
            patch.setattr(policy_watch, name, self._or(getattr(policy_watch, name)))

    def _or(self, ask: Any) -> Any:
        async def asked(database: Database) -> Any:
            return await ask(Silent() if self.is_away else database)

        return asked


class Silent:
    """A database that never answers."""

    def looking(self) -> Any:
        raise Unavailable("OSError")

    snapshot = looking


async def test_what_is_in_memory_is_what_files_would_have_said_but_for_users_and_tokens(tmp_path: Path, empty: str) -> None:
    config = await in_database(tmp_path, empty, FULL)
    loaded = await load_all([config], ENVIRON, NOW)
    assert loaded.snapshot is not None
    (tmp_path / "files").mkdir()
    in_files = load_content(tmp_path / "files", FULL)
    assert in_files.snapshot is not None
    policy, other = loaded.snapshot.policy, in_files.snapshot.policy
    assert policy.app_connectors == other.app_connectors
    assert policy.filter_types == other.filter_types
    assert (policy.users, policy.tokens) == ({}, {})
    assert loaded.snapshot.environments == in_files.snapshot.environments
    assert loaded.snapshot.policy.of_all == in_files.snapshot.policy.of_all
    assert loaded.snapshot.revision is not None


async def test_there_is_no_advice_on_users_who_are_not_in_memory(tmp_path: Path, empty: str) -> None:
    assert (await load_all([await in_database(tmp_path, empty, SAMPLE)], ENVIRON, NOW)).problems == ()


async def test_the_version_is_that_of_the_rights(watched: Watched) -> None:
    first = watched.results[0].version
    await watched.by_hand("INSERT INTO policy_users (name) VALUES ('new')", "DELETE FROM policy_tokens")
    await watched.by_hand("INSERT INTO policy_groups (name, all_users) VALUES ('all of them', true)")
    await eventually(lambda: len(watched.results) == 2)
    await watched.by_hand("DELETE FROM policy_groups WHERE name = 'all of them'")
    await eventually(lambda: len(watched.results) == 3)
    assert watched.results[1].version != first
    assert watched.results[2].version == first


async def test_a_change_by_hand_is_in_force_soon(watched: Watched) -> None:
    assert not watched.blocked
    await watched.by_hand(BLOCK)
    await eventually(lambda: watched.blocked)
    assert [result.succeeded for result in watched.results] == [True, True]


async def test_a_change_of_users_makes_no_new_snapshot_and_is_heard_of(watched: Watched) -> None:
    watch, before = watched.store.watch, watched.store.snapshot
    assert watch is not None
    assert watch.revision is not None
    users = watch.revision.users
    await watched.by_hand("UPDATE policy_users SET blocked = true")
    await eventually(lambda: watch.revision is not None and watch.revision.users > users)
    assert watched.store.snapshot is before
    assert len(watched.results) == 1


async def test_a_change_is_in_force_soon_though_nobody_is_notified(watched: Watched) -> None:
    if not watched.url.startswith("postgresql"):
        pytest.skip("SQLite notifies nobody anyway")
    assert watched.store.watch is not None
    await eventually(lambda: watched.store.watch is not None and watched.store.watch.listening)
    silent = (
        "CREATE OR REPLACE FUNCTION policy_revise() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "UPDATE policy_revisions SET number = number + 1 WHERE part = TG_ARGV[0]; RETURN NULL; END $$"
    )
    await watched.by_hand(silent, BLOCK)
    await eventually(lambda: watched.blocked)


async def test_a_notification_makes_the_next_look_come_at_once(empty: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not empty.startswith("postgresql"):
        pytest.skip("SQLite notifies nobody")
    monkeypatch.setitem(policy_watch.POLL_SECONDS, "postgresql", 3_600.0)
    watched = Watched(await in_database(tmp_path, empty, SAMPLE), empty)
    await watched.store.start()
    try:
        await eventually(lambda: watched.store.watch is not None and watched.store.watch.listening)
        await watched.by_hand(BLOCK)
        await eventually(lambda: watched.blocked)
    finally:
        await watched.store.stop()


async def test_connections_that_the_server_ends_are_made_anew(watched: Watched) -> None:
    watch = watched.store.watch
    assert watch is not None
    if watch.kind != "postgresql":
        pytest.skip("SQLite has no connections")
    await eventually(lambda: watch.listening)
    ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    await watched.by_hand(ended)
    await eventually(lambda: not watch.listening)
    await watched.by_hand(BLOCK)
    await eventually(lambda: watched.blocked)
    await eventually(lambda: watch.listening)


async def test_a_bad_policy_in_the_database_changes_nothing_and_is_told(watched: Watched) -> None:
    before = watched.store.snapshot
    await watched.by_hand(NONSENSE)
    await eventually(lambda: watched.store.last_error is not None)
    assert watched.store.snapshot is before
    assert watched.store.last_error is not None
    (problem,) = watched.store.last_error.problems
    assert (problem.place, problem.path) == ("policy.database", "filter_types.department.filters.consultancy")
    await watched.by_hand(SENSE)
    await eventually(lambda: watched.store.last_error is None)
    assert watched.store.snapshot is not before


async def test_a_row_that_makes_no_sense_changes_nothing_and_is_told(watched: Watched) -> None:
    before = watched.store.snapshot
    await watched.by_hand("""UPDATE policy_filter_connectors SET fields = '["department"]'""")
    await eventually(lambda: watched.store.last_error is not None)
    assert watched.store.snapshot is before


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE policy_filter_connectors SET fields = '{'",
        "UPDATE policy_filter_connectors SET fields = printf('%.*c', 50000, '[')",
        "UPDATE policy_app_connectors SET valid_until = 'some day'",
        "UPDATE policy_app_connectors SET valid_until = '9999-12-31 23\\:59\\:59-12\\:00'",
        "UPDATE policy_app_connectors SET blocked = 'off'",
        "UPDATE policy_get_connectors SET unfiltered = 'false'",
        "UPDATE policy_groups SET all_users = 'no' WHERE name <> 'everyone'",
        "UPDATE policy_update_connectors SET may_delete = 2",
    ],
)
async def test_a_column_that_can_not_be_read_changes_nothing_and_is_told(watched: Watched, statement: str) -> None:
    """What SQLite keeps as a text is neither yes nor no, whatever the text is: Python takes `false` for true."""
    if watched.url.startswith("postgresql"):
        pytest.skip("PostgreSQL keeps such things out")
    before = watched.store.snapshot
    await watched.by_hand(statement)
    await eventually(lambda: watched.store.last_error is not None)
    assert watched.store.snapshot is before
    assert watched.store.last_error is not None
    assert [each.message for each in watched.store.last_error.problems] == ["holds a row that can't be read"]


@pytest.mark.parametrize("moment", ["infinity", "20000-01-01"])
async def test_a_moment_beyond_all_calendars_holds_up_no_change(watched: Watched, moment: str) -> None:
    if watched.url.startswith("sqlite"):
        pytest.skip("SQLite has texts only")
    await watched.by_hand(f"UPDATE policy_app_connectors SET valid_until = '{moment}'", BLOCK)  # noqa: S608
    await eventually(lambda: watched.blocked)


async def test_a_bad_file_holds_up_no_change_of_the_database_and_the_other_way_round(watched: Watched) -> None:
    good = watched.config.read_text()
    watched.config.write_text("policy: [\n")
    await eventually(lambda: watched.store.last_error is not None)
    await watched.by_hand(BLOCK)
    await eventually(lambda: watched.blocked)
    assert watched.store.last_error is not None
    watched.config.write_text(good)
    await eventually(lambda: watched.store.last_error is None)
    await watched.by_hand(NONSENSE)
    await eventually(lambda: watched.store.last_error is not None)
    watched.config.write_text(good.replace("backend.example", "other.example"))
    await eventually(lambda: watched.store.snapshot is not None and "other.example" in watched.store.snapshot.environments["O12345AA"].rest)
    assert watched.store.last_error is not None


async def test_a_change_that_needs_both_comes_into_force_with_the_second(watched: Watched) -> None:
    content = yaml.safe_load(watched.config.read_text())
    content["environments"]["O99999ZZ"] = content["environments"].pop("O12345AA")
    watched.config.write_text(yaml.safe_dump(content))
    await eventually(lambda: watched.store.last_error is not None)
    await watched.by_hand(UNKNOWN_ENVIRONMENT)
    await eventually(lambda: watched.store.last_error is None)
    assert watched.store.snapshot is not None
    assert watched.store.snapshot.policy.app_connectors["hours"].environment == "O99999ZZ"


async def test_the_database_is_away_at_the_start_and_comes(tmp_path: Path, empty: str, monkeypatch: pytest.MonkeyPatch) -> None:
    watched = Watched(await in_database(tmp_path, empty, SAMPLE), empty)
    database = Away(monkeypatch)
    await watched.store.start()
    try:
        assert (watched.store.snapshot, watched.store.waits) == (None, True)
        assert watched.store.why_none is Reason.POLICY_UNAVAILABLE
        assert watched.store.settings is not None
        (problem,) = watched.results[0].problems
        assert (problem.path, problem.message) == ("policy.database", "gives no answer (OSError)")
        database.is_away = False
        await eventually(lambda: watched.store.snapshot is not None)
        assert (watched.store.waits, watched.results[-1].succeeded) == (False, True)
    finally:
        await watched.store.stop()


async def test_the_last_good_policy_counts_until_the_database_was_away_for_too_long(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = watched.store.snapshot
    database = Away(monkeypatch)
    await eventually(lambda: watched.store.watch is not None and watched.store.watch.problem is not None)
    watched.clock.ahead = 850.0
    await asyncio.sleep(0.5)
    assert watched.store.snapshot is before
    watched.clock.ahead = 900.0
    await eventually(lambda: watched.store.snapshot is None)
    assert watched.store.why_none is Reason.POLICY_STALE
    assert watched.store.is_stale
    database.is_away = False
    await eventually(lambda: watched.store.snapshot is not None)
    assert watched.store.snapshot is not None
    assert before is not None
    assert watched.store.snapshot.policy == before.policy
    assert not watched.store.is_stale


async def test_what_was_put_in_its_place_while_nobody_heard_it_counts_though_its_numbers_are_the_same(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with a backup that is brought back, and changed as often since as what it replaces."""
    watch = watched.store.watch
    assert watch is not None
    assert watch.directory is not None
    assert await watch.directory.user("j.devries") is not None
    database = Away(monkeypatch)
    await eventually(lambda: watch.problem is not None)
    gone = "DELETE FROM policy_users WHERE name = 'j.devries'"
    back = [f"UPDATE policy_revisions SET number = {getattr(watch.revision, part)} WHERE part = '{part}'" for part in PARTS]  # noqa: S608
    await watched.by_hand(BLOCK, gone, *back)
    database.is_away = False
    await eventually(lambda: watched.blocked)
    assert await watch.directory.user("j.devries") is None


async def test_what_was_changed_meanwhile_is_in_force_before_anybody_is_served_again(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = Away(monkeypatch)
    watched.clock.ahead = 900.0
    await eventually(lambda: watched.store.snapshot is None)
    await watched.by_hand(BLOCK)
    seen: list[bool] = []
    watched.store.on_result(lambda _: seen.append(watched.store.snapshot is None))
    database.is_away = False
    await eventually(lambda: watched.store.snapshot is not None)
    assert watched.blocked
    assert seen == [True]  # the new one was there before it counted


async def test_how_long_may_be_changed_while_the_database_is_away(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    Away(monkeypatch)
    watched.clock.ahead = 60.0
    configured(watched.config.parent, watched.url, SAMPLE, max_staleness=30)
    await eventually(lambda: watched.store.snapshot is None)
    configured(watched.config.parent, watched.url, SAMPLE, max_staleness=3_600)
    await eventually(lambda: watched.store.snapshot is not None)


@pytest.mark.parametrize("others", [{}, {"listen": "127.0.0.1:1"}])
async def test_another_database_needs_a_restart(watched: Watched, others: dict[str, Any], tmp_path: Path) -> None:
    configured(tmp_path, sqlite_in(tmp_path), SAMPLE | others)
    await eventually(lambda: len(watched.results) == 2)
    assert watched.results[1].succeeded
    assert {each.path for each in watched.results[1].problems} == {"policy.database", *others}
    await watched.by_hand(BLOCK)
    await eventually(lambda: watched.blocked)


async def test_policy_that_moves_into_files_needs_a_restart(watched: Watched) -> None:
    before = watched.store.snapshot
    watched.config.write_text(yaml.safe_dump(SAMPLE))
    await eventually(lambda: watched.store.last_error is not None)
    assert watched.store.snapshot is before
    assert watched.store.last_error is not None
    assert [each.path for each in watched.store.last_error.problems] == ["policy"]


async def test_policy_that_moves_into_a_database_needs_a_restart(tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(yaml.safe_dump(SAMPLE))
    watched = Watched(config, "")
    await watched.store.start()
    try:
        before = watched.store.snapshot
        await in_database(tmp_path, sqlite_in(tmp_path), SAMPLE)
        await eventually(lambda: watched.store.last_error is not None)
        assert watched.store.snapshot is before
        assert watched.store.watch is None
    finally:
        await watched.store.stop()


async def test_a_database_without_tables_is_refused_with_the_remedy(tmp_path: Path, empty: str) -> None:
    if empty.startswith("sqlite"):
        Path(empty.removeprefix("sqlite:///")).touch()
    watched = Watched(configured(tmp_path, empty, SAMPLE), empty)
    await watched.store.start()
    try:
        assert not watched.store.waits
        assert watched.store.settings is None
        (problem,) = watched.results[0].problems
        assert problem.message == "has no tables of policy"
        assert "`sidecar db init`" in problem.remedy
        await migrate(empty)
        async with opened(empty) as database:
            await put(database, SAMPLE)
        await eventually(lambda: watched.store.snapshot is not None)
        assert watched.store.settings is not None
    finally:
        await watched.store.stop()


async def test_a_file_that_is_not_there_is_refused_and_not_made(tmp_path: Path) -> None:
    url = sqlite_in(tmp_path)
    loaded = await load_all([configured(tmp_path, url, SAMPLE)], ENVIRON, NOW)
    (problem,) = loaded.problems
    assert (problem.path, problem.message) == ("policy.database", "names a file that is not there")
    assert not Path(url.removeprefix("sqlite:///")).exists()


@pytest.mark.parametrize(
    ("version", "told"),
    [
        ("0001", "has tables of version 0001 where this sidecar needs"),
        ("9999", "has tables of version 9999, which this"),
    ],
)
async def test_tables_of_another_version_are_refused(tmp_path: Path, empty: str, version: str, told: str) -> None:
    config = await in_database(tmp_path, empty, SAMPLE)
    async with opened(empty) as database:
        await run(database, f"UPDATE policy_version SET version_num = '{version}'")  # noqa: S608
    (problem,) = (await load_all([config], ENVIRON, NOW)).problems
    assert problem.message.startswith(told)
    assert problem.remedy


async def test_tables_of_another_version_are_as_good_as_no_answer_later_on(watched: Watched) -> None:
    await watched.by_hand("UPDATE policy_version SET version_num = '9999'", BLOCK)
    await eventually(lambda: watched.store.watch is not None and watched.store.watch.problem is not None)
    assert not watched.blocked
    watched.clock.ahead = 900.0
    await eventually(lambda: watched.store.snapshot is None)
    assert watched.store.why_none is Reason.POLICY_STALE


async def test_what_is_wrong_in_the_files_is_told_though_the_database_is_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = sqlite_in(tmp_path)
    await in_database(tmp_path, url, SAMPLE)
    Away(monkeypatch)
    watched = Watched(configured(tmp_path, url, SAMPLE | {"limits": {"head": "much"}}), url)
    await watched.store.start()
    try:
        assert watched.store.settings is None
        assert {each.path for each in watched.results[0].problems} == {"limits.head", "policy.database"}
    finally:
        await watched.store.stop()


async def test_a_fault_of_our_own_does_not_pass_for_having_heard(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fault(*_: object) -> None:
        raise RuntimeError("secret")

    watch = watched.store.watch
    assert watch is not None
    with monkeypatch.context() as patched:
        patched.setattr(PolicyStore, "_take", fault)
        await watched.by_hand(BLOCK)
        await eventually(lambda: watch.problem is not None)
        assert watch.problem is not None
        assert watch.problem.message == "a fault of the sidecar itself: RuntimeError"
    await eventually(lambda: watched.blocked)
    assert watch.problem is None
