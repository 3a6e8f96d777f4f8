"""Letters that wait: sent in the background, tried again while it makes sense, and never more than there is room for."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from sidecar.otp import outbox as room
from sidecar.otp.happening import Happening, Operation, Outcome
from sidecar.otp.message import Letter
from sidecar.otp.outbox import Outbox, hesitation
from sidecar.otp.smtp import MailError
from tests.otp.stage import NOW
from tests.otp.test_smtp import LETTER


class Postman:
    """Fails as it is told, then delivers."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.tries = 0
        self.delivered: list[Letter] = []

    async def send(self, letter: Letter) -> None:
        self.tries += 1
        if self.failures:
            raise self.failures.pop(0)
        self.delivered.append(letter)


async def posted(postman: Postman, *letters: Letter, pauses: tuple[float, ...] = (0.0, 0.0)) -> list[Happening]:
    happenings: list[Happening] = []
    outbox = Outbox(postman.send, happenings.append, lambda: NOW, hesitate=lambda: 0.0, pauses=pauses)
    for letter in letters:
        assert outbox.put(letter)
    outbox.start()
    await outbox.stop()
    return happenings


PASSING, LASTING = MailError("SMTPServerDisconnected", lasting=False), MailError("SMTPRecipientsRefused 550", lasting=True)


async def test_a_passing_failure_is_tried_again() -> None:
    postman = Postman(PASSING, PASSING)
    assert await posted(postman, LETTER) == [Happening(Operation.MAIL, Outcome.MAILED, "hours", "j.devries")]
    assert postman.tries == 3


async def test_a_lasting_failure_is_not() -> None:
    postman = Postman(LASTING)
    (happening,) = await posted(postman, LETTER)
    assert (happening.outcome, happening.detail, postman.tries) == (Outcome.MAIL_FAILED, "SMTPRecipientsRefused 550", 1)


async def test_trying_ends() -> None:
    postman = Postman(*[PASSING] * 9)
    (happening,) = await posted(postman, LETTER)
    assert (happening.outcome, postman.tries) == (Outcome.MAIL_FAILED, 3)


async def test_no_code_is_sent_that_would_be_dead_on_arrival() -> None:
    postman = Postman(PASSING)
    (happening,) = await posted(postman, replace(LETTER, expires=NOW + timedelta(seconds=5)), pauses=(5.0,))
    assert (happening.outcome, postman.tries) == (Outcome.MAIL_FAILED, 1)


async def test_a_fault_of_ours_with_one_letter_does_not_stop_the_others_or_tell_the_code() -> None:
    postman = Postman(*[ZeroDivisionError("12345678")] * 6)
    happenings = await posted(postman, *[LETTER] * 10)
    assert [happening.outcome for happening in happenings].count(Outcome.MAILED) == 4
    assert "12345678" not in repr(happenings)
    assert "ZeroDivisionError" in repr(happenings)


async def test_there_is_room_for_so_many_letters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "MOST_LETTERS", 2)
    outbox = Outbox(Postman().send, lambda _: None, lambda: NOW)
    assert [outbox.put(LETTER) for _ in range(3)] == [True, True, False]


async def test_stopping_waits_so_long_and_no_longer() -> None:
    async def never(_: Letter) -> None:
        await asyncio.Event().wait()

    outbox = Outbox(never, lambda _: None, lambda: NOW, hesitate=lambda: 0.0)
    outbox.put(LETTER)
    outbox.start()
    async with asyncio.timeout(5):
        await outbox.stop(patience=0.05)


def test_the_moment_of_sending_is_left_to_chance() -> None:
    moments = {hesitation() for _ in range(50)}
    assert len(moments) > 10
    assert all(0 <= moment < 2 for moment in moments)
