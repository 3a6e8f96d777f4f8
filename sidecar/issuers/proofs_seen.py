"""Proofs that were taken already: each counts once, also among processes that share the memory in which they stand. Bounded; where there is
no room, nobody is believed.

A table of buckets, each of some places: 16 bytes that stand for a proof, and until when it must be remembered.
"""

import mmap
import os
import struct
import tempfile
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from sidecar.errors import Reason, Refusal
from sidecar.identity.dpop_proof import AHEAD, OLDEST

_BUCKETS = 8_192
_PLACES = 32
_PLACE = struct.Struct("<16sd")
_KEPT = OLDEST + AHEAD
"""Seconds: the latest `iat` that is taken, until it is too old."""
_PATIENCE = 0.1
"""Seconds for a bucket that another process has, which needs it for some microseconds. One that was stopped meanwhile has it for longer."""


def new_shared_memory() -> int:
    """A descriptor for all processes to inherit; belongs to no file in any folder."""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("sidecar-proofs")
    else:
        with tempfile.TemporaryFile() as file:
            descriptor = os.dup(file.fileno())
    os.ftruncate(descriptor, _BUCKETS * _PLACES * _PLACE.size)
    return descriptor


class ProofsSeen:
    """Belongs to one event loop."""

    def __init__(self, shared: int | None = None, buckets: int = _BUCKETS) -> None:
        """:param shared: from `new_shared_memory`, inherited from who made it. Without it, proofs are this process's own."""
        self._buckets = buckets
        self._shared = shared
        size = buckets * _PLACES * _PLACE.size
        self._table = mmap.mmap(-1, size) if shared is None else mmap.mmap(shared, size)

    def take(self, proof: bytes, ticks: float) -> None:
        """Take a proof that was checked, by what stands for it: 32 bytes at random.

        :param ticks: seconds that only go forward, the same for all processes.
        :raises Refusal: DPOP_REPLAYED, or DPOP_PROOF where so many came that they can't be told apart any more.
        """
        known_by = proof[:16]
        bucket = int.from_bytes(proof[16:24]) % self._buckets
        begin = bucket * _PLACES * _PLACE.size
        with self._alone_with(bucket):
            free = None
            places = self._table[begin : begin + _PLACES * _PLACE.size]
            for number, (known, until) in enumerate(_PLACE.iter_unpack(places)):
                if until <= ticks:
                    free = number if free is None else free
                elif known == known_by:
                    raise Refusal(Reason.DPOP_REPLAYED)
            if free is None:
                raise Refusal(Reason.DPOP_PROOF, "too many proofs came within a minute", retry_after=1)
            _PLACE.pack_into(self._table, begin + free * _PLACE.size, known_by, ticks + _KEPT)

    def _alone_with(self, bucket: int) -> AbstractContextManager[None]:
        return nullcontext() if self._shared is None else _locked(self._shared, bucket)


@contextmanager
def _locked(descriptor: int, number: int) -> Iterator[None]:
    """The lock ends with the process, whatever becomes of it."""
    import fcntl  # POSIX's; elsewhere there is one process

    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, number)
            break
        except (BlockingIOError, PermissionError):
            if time.monotonic() > deadline:
                raise Refusal(Reason.DPOP_PROOF, "whether the proof was used before can't be said now", retry_after=1) from None
            time.sleep(0.0001)
    try:
        yield
    finally:
        fcntl.lockf(descriptor, fcntl.LOCK_UN, 1, number)
