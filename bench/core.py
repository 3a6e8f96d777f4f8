"""The main table: the sidecar and everyone else at the same work, with answers of 2 KB and of 200 KB."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bench import work
from bench.arena import Arena, LeftOut
from bench.peers.peer import Kind, Peer
from bench.rounds import Contender, Row, row_of, take_turns
from bench.under_test import sidecar
from bench.wrk import Calls

REPEATED = "sidecar, repeated calls"


@dataclass(frozen=True, slots=True)
class Effort:
    """Rounds and whole seconds of each, for both sizes of answers."""

    rounds: int
    seconds: int
    rounds_large: int
    seconds_large: int


QUICK = Effort(4, 1, 1, 1)
FULL = Effort(9, 2, 3, 2)


@dataclass(frozen=True, slots=True)
class CoreTables:
    """Rows for answers of 2 KB and of 200 KB."""

    small: Sequence[Row]
    large: Sequence[Row]


def measure_core(arena: Arena, peers: Sequence[Peer]) -> CoreTables:
    """Check all, then measure those who passed, in turns."""
    effort = QUICK if arena.quick else FULL
    small = Calls(arena.callers, least=work.ANSWER_BYTES[work.HOURS])
    contenders = [*_bring_in(arena, [sidecar(), *peers], small)]
    try:
        tables = []
        large = Calls(arena.callers, work.target_of(work.EMPLOYEES), least=work.ANSWER_BYTES[work.EMPLOYEES])
        for calls, rounds, seconds in ((small, effort.rounds, effort.seconds), (large, effort.rounds_large, effort.seconds_large)):
            running = [
                Contender(name, each.kind, each.started, each.port, replace(calls, repeated=repeated))
                for each in contenders
                for name, repeated in ([(each.name, False), (REPEATED, True)] if each.kind is Kind.SIDECAR else [(each.name, False)])
            ]
            take_turns(running, rounds, seconds, arena.stage.cores.load, arena.tell)
            for each in running:
                if each.failed:
                    arena.left_out[each.name] = each.failed
            tables.append([row_of(each) for each in running if each.samples and not each.failed])
        return CoreTables(*tables)
    finally:
        for each in contenders:
            arena.close(each)


def _bring_in(arena: Arena, peers: Sequence[Peer], calls: Calls) -> list[Contender]:
    contenders = []
    for peer in peers:
        try:
            arena.check(peer)
            contenders.append(arena.open(peer, calls))
        except LeftOut as reason:
            arena.left_out[peer.name] = str(reason)
    return contenders
