"""The price of each feature: from no proxy at all to the whole sidecar, a step at a time."""

from dataclasses import dataclass, replace
from enum import StrEnum

from bench import ablated, work
from bench.arena import Arena, LeftOut
from bench.peers.peer import Kind, Peer
from bench.rounds import Contender, Row, row_of, take_turns
from bench.under_test import Scale, sidecar
from bench.wrk import Calls


class _Asked(StrEnum):
    """How a call differs from those before it. What is remembered of earlier calls differs accordingly."""

    UNKNOWN = "new questions"
    NEW = "new filter values"
    NEXT_PAGE = "another page"
    AGAIN = "repeated calls"


@dataclass(frozen=True, slots=True)
class _Rung:
    name: str
    taken_out: frozenset[str]
    asked: _Asked = _Asked.NEW
    row_guard: str = "off"


_ALL = frozenset(ablated.PARTS)
_NARROWED = frozenset({"metrics", "log"})
_RUNGS = (
    _Rung("forwards only", _ALL),
    _Rung("+ token looked up", _ALL - {"token"}),
    _Rung("+ decision", _NARROWED | {"narrowing"}),
    *(_Rung("+ narrowing", _NARROWED, asked) for asked in _Asked),
    _Rung("+ metrics", frozenset({"log"})),
    *(_Rung("+ decision log: the whole", frozenset(), asked) for asked in _Asked),
    *(_Rung(f"+ row guard ({mode})", frozenset(), _Asked.NEXT_PAGE, mode) for mode in ("sample", "enforce")),
)
_ROUNDS, _SECONDS = 3, 2


def measure_ladder(arena: Arena) -> list[Row]:
    """A row for each rung, the first without a proxy (its CPU is the backend's)."""
    calls = Calls(arena.callers, least=work.ANSWER_BYTES[work.HOURS])
    contenders = [Contender("direct, no proxy", Kind.LIMIT, arena.backend.started, arena.backend.port, calls)]
    opened: dict[tuple[frozenset[str], str], Contender] = {}
    try:
        for rung in _RUNGS:
            key = rung.taken_out, rung.row_guard
            if key not in opened:
                opened[key] = arena.open(_without(*key), calls)
            running = opened[key]
            name = f"{rung.name}, {rung.asked}"
            contenders.append(replace(running, name=name, calls=_calls(calls, rung.asked), samples=[]))
        take_turns(contenders, _ROUNDS, _SECONDS, arena.stage.cores.load, arena.tell)
    except LeftOut as reason:
        arena.left_out["the ladder"] = str(reason)
        return []
    finally:
        for each in opened.values():
            arena.close(each)
    arena.left_out.update({f"ladder: {each.name}": each.failed for each in contenders if each.failed})
    return [row_of(each) for each in contenders if each.samples and not each.failed]


def _calls(usual: Calls, asked: _Asked) -> Calls:
    match asked:
        case _Asked.NEW | _Asked.UNKNOWN:
            before, after = work.NEW_VALUES if asked is _Asked.NEW else work.NEW_QUESTIONS
            return replace(usual, target=before, after=after)
        case _Asked.NEXT_PAGE:
            return usual
        case _Asked.AGAIN:
            return replace(usual, repeated=True)


def _without(parts: frozenset[str], row_guard: str) -> Peer:
    if not parts:
        return sidecar("sidecar" if row_guard == "off" else f"sidecar, row guard: {row_guard}", Scale(row_guard=row_guard))
    taken_out = sorted(parts)
    return sidecar(f"sidecar without {', '.join(taken_out)}", launch=("bench.ablated", ",".join(taken_out)))
