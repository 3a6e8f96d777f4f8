"""What happens to the cost of a call when something grows: users, tokens, groups, filters, answers, connections, workers."""

import http.client
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from urllib.parse import quote

from bench import work
from bench.arena import USERS, Arena, LeftOut
from bench.memory import room_for_connections
from bench.rounds import Contender, Row, row_of, take_turns
from bench.under_test import Scale, knows_option, sidecar
from bench.wrk import Calls

_ROUNDS, _SECONDS = 3, 1
_USUAL_SCALE = Scale()


@dataclass(frozen=True, slots=True)
class Point:
    """One value of what grows. `note` says what is special about it, such as that the calls are refused."""

    value: str
    row: Row
    note: str = ""


@dataclass(frozen=True, slots=True)
class Curve:
    """What grows, and a point for each value."""

    name: str
    points: list[Point]


@dataclass(frozen=True, slots=True)
class _Trial:
    value: str
    calls: Calls
    scale: Scale = _USUAL_SCALE
    options: tuple[str, ...] = ()
    both_cores: bool = False
    long: int = 0  # seconds of the only round of a trial in which one second would not do


def measure_growth(arena: Arena) -> Iterator[Curve]:
    """The curves, one after the other."""
    usual = Calls(arena.callers, least=work.ANSWER_BYTES[work.HOURS])
    yield _curve(arena, "users, with 3 tokens each", _users(arena, usual))
    yield _curve(arena, "tokens of each of 100 users", _tokens(arena, usual))
    yield _curve(arena, "groups that a user is in, each with a filter", [_Trial(f"{n}", usual, Scale(groups=n)) for n in (1, 5, 20)])
    yield _curve(arena, "OR groups in the client's filter × in the policy's", _filters(usual))
    yield _curve(arena, "answer", _answers(usual))
    yield _curve(arena, "connections", _connections(usual))
    if knows_option("--workers"):
        workers = [_Trial(f"{n}", usual, options=("--workers", f"{n}"), both_cores=True) for n in (1, 2)]
        yield _curve(arena, "workers, on both cores beside the load", workers)
    else:
        arena.left_out["growth: workers"] = "this version of `sidecar run` has no --workers"


def _users(arena: Arena, usual: Calls) -> Iterator[_Trial]:
    for users in (100, 3_000, 30_000):
        yield _Trial(f"{users:,}", replace(usual, callers=arena.callers_file(users)), Scale(users=users))


def _tokens(arena: Arena, usual: Calls) -> Iterator[_Trial]:
    for tokens in (1, 10, 300):
        yield _Trial(f"{tokens}", replace(usual, callers=arena.callers_file(USERS, tokens)), Scale(tokens_each=tokens))


def _filters(usual: Calls) -> Iterator[_Trial]:
    for departments in (1, 5, 20, 50):
        for groups in (1, 5, 20, 100):
            lists = {"filterfieldids": ["Uren"] * groups, "filtervalues": map(str, range(groups)), "operatortypes": ["1"] * groups}
            question = "&".join(f"{name}={quote(';'.join(values))}" for name, values in lists.items())
            calls = replace(usual, target=work.target_of(work.HOURS, question))
            yield _Trial(f"{groups} × {departments}", calls, Scale(departments=departments))


def _answers(usual: Calls) -> Iterator[_Trial]:
    by_size = (("Profit_1KB", 32), ("Profit_16KB", 32), (work.EMPLOYEES, 32), ("Profit_1MB", 8), ("Profit_16MB", 4), ("Profit_200MB", 2))
    for connector, connections in by_size:
        size = work.ANSWER_BYTES[connector]
        name = f"{size // 1024**2} MB" if size >= 1024**2 else f"{size // 1024} KB"
        calls = replace(usual, target=work.target_of(connector), least=size, connections=connections)
        yield _Trial(name, calls, long=6 if size > 50 * 1024**2 else 0)


def _connections(usual: Calls) -> Iterator[_Trial]:
    most = room_for_connections(2)
    for connections in (1, 10, 100, 1_000, 10_000):
        calls = replace(usual, connections=min(connections, most))
        yield _Trial(f"{calls.connections:,}", calls, long=10 if connections > 1_000 else 0)


def _curve(arena: Arena, name: str, trials: Iterable[_Trial]) -> Curve:
    """All trials of a curve take turns, so that they share the quiet and the noisy moments."""
    arena.tell(f"{name}: starting")
    opened: dict[tuple[object, ...], Contender] = {}
    taking_part: list[tuple[_Trial, Contender, str]] = []
    try:
        for trial in trials:
            try:
                taking_part.append((trial, *_contender(arena, name, trial, opened)))
            except (LeftOut, OSError) as reason:
                arena.left_out[f"{name}: {trial.value}"] = str(reason)
        core = arena.stage.cores.load
        take_turns([each for trial, each, _ in taking_part if not trial.long], _ROUNDS, _SECONDS, core, arena.tell)
        for trial, each, _ in taking_part:
            if trial.long:
                take_turns([each], 1, trial.long, core, arena.tell, warm_up=0)
    finally:
        for each in opened.values():
            arena.close(each)
    arena.left_out.update({each.name: each.failed for _, each, _ in taking_part if each.failed})
    return Curve(name, [Point(trial.value, row_of(each), note) for trial, each, note in taking_part if not each.failed])


def _contender(arena: Arena, name: str, trial: _Trial, opened: dict[tuple[object, ...], Contender]) -> tuple[Contender, str]:
    """The trial's contender, on a sidecar that it shares with trials of the same configuration; and what is special about its calls."""
    what = f"{name}: {trial.value}"
    key = (trial.scale, trial.options, trial.both_cores)
    if key not in opened:
        cores = [arena.stage.cores.load, arena.stage.cores.proxy] if trial.both_cores else None
        opened[key] = arena.open(sidecar(what, trial.scale, trial.options), trial.calls, cores)
    note = _refused(opened[key].port, trial.calls)
    calls = replace(trial.calls, least=0, refused=True) if note else trial.calls
    return replace(opened[key], name=what, calls=calls, samples=[]), note


def _refused(port: int, calls: Calls) -> str:
    """Whether the sidecar refuses these calls, such as for a narrowed query that the backend would not read; empty if it doesn't."""
    authorization = calls.callers.read_text().partition("\n")[0]
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", calls.target + "0", headers={"Authorization": authorization})
        status = connection.getresponse().status
        return "" if status == 200 else f"refused with {status}"
    finally:
        connection.close()
