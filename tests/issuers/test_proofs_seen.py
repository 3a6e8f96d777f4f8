"""A proof counts once, for as long as it would count at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.errors import Reason, Refusal
from sidecar.identity.dpop_proof import AHEAD, OLDEST
from sidecar.issuers.proofs_seen import ProofsSeen


def test_a_proof_is_taken_once_until_it_would_be_too_old_anyway() -> None:
    seen = ProofsSeen()
    seen.take(b"a", 100.0)
    for ticks in (100.0, 100.0 + OLDEST + AHEAD - 0.001):
        with pytest.raises(Refusal) as refused:
            seen.take(b"a", ticks)
        assert refused.value.reason is Reason.DPOP_REPLAYED
    seen.take(b"b", 100.0)
    seen.take(b"a", 100.0 + OLDEST + AHEAD)


def test_where_there_is_no_room_nobody_is_forgotten_and_nobody_believed() -> None:
    seen = ProofsSeen(most=3)
    for proof in (b"a", b"b", b"c"):
        seen.take(proof, 0.0)
    with pytest.raises(Refusal) as refused:
        seen.take(b"d", 1.0)
    assert (refused.value.reason, refused.value.retry_after) == (Reason.DPOP_PROOF, 1)
    with pytest.raises(Refusal) as refused:
        seen.take(b"a", 1.0)
    assert refused.value.reason is Reason.DPOP_REPLAYED
    seen.take(b"d", OLDEST + AHEAD)


@given(st.lists(st.tuples(st.sampled_from([b"a", b"b", b"c"]), st.floats(0, 40)), max_size=30))
def test_no_proof_is_taken_twice_within_its_time(steps: list[tuple[bytes, float]]) -> None:
    seen, ticks = ProofsSeen(), 0.0
    last: dict[bytes, float] = {}
    for proof, pause in steps:
        ticks += pause
        may = proof not in last or ticks >= last[proof] + OLDEST + AHEAD
        try:
            seen.take(proof, ticks)
        except Refusal:
            assert not may
        else:
            assert may
            last[proof] = ticks
