"""A proof counts once, for as long as it would count at all, whichever process it is sent to."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.errors import Reason, Refusal
from sidecar.identity.dpop_proof import AHEAD, OLDEST
from sidecar.issuers.proofs_seen import ProofsSeen, new_shared_memory


def named(name: str) -> bytes:
    return hashlib.sha256(name.encode()).digest()


def reason_of(seen: ProofsSeen, proof: bytes, ticks: float) -> Reason | None:
    try:
        seen.take(proof, ticks)
    except Refusal as refusal:
        return refusal.reason
    return None


@pytest.fixture
def shared() -> Iterator[int]:
    descriptor = new_shared_memory()
    yield descriptor
    os.close(descriptor)


def test_a_proof_is_taken_once_until_it_would_be_too_old_anyway() -> None:
    seen = ProofsSeen()
    seen.take(named("a"), 100.0)
    for ticks in (100.0, 100.0 + OLDEST + AHEAD - 0.001):
        assert reason_of(seen, named("a"), ticks) is Reason.DPOP_REPLAYED
    seen.take(named("b"), 100.0)
    seen.take(named("a"), 100.0 + OLDEST + AHEAD)
    assert reason_of(seen, named("a"), 101.0 + OLDEST + AHEAD) is Reason.DPOP_REPLAYED


def test_where_there_is_no_room_nobody_is_forgotten_and_nobody_believed() -> None:
    seen = ProofsSeen(buckets=1)
    taken = [named(str(number)) for number in range(32)]
    for proof in taken:
        seen.take(proof, 0.0)
    with pytest.raises(Refusal) as refused:
        seen.take(named("more"), 1.0)
    assert (refused.value.reason, refused.value.retry_after) == (Reason.DPOP_PROOF, 1)
    assert {reason_of(seen, proof, 1.0) for proof in taken} == {Reason.DPOP_REPLAYED}
    seen.take(named("more"), OLDEST + AHEAD)


def test_there_is_room_for_a_thousand_a_second() -> None:
    seen = ProofsSeen()
    for number in range(70_000):
        seen.take(named(str(number)), 1.0)


@given(st.lists(st.tuples(st.sampled_from(["a", "b", "c"]), st.floats(0, 40)), max_size=30))
def test_no_proof_is_taken_twice_within_its_time(steps: list[tuple[str, float]]) -> None:
    seen, ticks = ProofsSeen(buckets=2), 1.0
    last: dict[str, float] = {}
    for name, pause in steps:
        ticks += pause
        may = name not in last or ticks >= last[name] + OLDEST + AHEAD
        assert (reason_of(seen, named(name), ticks) is None) is may
        if may:
            last[name] = ticks


def test_one_worker_knows_what_another_has_taken(shared: int) -> None:
    one, other = ProofsSeen(shared), ProofsSeen(shared)
    one.take(named("a"), 1.0)
    assert reason_of(other, named("a"), 2.0) is Reason.DPOP_REPLAYED
    other.take(named("b"), 2.0)
    assert reason_of(one, named("b"), 3.0) is Reason.DPOP_REPLAYED
    assert ProofsSeen().take(named("a"), 2.0) is None  # type: ignore[func-returns-value]


_WORKER = """
import hashlib, sys, time
from sidecar.errors import Refusal
from sidecar.issuers.proofs_seen import ProofsSeen
seen = ProofsSeen(int(sys.argv[1]))
sys.stdin.read(1)
taken = 0
for number in range(2000):
    try:
        seen.take(hashlib.sha256(b"%d" % number).digest(), 1.0)
        taken += 1
    except Refusal:
        pass
print(taken)
"""


def test_of_processes_that_are_sent_the_same_at_once_one_takes_each(shared: int) -> None:
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", _WORKER, str(shared)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, pass_fds=(shared,), text=True
        )
        for _ in range(3)
    ]
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("x")
        worker.stdin.flush()
    assert sum(int(worker.communicate(timeout=30)[0]) for worker in workers) == 2000


def test_while_another_process_has_the_bucket_nobody_is_believed(shared: int) -> None:
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import fcntl, sys; fcntl.lockf(int(sys.argv[1]), fcntl.LOCK_EX); print(1, flush=True); input()",
            str(shared),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        pass_fds=(shared,),
        text=True,
    )
    seen = ProofsSeen(shared)
    assert holder.stdout is not None
    holder.stdout.readline()
    assert reason_of(seen, named("a"), 1.0) is Reason.DPOP_PROOF
    holder.communicate("\n", timeout=30)
    assert reason_of(seen, named("a"), 1.0) is None
