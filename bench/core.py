"""The main tables: the sidecar and everyone else at the same work, with answers of 2 KB and of 200 KB, and with TLS to the backend."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bench import work
from bench.arena import Arena, LeftOut
from bench.peers import go_proxy_peer, nginx
from bench.peers.peer import Peer
from bench.rounds import Contender, Table, table_of, take_turns
from bench.under_test import knows_option, sidecar
from bench.wrk import Calls

HEADLINE = "sidecar"
NEW_VALUES = "sidecar, new filter values"
NEW_QUESTIONS = "sidecar, new questions"
REPEATED = "sidecar, repeated calls"
ON_ASYNCIO = "sidecar, plain asyncio"
TWO_WORKERS = "sidecar, 2 workers"
TLS = "sidecar, TLS to the backend"

_LARGE = (HEADLINE, nginx.FORWARDS.name, go_proxy_peer.GO.name)


@dataclass(frozen=True, slots=True)
class Effort:
    """Rounds and whole seconds of each, for small answers and for those of 200 KB."""

    rounds: int
    seconds: int
    rounds_large: int
    seconds_large: int


QUICK = Effort(4, 1, 2, 1)
FULL = Effort(9, 2, 5, 2)


@dataclass(frozen=True, slots=True)
class CoreTables:
    """For answers of 2 KB, of 200 KB, and of 2 KB with TLS to the backend."""

    small: Table
    large: Table
    tls: Table


def measure_core(arena: Arena, peers: Sequence[Peer]) -> CoreTables:
    """Check all, then measure those who passed, in turns."""
    effort = QUICK if arena.quick else FULL
    small = Calls(arena.callers, least=work.ANSWER_BYTES[work.HOURS])
    large = Calls(arena.callers, work.target_of(work.EMPLOYEES), least=work.ANSWER_BYTES[work.EMPLOYEES])
    contenders = _bring_in(arena, [*_sidecars(arena), *peers], small)
    try:
        tls = _bring_in(arena, [sidecar(TLS, tls=True), nginx.FORWARDS_TLS], small)
        contenders += tls
        plain = [each for each in contenders if each not in tls]
        return CoreTables(
            _table(arena, [way for each in plain for way in _ways(each)], effort.rounds, effort.seconds),
            _table(arena, [_with(each, large) for each in plain if each.name in _LARGE], effort.rounds_large, effort.seconds_large),
            _table(arena, tls, effort.rounds, effort.seconds),
        )
    finally:
        for each in contenders:
            arena.close(each)


def _sidecars(arena: Arena) -> list[Peer]:
    """The ways to run it that stand in the main table.

    Two workers have the one core of proxies like everyone else: that shows what sharing costs. What they gain is in the growth curve.
    """
    ways = [sidecar(HEADLINE), sidecar(ON_ASYNCIO, launch=("bench.on_asyncio",))]
    if knows_option("--workers"):
        ways.append(sidecar(TWO_WORKERS, options=("--workers", "2")))
    else:
        arena.left_out[TWO_WORKERS] = "this version of `sidecar run` has no --workers"
    return ways


def _ways(contender: Contender) -> list[Contender]:
    """The calls that are made to it. In the headline only paging differs from call to call."""
    if contender.name != HEADLINE:
        return [contender]
    return [
        contender,
        *(
            _with(contender, replace(contender.calls, target=before, after=after), name)
            for name, (before, after) in ((NEW_VALUES, work.NEW_VALUES), (NEW_QUESTIONS, work.NEW_QUESTIONS))
        ),
        _with(contender, replace(contender.calls, repeated=True), REPEATED),
    ]


def _with(contender: Contender, calls: Calls, name: str = "") -> Contender:
    return replace(contender, name=name or contender.name, calls=calls, samples=[])


def _table(arena: Arena, contenders: Sequence[Contender], rounds: int, seconds: int) -> Table:
    take_turns(contenders, rounds, seconds, arena.stage.cores.load, arena.tell)
    arena.left_out.update({each.name: each.failed for each in contenders if each.failed})
    return table_of(contenders)


def _bring_in(arena: Arena, peers: Sequence[Peer], calls: Calls) -> list[Contender]:
    contenders = []
    for peer in peers:
        try:
            arena.check(peer)
            contenders.append(arena.open(peer, calls))
        except LeftOut as reason:
            arena.left_out[peer.name] = str(reason)
    return contenders
