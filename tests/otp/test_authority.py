"""Codes and tokens from the request to the revocation: who gets what, how often, and what nobody can tell."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import event, func, select

from sidecar.database.unavailable import Unavailable
from sidecar.errors import Reason, Refusal
from sidecar.identity.user_token import digest_of
from sidecar.otp.digests import DECOYS, Digests
from sidecar.otp.enrolment import Claim, enrolments_of
from sidecar.otp.happening import Happening, Operation, Outcome
from sidecar.otp.result import ACCEPTED, NOT_ISSUED, Issued, Throttled
from sidecar.otp.rules import Rules
from sidecar.otp.schema import codes, limits, metadata, tokens
from tests.otp.stage import CLAIM, ENROLMENT, ENROLMENTS, HOURS, POLICY, RULES, USER, Replica, Stage


async def enrolled(stage: Stage, replica: Replica, description: str = "phone") -> str:
    assert await replica.authority.request(CLAIM, description) == ACCEPTED
    issued = await replica.authority.redeem(CLAIM, stage.letters[-1].code)
    assert isinstance(issued, Issued)
    return issued.data


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10**8:08}"


async def rows(replica: Replica) -> dict[str, int]:
    async with replica.database.looking() as connection:
        return {
            table.name: (await connection.execute(select(func.count()).select_from(table))).scalar_one() for table in metadata.sorted_tables
        }


async def test_a_code_is_mailed_to_the_users_own_address_and_gives_a_token_once(stage: Stage, replica: Replica) -> None:
    assert await replica.authority.request(CLAIM, "phone") == ACCEPTED
    (letter,) = stage.letters
    assert letter.email == USER.email
    assert len(letter.code) == 8
    assert letter.code.isdecimal()
    issued = await replica.authority.redeem(CLAIM, letter.code)
    assert isinstance(issued, Issued)
    assert len(bytes.fromhex(issued.data)) == 32
    assert await replica.authority.redeem(CLAIM, letter.code) == NOT_ISSUED
    token = await replica.issued.find(digest_of(issued.data))
    assert token is not None
    assert (token.environment, token.app_connector, token.user, token.description) == ("O12345AA", "hours", "j.devries", "phone")
    assert token.expires == stage.now + RULES.token_lifetime


async def test_neither_code_nor_token_is_written_anywhere(stage: Stage, replica: Replica) -> None:
    data = await enrolled(stage, replica)
    await replica.authority.request(CLAIM)
    seen = ""
    async with replica.database.looking() as connection:
        for table in metadata.sorted_tables:
            seen += repr((await connection.execute(select(table))).all())
    seen += repr(stage.letters) + repr(replica.happenings) + repr(Issued(data)) + repr(CLAIM)
    for secret in (data, *(letter.code for letter in stage.letters), CLAIM.api_key, CLAIM.environment_key):
        assert secret not in seen


async def test_a_code_is_no_good_for_another_user_or_with_other_keys(stage: Stage, replica: Replica) -> None:
    await replica.authority.request(CLAIM)
    code = stage.letters[0].code
    for claim in (replace(CLAIM, user_id="p.bakker"), replace(CLAIM, api_key="x"), replace(CLAIM, environment_key=CLAIM.api_key)):
        assert await replica.authority.redeem(claim, code) == NOT_ISSUED
    assert isinstance(await replica.authority.redeem(replace(CLAIM, user_id="J.deVries@example.com"), code), Issued)


@pytest.mark.parametrize("code", ["", "1234567", "123456789", "１２３４５６７８", "1234567\n", "a" * 10_000, "\ud800"])
async def test_what_is_no_code_gives_nothing(stage: Stage, replica: Replica, code: str) -> None:
    await replica.authority.request(CLAIM)
    assert await replica.authority.redeem(CLAIM, code) == NOT_ISSUED


async def test_after_five_tries_a_code_is_dead(stage: Stage, replica: Replica) -> None:
    await replica.authority.request(CLAIM)
    code = stage.letters[0].code
    for _ in range(RULES.most_tries):
        assert await replica.authority.redeem(CLAIM, wrong(code)) == NOT_ISSUED
    assert await replica.authority.redeem(CLAIM, code) == NOT_ISSUED
    assert await enrolled(stage, replica)


async def test_the_fifth_try_still_counts(stage: Stage, replica: Replica) -> None:
    await replica.authority.request(CLAIM)
    code = stage.letters[0].code
    for _ in range(RULES.most_tries - 1):
        await replica.authority.redeem(CLAIM, wrong(code))
    assert isinstance(await replica.authority.redeem(CLAIM, code), Issued)


async def test_tries_made_at_once_count_each(stage: Stage) -> None:
    async with stage.replica() as one, stage.replica() as other:
        await one.authority.request(CLAIM)
        code = stage.letters[0].code
        await asyncio.gather(*(each.authority.redeem(CLAIM, wrong(code)) for each in (one, other) * 3))
        assert await one.authority.redeem(CLAIM, code) == NOT_ISSUED


async def test_a_code_redeemed_at_once_in_many_places_gives_one_token(stage: Stage) -> None:
    async with AsyncExitStack() as stack:
        replicas = [await stack.enter_async_context(stage.replica(Rules(most_tries=10))) for _ in range(3)]
        for description in ("phone", "tablet"):
            await replicas[0].authority.request(CLAIM, description)
            code = stage.letters[-1].code
            outcomes = await asyncio.gather(*(replica.authority.redeem(CLAIM, code) for replica in replicas * 15))
            assert sum(isinstance(outcome, Issued) for outcome in outcomes) == 1
        assert len(await replicas[0].authority.tokens_of(USER.name)) == 2


async def test_a_code_dies_after_a_quarter_of_an_hour(stage: Stage, replica: Replica) -> None:
    await replica.authority.request(CLAIM)
    stage.wait(minutes=15)
    assert await replica.authority.redeem(CLAIM, stage.letters[0].code) == NOT_ISSUED
    await replica.authority.request(CLAIM)
    stage.wait(minutes=14, seconds=59)
    assert isinstance(await replica.authority.redeem(CLAIM, stage.letters[1].code), Issued)


async def test_another_request_for_a_device_replaces_its_code(stage: Stage, replica: Replica) -> None:
    await replica.authority.request(CLAIM, "phone")
    await replica.authority.request(CLAIM, "phone")
    first, second = (letter.code for letter in stage.letters)
    assert await replica.authority.redeem(CLAIM, first) == NOT_ISSUED or first == second
    assert isinstance(await replica.authority.redeem(CLAIM, second), Issued)


async def test_each_device_has_a_code_of_its_own_but_a_guess_is_one_at_all_of_them(stage: Stage, replica: Replica) -> None:
    await replica.authority.request(CLAIM, "phone")
    await replica.authority.request(CLAIM, "tablet")
    phone, tablet = (letter.code for letter in stage.letters)
    assert isinstance(await replica.authority.redeem(CLAIM, tablet), Issued)
    for _ in range(RULES.most_tries - 1):
        assert await replica.authority.redeem(CLAIM, wrong(phone)) == NOT_ISSUED
    assert await replica.authority.redeem(CLAIM, phone) == NOT_ISSUED
    assert [token.description for token in await replica.authority.tokens_of(USER.name)] == ["tablet"]


async def test_a_new_token_for_a_device_ends_the_old_one_and_no_other(stage: Stage, replica: Replica) -> None:
    old, other, unnamed = [await enrolled(stage, replica, name) for name in ("phone", "tablet", "")]
    new = await enrolled(stage, replica, "phone")
    second_unnamed = await enrolled(stage, replica, "")
    assert await replica.issued.find(digest_of(old)) is None
    for data in (other, unnamed, new, second_unnamed):
        assert await replica.issued.find(digest_of(data)) is not None


async def test_a_user_gets_few_mails_an_hour_whatever_name_he_goes_by(stage: Stage, replica: Replica) -> None:
    for number in range(20):
        claim = replace(CLAIM, user_id=(USER.name, USER.email)[number % 2], address=f"192.0.2.{number}")
        assert await replica.authority.request(claim, f"device {number}") == ACCEPTED
    assert len(stage.letters) == RULES.per_user
    assert replica.happenings[-1].outcome is Outcome.USER_LIMIT
    stage.wait(hours=1)
    await replica.authority.request(CLAIM)
    assert len(stage.letters) == RULES.per_user + 1


async def test_a_request_beyond_the_limit_leaves_the_last_code_alone(stage: Stage, replica: Replica) -> None:
    for _ in range(RULES.per_user + 1):
        await replica.authority.request(CLAIM, "phone")
    assert isinstance(await replica.authority.redeem(CLAIM, stage.letters[-1].code), Issued)


async def test_an_address_may_ask_so_often_and_hears_when_to_come_back(stage: Stage) -> None:
    stage.wait(minutes=50)
    async with stage.replica(Rules(per_address=3)) as replica:
        asked = [await replica.authority.request(replace(CLAIM, user_id=f"nobody {number}")) for number in range(4)]
        assert asked == [ACCEPTED] * 3 + [Throttled(600)]
        assert [await replica.authority.redeem(CLAIM, "00000000") for _ in range(4)] == [NOT_ISSUED] * 3 + [Throttled(600)]
        assert await replica.authority.request(replace(CLAIM, address="192.0.2.2")) == ACCEPTED


async def test_there_is_a_limit_to_all_mails_together(stage: Stage) -> None:
    async with stage.replica(Rules(mails_per_hour=1)) as replica:
        for user in ("nobody", "blocked", "j.devries", "p.bakker"):
            assert await replica.authority.request(replace(CLAIM, user_id=user)) == ACCEPTED
        assert [letter.user for letter in stage.letters] == ["j.devries"]
        assert replica.happenings[-1].outcome is Outcome.MAIL_LIMIT


NOT_MAILED = {
    "unknown": (replace(CLAIM, user_id="nobody"), Reason.USER_UNKNOWN),
    "blocked": (replace(CLAIM, user_id="blocked"), Reason.USER_BLOCKED),
    "not a member": (replace(CLAIM, user_id="outsider"), Reason.USER_NOT_MEMBER),
    "no application": (replace(CLAIM, user_id="idle"), Reason.USER_WITHOUT_APPLICATION),
    "no e-mail": (replace(CLAIM, user_id="nowhere"), Reason.USER_WITHOUT_EMAIL),
    "system user": (replace(CLAIM, user_id="machine"), Reason.USER_WITHOUT_EMAIL),
    "two addresses": (replace(CLAIM, user_id="list"), Reason.USER_WITHOUT_EMAIL),
    "whose address?": (replace(CLAIM, user_id="shared@example.com"), Reason.USER_UNKNOWN),
    "half a character": (replace(CLAIM, user_id="\ud800"), Reason.USER_UNKNOWN),
    "wrong keys": (replace(CLAIM, api_key="x"), Outcome.UNKNOWN_KEYS),
}


@pytest.mark.parametrize(("claim", "reason"), NOT_MAILED.values(), ids=NOT_MAILED)
async def test_nobody_can_tell_who_is_not_mailed(stage: Stage, replica: Replica, claim: Claim, reason: Reason | Outcome) -> None:
    spied = Spy(replica)
    assert await replica.authority.request(CLAIM, "phone") is await replica.authority.request(claim, "phone")
    of_member, of_claim = spied.halves()
    assert of_member == of_claim
    assert len(of_member) > 5
    assert len(stage.letters) == 1
    assert await replica.authority.redeem(CLAIM, wrong(stage.letters[0].code)) is await replica.authority.redeem(claim, "12345678")
    of_member, of_claim = spied.halves()
    assert of_member == of_claim
    assert [happening.outcome for happening in replica.happenings] == [Outcome.QUEUED, reason, Outcome.WRONG_CODE, reason]


async def test_nobody_can_tell_who_has_had_enough_mails(stage: Stage) -> None:
    async with stage.replica(Rules(per_user=1)) as replica:
        spied = Spy(replica)
        assert await replica.authority.request(CLAIM) is await replica.authority.request(CLAIM)
        first, second = spied.halves()
        assert first == second


class Spy:
    """Notes each statement and each digest: equal work is counted, not timed."""

    def __init__(self, replica: Replica) -> None:
        self.calls: list[str] = []
        event.listen(replica.database._writer.sync_engine, "before_cursor_execute", self._note_statement)
        event.listen(replica.database._writer.sync_engine, "commit", lambda _: self.calls.append("COMMIT"))
        digests = replica.authority._digests
        calls = self.calls

        class Counting(Digests):
            def _of(self, purpose: bytes, *parts: str | bytes) -> bytes:
                calls.append("digest")
                return digests._of(purpose, *parts)

        replica.authority._digests = Counting(b"x" * 32)

    def _note_statement(self, _connection: object, _cursor: object, statement: str, *_: object) -> None:
        self.calls.append(statement)

    def halves(self) -> tuple[list[str], list[str]]:
        half, odd = divmod(len(self.calls), 2)
        assert not odd
        taken, self.calls[:] = list(self.calls), []
        return taken[:half], taken[half:]


async def test_conditions_hold_when_the_code_is_used_as_well(stage: Stage, replica: Replica) -> None:
    await replica.authority.request(CLAIM)
    code = stage.letters[0].code
    for changed in (
        replace(POLICY, users={**POLICY.users, USER.name: replace(USER, blocked=True)}),
        replace(POLICY, users={**POLICY.users, USER.name: replace(USER, email="another@example.com")}),
        replace(POLICY, app_connectors={"hours": replace(HOURS, blocked=True)}),
        replace(POLICY, app_connectors={"hours": replace(HOURS, valid_until=stage.now)}),
        replace(POLICY, app_connectors={"hours": replace(HOURS, environment="another")}),
        replace(POLICY, app_connectors={}),
        replace(POLICY, users={}),
    ):
        stage.enrolments = enrolments_of(changed, [ENROLMENT])
        assert await replica.authority.redeem(CLAIM, code) == NOT_ISSUED
    stage.enrolments = ENROLMENTS
    assert isinstance(await replica.authority.redeem(CLAIM, code), Issued)


async def test_a_flood_of_made_up_users_leaves_a_bounded_number_of_rows(stage: Stage) -> None:
    async with stage.replica(Rules(per_address=10_000)) as replica:
        for number in range(60):
            await replica.authority.request(replace(CLAIM, user_id=f"nobody {number % 3}"), f"device {number}")
            await replica.authority.redeem(replace(CLAIM, user_id=f"nobody {number % 3}"), "12345678")
        counted = await rows(replica)
        assert counted[codes.name] <= 3 <= DECOYS
        assert counted[limits.name] <= 3 + 2 + 1
        assert counted[tokens.name] == 0


async def test_expired_rows_of_a_user_go_when_he_comes_again(stage: Stage, replica: Replica) -> None:
    await enrolled(stage, replica, "old phone")
    await replica.authority.request(CLAIM, "forgotten")
    stage.wait(days=366)
    await enrolled(stage, replica, "phone")
    counted = await rows(replica)
    assert (counted[codes.name], counted[tokens.name]) == (0, 1)


async def test_whoever_has_a_token_can_give_it_up(stage: Stage, replica: Replica) -> None:
    data, other = await enrolled(stage, replica, "phone"), await enrolled(stage, replica, "tablet")
    for _ in range(2):  # the second time it is unknown, and nobody is told
        await replica.authority.revoke(digest_of(data), "192.0.2.1")
    assert await replica.issued.find(digest_of(data)) is None
    assert await replica.issued.find(digest_of(other)) is not None
    assert replica.happenings[-2:] == [
        Happening(Operation.REVOKE, Outcome.REVOKED, "hours", "j.devries", "192.0.2.1", "phone"),
        Happening(Operation.REVOKE, Outcome.NOT_THERE, address="192.0.2.1"),
    ]


async def test_a_lost_phones_token_can_be_withdrawn_without_it(stage: Stage, replica: Replica) -> None:
    data = await enrolled(stage, replica, "phone")
    (token,) = await replica.authority.tokens_of(USER.name)
    await replica.authority.withdraw(token)
    assert await replica.issued.find(digest_of(data)) is None
    assert await replica.authority.tokens_of(USER.name) == []


async def test_codes_and_tokens_survive_a_restart(stage: Stage) -> None:
    async with stage.replica() as replica:
        data = await enrolled(stage, replica)
        await replica.authority.request(CLAIM, "tablet")
    stage.wait(minutes=5)
    async with stage.replica() as replica:
        assert await replica.issued.find(digest_of(data)) is not None
        assert isinstance(await replica.authority.redeem(CLAIM, stage.letters[-1].code), Issued)


@pytest.mark.parametrize("description", ["x" * 101, "two\nlines", "\u202egnp.exe", "nul\0"])
async def test_a_description_that_no_token_can_have_is_refused_whoever_asks(replica: Replica, description: str) -> None:
    for claim in (CLAIM, replace(CLAIM, user_id="nobody"), replace(CLAIM, api_key="x")):
        with pytest.raises(Refusal) as refused:
            await replica.authority.request(claim, description)
        assert refused.value.reason is Reason.BODY_MALFORMED


async def test_a_full_outbox_is_told_to_the_log_only(stage: Stage, replica: Replica) -> None:
    replica.authority._post = lambda _: False
    assert await replica.authority.request(CLAIM) is ACCEPTED
    assert replica.happenings[-1].outcome is Outcome.OUTBOX_FULL


async def test_without_database_nobody_gets_anything_and_all_alike(stage: Stage, replica: Replica) -> None:
    async with replica.database.writing() as connection:
        await connection.run_sync(metadata.drop_all)
    for claim in (CLAIM, replace(CLAIM, user_id="nobody"), replace(CLAIM, api_key="x")):
        with pytest.raises(Unavailable):
            await replica.authority.request(claim)
        with pytest.raises(Unavailable):
            await replica.authority.redeem(claim, "12345678")
    assert stage.letters == []


async def test_the_mail_says_how_long_the_code_lives(stage: Stage) -> None:
    async with stage.replica(Rules(code_lifetime=timedelta(minutes=7))) as replica:
        await replica.authority.request(CLAIM)
    (letter,) = stage.letters
    assert (letter.minutes, letter.expires) == (7, stage.now + timedelta(minutes=7))
