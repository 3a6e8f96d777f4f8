"""The directory on both databases: asked for once and together, remembered within bounds, forgotten with every change."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from structlog.testing import capture_logs

from sidecar.database.asking import Answer
from sidecar.database.database import Database
from sidecar.database.question import MOST_AT_ONCE, Question
from sidecar.database.unavailable import Unavailable
from sidecar.policy_database import directory as room
from sidecar.policy_database.directory import Directory
from sidecar.policy_database.revision import Revision
from tests.policy_database.stage import put, revision, run
from tests.settings.sample import SAMPLE, SHA256

DIGEST = bytes.fromhex(SHA256)
RENAME = "UPDATE policy_groups SET all_users = NOT all_users WHERE name = 'consultancy'"


class CountingDatabase(Database):
    """Counts questions, and how many keys the longest one had."""

    questions = 0
    most_keys = 0

    async def ask(self, question: Question, keys: Sequence[Any]) -> Answer:
        self.questions += 1
        self.most_keys = max(self.most_keys, len(keys))
        return await super().ask(question, keys)


class Stage:
    """A directory, and the watch in the test's own hands."""

    def __init__(self, url: str) -> None:
        self.database = CountingDatabase(url)
        self.woken = asyncio.Event()
        self.directory = Directory(self.database, self.woken.set)

    async def hear(self) -> Revision:
        """What the watch does when it finds that something has changed."""
        now = await revision(self.database)
        self.directory.adopt(now)
        return now

    async def names(self) -> str | None:
        """Whom the sample's token proves."""
        found = await self.directory.token(DIGEST)
        return None if found is None else found[0].user


@pytest.fixture
async def stage(migrated: str) -> AsyncIterator[Stage]:
    stage = Stage(migrated)
    await put(stage.database, SAMPLE)
    await stage.hear()
    yield stage
    await stage.directory.close()
    await stage.database.close()


async def test_whoever_was_found_is_remembered(stage: Stage) -> None:
    directory = stage.directory
    for _ in range(3):
        assert await stage.names() == "j.devries"
        user = await directory.user("m.jansen")
        assert user is not None
        assert await directory.user_by_email(user.email.upper()) == user
        assert await directory.token(bytes(32)) is None
        assert await directory.user("nobody") is None
        assert await directory.user_by_email("nobody@example.com") is None
        for nonsense in ("", "a\0", "\ud800", "x" * 5_000):
            assert await directory.user(nonsense) is None
            assert await directory.user_by_email(nonsense) is None
    assert stage.database.questions == 6
    assert (directory.remembered, directory.absent) == (3, 3)
    assert directory.remembered_user("m.jansen") == user
    assert directory.remembered_user_by_email("M.Jansen@example.com") == user


async def test_those_who_come_together_are_asked_for_together(stage: Stage) -> None:
    found = await asyncio.gather(
        *(stage.directory.token(DIGEST) for _ in range(50)), *(stage.directory.token(bytes(32)) for _ in range(50))
    )
    assert found == [found[0]] * 50 + [None] * 50
    assert stage.database.questions == 1


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM policy_tokens",
        "DELETE FROM policy_users WHERE name = 'j.devries'",
        "UPDATE policy_tokens SET digest = CAST('{:032}' AS {blob})",
    ],
)
async def test_what_was_taken_away_is_forgotten_with_the_next_word_of_it(stage: Stage, migrated: str, statement: str) -> None:
    assert await stage.names() == "j.devries"
    blob = "BYTEA" if migrated.startswith("postgresql") else "BLOB"
    await run(stage.database, statement.replace("{:032}", "7" * 32).replace("{blob}", blob))
    assert await stage.names() == "j.devries"  # nobody has heard of it
    epoch = stage.directory.epoch
    await stage.hear()
    assert stage.directory.epoch != epoch
    assert stage.directory.remembered_token(DIGEST) is None
    assert await stage.names() is None


async def test_a_look_up_that_sees_a_change_before_the_watch_forgets_what_was_before_it(stage: Stage) -> None:
    assert await stage.names() == "j.devries"
    await run(stage.database, "UPDATE policy_users SET blocked = true")
    user = await stage.directory.user("m.jansen")
    assert user is not None
    assert user.blocked
    found = await stage.directory.token(DIGEST)
    assert found is not None
    assert found[1] is not None
    assert found[1].blocked


async def test_under_newer_rights_the_watch_is_woken_and_waited_for(stage: Stage) -> None:
    await run(stage.database, RENAME)
    asked = asyncio.create_task(stage.names())
    await stage.woken.wait()
    assert not asked.done()
    await stage.hear()
    assert await asked == "j.devries"


async def test_rights_that_can_not_be_used_stand_in_nobodys_way(stage: Stage) -> None:
    before = await revision(stage.database)
    await run(stage.database, RENAME)
    now = await revision(stage.database)
    stage.directory.adopt(Revision(before.rights, now.users, now.tokens), now.rights)
    assert await stage.names() == "j.devries"
    await run(stage.database, RENAME)  # but those after them do
    asked = asyncio.create_task(stage.directory.user("m.jansen"))
    await stage.woken.wait()
    await stage.hear()
    assert await asked is not None


async def test_other_rights_alone_let_nothing_be_forgotten(stage: Stage) -> None:
    assert await stage.names() == "j.devries"
    await run(stage.database, RENAME)
    await stage.hear()
    assert await stage.names() == "j.devries"
    assert stage.database.questions == 1


async def test_who_waits_for_rights_in_vain_is_told(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "_SECONDS_FOR_RIGHTS", 0.01)
    await run(stage.database, RENAME)
    with pytest.raises(Unavailable):
        await stage.names()
    await stage.hear()
    assert await stage.names() == "j.devries"


async def test_before_anything_was_adopted_nobody_is_known(migrated: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "_SECONDS_FOR_RIGHTS", 0.01)
    stage = Stage(migrated)
    await put(stage.database, SAMPLE)
    with pytest.raises(Unavailable):
        await stage.names()
    await stage.directory.close()
    await stage.database.close()


async def test_a_flood_of_made_up_tokens_has_bounds_and_pushes_nobody_out(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "_MOST_WAITING", 2_000)
    assert await stage.names() == "j.devries"
    directory, made_up = stage.directory, iter(range(1, 1_000_000))
    for kind in directory._kinds:
        kind.remembered._most_absent = 3_000
    turned_away = 0
    for _ in range(4):
        flood = (directory.token(next(made_up).to_bytes(32)) for _ in range(2_500))
        answers = await asyncio.gather(*flood, return_exceptions=True)
        turned_away += sum(isinstance(answer, Unavailable) for answer in answers)
        assert all(answer is None or isinstance(answer, Unavailable) for answer in answers)
    assert turned_away == 4 * 500
    assert stage.database.most_keys <= MOST_AT_ONCE
    assert stage.database.questions <= 1 + 4 * 5
    assert directory.absent <= 3_000
    assert directory.remembered == 1
    before = stage.database.questions
    assert await stage.names() == "j.devries"
    assert stage.database.questions == before


async def test_of_those_who_are_there_the_last_are_remembered(stage: Stage) -> None:
    stage.directory._users.remembered._most = 2
    values = ", ".join(f"('user{number}')" for number in range(5))
    await run(stage.database, f"INSERT INTO policy_users (name) VALUES {values}")  # noqa: S608
    await stage.hear()
    for number in (0, 1, 0, 2):
        assert await stage.directory.user(f"user{number}") is not None
    assert [stage.directory.remembered_user(f"user{number}") is not None for number in range(3)] == [True, False, True]


async def test_a_row_that_makes_no_sense_is_counted_and_told_once(stage: Stage) -> None:
    await run(stage.database, "UPDATE policy_users SET attributes = '7' WHERE name = 'j.devries'")
    with capture_logs() as told:
        for _ in range(3):
            assert await stage.directory.user("j.devries") is None
            found = await stage.directory.token(DIGEST)
            assert found is not None
            assert found[1] is None
    assert stage.directory.unsound == 2
    assert [(each["log_level"], each["problem"]) for each in told] == [("error", "user `j.devries` can't be read")] * 2


async def test_who_is_named_is_asked_for_each_time_in_the_same_questions(stage: Stage) -> None:
    for names, address in (
        (["j.devries", "j.devries"], "j.devries"),
        (["nobody", "else"], "nobody@example.com"),
        (["", "\0"], "\ud800"),
    ):
        for _ in range(2):
            before = stage.database.questions
            await stage.directory.named(names, address)
            assert stage.database.questions == before + 2
    [by_name, other], by_email = await stage.directory.named(["j.devries", "nobody"], "M.Jansen@example.com")
    assert by_name is not None
    assert other is None
    assert by_email is not None
    assert (by_name.name, by_email.name) == ("j.devries", "m.jansen")


async def test_without_an_answer_everybody_is_told_and_the_next_is_asked_for_again(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fails(_question: object, _keys: object) -> Answer:
        await asyncio.sleep(0)
        raise ZeroDivisionError  # whatever it is

    monkeypatch.setattr(stage.database, "ask", fails)
    answers = await asyncio.gather(*(stage.directory.token(bytes([number]) * 32) for number in range(9)), return_exceptions=True)
    assert [type(answer) for answer in answers] == [Unavailable] * 9
    monkeypatch.undo()
    assert await stage.names() == "j.devries"


async def test_whoever_goes_away_takes_no_answer_from_others(stage: Stage) -> None:
    first, second = (asyncio.create_task(stage.names()) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    assert await second == "j.devries"


async def test_what_was_asked_of_another_database_is_asked_again(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its numbers may be the same."""
    ask, asked, go_on = stage.database.ask, asyncio.Event(), asyncio.Event()

    async def slowly(question: Question, keys: Sequence[Any]) -> Answer:
        rows = await ask(question, keys)
        asked.set()
        await go_on.wait()
        return rows

    monkeypatch.setattr(stage.database, "ask", slowly)
    first = asyncio.create_task(stage.names())
    await asked.wait()
    before = await revision(stage.database)
    await run(stage.database, "DELETE FROM policy_tokens")
    numbers = {"users": before.users, "tokens": before.tokens}
    await run(stage.database, *(f"UPDATE policy_revisions SET number = {each} WHERE part = '{part}'" for part, each in numbers.items()))  # noqa: S608
    stage.directory.start_over()
    await stage.hear()
    go_on.set()
    assert await first is None


async def test_a_closed_directory_knows_nobody(stage: Stage) -> None:
    assert await stage.names() == "j.devries"
    waiting = asyncio.create_task(stage.directory.user("m.jansen"))
    await asyncio.sleep(0)
    await stage.directory.close()
    with pytest.raises(Unavailable):
        await waiting
    assert stage.directory.remembered_token(DIGEST) is None
    with pytest.raises(Unavailable):
        await stage.names()
