"""The price of each feature: from no proxy at all to the whole sidecar, a step at a time."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace

from bench import ablated, work
from bench.arena import Arena, LeftOut
from bench.peers.peer import Command, Kind, Peer, Place
from bench.rounds import Contender, Row, row_of, take_turns
from bench.under_test import sidecar
from bench.wrk import Calls


@dataclass(frozen=True, slots=True)
class _Rung:
    name: str
    taken_out: frozenset[str]
    repeated: bool = False


_ALL = frozenset(ablated.PARTS)
_RUNGS = (
    _Rung("forwards only", _ALL),
    _Rung("+ token looked up", _ALL - {"token"}),
    _Rung("+ decision, every call new", frozenset({"narrowing", "metrics", "log"})),
    _Rung("+ narrowing, every call new", frozenset({"metrics", "log"})),
    _Rung("+ narrowing, repeated calls", frozenset({"metrics", "log"}), repeated=True),
    _Rung("+ metrics, every call new", frozenset({"log"})),
    _Rung("+ decision log, every call new: the whole", frozenset()),
    _Rung("+ decision log, repeated calls: the whole", frozenset(), repeated=True),
)
_ROUNDS, _SECONDS = 3, 2


def measure_ladder(arena: Arena) -> list[Row]:
    """A row for each rung, the first without a proxy (its CPU is the backend's)."""
    calls = Calls(arena.callers, least=work.ANSWER_BYTES[work.HOURS])
    contenders = [Contender("direct, no proxy", Kind.LIMIT, arena.backend, arena.backend_port, calls)]
    opened: dict[frozenset[str], Contender] = {}
    try:
        for rung in _RUNGS:
            if rung.taken_out not in opened:
                opened[rung.taken_out] = arena.open(_without(rung.taken_out), calls)
            running = opened[rung.taken_out]
            contenders.append(replace(running, name=rung.name, calls=replace(calls, repeated=rung.repeated), samples=[]))
        take_turns(contenders, _ROUNDS, _SECONDS, arena.stage.cores.load, arena.tell)
    except LeftOut as reason:
        arena.left_out["the ladder"] = str(reason)
        return []
    finally:
        for each in opened.values():
            arena.close(each)
    arena.left_out.update({f"ladder: {each.name}": each.failed for each in contenders if each.failed})
    return [row_of(each) for each in contenders if each.samples and not each.failed]


def _without(parts: frozenset[str]) -> Peer:
    whole = sidecar("sidecar without " + ", ".join(sorted(parts)) if parts else "sidecar")

    def commands(place: Place) -> Iterator[Command]:
        for command in whole.commands(place):
            arguments = command[command.index("sidecar") + 1 :]
            yield [sys.executable, "-m", "bench.ablated", ",".join(sorted(parts)), *arguments]

    return Peer(whole.name, whole.kind, lambda place: list(commands(place)), whole.needs)
