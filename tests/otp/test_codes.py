"""Any order of requests, guesses, waiting and redeeming, against a model that is small enough to be believed."""

import asyncio
import tempfile
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from sidecar.otp.result import ACCEPTED, NOT_ISSUED, Issued
from sidecar.otp.rules import Rules
from tests.otp.stage import CLAIM, USER, Stage, sqlite_in

RULES = Rules(most_tries=3, per_user=4, per_address=1_000_000)
DEVICES = st.sampled_from(["phone", "tablet"])
REPLICAS = st.integers(0, 1)


@dataclass
class Known:
    """What the model knows of a device's code."""

    code: str
    minute: int
    tries: int = 0


class Enrolling(RuleBasedStateMachine):
    """One user with two devices and two replicas; time goes by whole minutes, beginning with an hour."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = tempfile.TemporaryDirectory()
        self.stack = AsyncExitStack()
        self.stage = Stage(sqlite_in(Path(self.folder.name)))
        self.replicas = [self.runner.run(self.stack.enter_async_context(self.stage.replica(RULES, poll=60))) for _ in range(2)]
        self.minute = 0
        self.mails: list[int] = []  # the hour of each
        self.known: dict[str, Known] = {}
        self.dead: list[str] = []
        self.devices: set[str] = set()

    def teardown(self) -> None:
        self.runner.run(self.stack.aclose())
        self.runner.close()
        self.folder.cleanup()

    def living(self) -> dict[str, Known]:
        return {device: code for device, code in self.known.items() if self.minute - code.minute < 15 and code.tries < RULES.most_tries}

    def redeem(self, code: str, replica: int) -> bool:
        outcome = self.runner.run(self.replicas[replica].authority.redeem(CLAIM, code))
        assert isinstance(outcome, Issued) or outcome == NOT_ISSUED
        return isinstance(outcome, Issued)

    def spend(self) -> None:
        for code in self.living().values():
            code.tries += 1

    @rule(device=DEVICES, replica=REPLICAS)
    def request(self, device: str, replica: int) -> None:
        assert self.runner.run(self.replicas[replica].authority.request(CLAIM, device)) == ACCEPTED
        hour = self.minute // 60
        if self.mails.count(hour) < RULES.per_user:
            self.mails.append(hour)
            if device in self.known:
                self.dead.append(self.known[device].code)
            self.known[device] = Known(self.stage.letters[-1].code, self.minute)
        assert len(self.stage.letters) == len(self.mails)

    @rule(minutes=st.integers(1, 20))
    def wait(self, minutes: int) -> None:
        self.minute += minutes
        self.stage.wait(minutes=minutes)

    @rule(replica=REPLICAS)
    def guess_wrong(self, replica: int) -> None:
        codes = {code.code for code in self.known.values()}
        wrong = next(f"{number:08}" for number in range(3) if f"{number:08}" not in codes)
        assert not self.redeem(wrong, replica)
        self.spend()

    @precondition(lambda self: self.dead)
    @rule(replica=REPLICAS)
    def try_an_old_one(self, replica: int) -> None:
        if self.dead[-1] not in {code.code for code in self.known.values()}:
            assert not self.redeem(self.dead[-1], replica)
            self.spend()

    @precondition(lambda self: self.known)
    @rule(device=DEVICES, replica=REPLICAS)
    def use(self, device: str, replica: int) -> None:
        if device in self.known:
            lives = device in self.living()
            assert self.redeem(self.known[device].code, replica) is lives
            self.spend()
            if lives:
                self.devices.add(device)
                self.dead.append(self.known.pop(device).code)

    @invariant()
    def each_device_has_at_most_one_token(self) -> None:
        tokens = self.runner.run(self.replicas[0].authority.tokens_of(USER.name))
        assert sorted(token.description for token in tokens) == sorted(self.devices)


Enrolling.TestCase.settings = settings(max_examples=15, stateful_step_count=25)
test_codes_follow_the_model_in_any_order = Enrolling.TestCase
