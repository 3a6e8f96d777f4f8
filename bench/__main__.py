"""`python -m bench`: measures, prints tables, writes `bench/out/latest.json` and a chart. `bench/setup` fetches what it needs first."""

import argparse
import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from bench.arena import Arena, open_arena
from bench.chart import draw
from bench.core import measure_core
from bench.growth import measure_growth
from bench.ladder import measure_ladder
from bench.latency import measure_latency
from bench.machine import machine, measured_python
from bench.memory import measure_memory, room_for_connections
from bench.peers import PEERS
from bench.peers.peer import Peer
from bench.peers.python import PYTHON
from bench.policy_database import measure_policy_database
from bench.processes import Stage, StartError
from bench.report import show
from bench.results import Results, as_json

OUT = Path(__file__).with_name("out")
_PARTS = ("core", "ladder", "latency", "growth", "memory")
_ON_DEMAND = ("database",)  # a crowd of a million takes minutes to gather
_TOOLS = ("nginx", "wrk", "taskset", "setpriv")


def main(arguments: Sequence[str]) -> int:
    """0 when all is done, 1 when the sidecar itself did not stand the main table, 2 when nothing can be measured here."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure the sidecar against what people would use instead.")
    parser.add_argument("--quick", action="store_true", help="the main tables only, in few short rounds: under three minutes")
    parser.add_argument(
        "--only",
        metavar="PART",
        choices=(*_PARTS, *_ON_DEMAND),
        action="append",
        help=f"only this of {', '.join((*_PARTS, *_ON_DEMAND))}; repeatable",
    )
    parser.add_argument("--peer", metavar="TEXT", action="append", help="only peers with this in their names; repeatable")
    asked = parser.parse_args(arguments)
    console = Console() if sys.stdout.isatty() else Console(width=150)
    lacking = [tool for tool in _TOOLS if shutil.which(tool) is None]
    if sys.platform != "linux" or lacking:
        console.print(f"Nothing can be measured here: {', '.join(lacking) or 'Linux'} is needed (bench/setup installs what it can).")
        return 2
    parts = asked.only or (["core"] if asked.quick else _PARTS)
    peers = [peer for peer in PEERS if not asked.peer or any(text.lower() in peer.name.lower() for text in asked.peer)]
    began = time.monotonic()
    room_for_connections()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        results = _measured(console, parts, peers, quick=asked.quick)
    except StartError as problem:
        console.print(f"Nothing can be measured here: {problem}")
        return 2
    except KeyboardInterrupt:
        console.print("Stopped; nothing was written.")
        return 130
    show(results, console)
    _write(results, console, complete="core" in parts and not asked.peer)
    console.print(f"It took {time.monotonic() - began:.0f} s.", style="dim")
    return 1 if "sidecar" in results.left_out else 0


def _measured(console: Console, parts: Sequence[str], peers: Sequence[Peer], *, quick: bool) -> Results:
    with Stage() as stage, console.status("starting") as status:
        os.sched_setaffinity(0, {stage.cores.load})
        arena = open_arena(stage, status.update, quick=quick)
        taken = datetime.now(UTC).isoformat(timespec="seconds")
        results = Results(machine(stage.cores.load, stage.cores.proxy), measured_python(PYTHON), quick, taken, left_out=arena.left_out)
        for part in parts:
            console.print(f"measuring: {part}", style="dim")
            _measure(part, arena, peers, results)
        return results


def _measure(part: str, arena: Arena, peers: Sequence[Peer], results: Results) -> None:
    match part:
        case "core":
            tables = measure_core(arena, peers)
            results.small, results.large, results.tls = tables.small, tables.large, tables.tls
        case "ladder":
            results.ladder = measure_ladder(arena)
        case "latency":
            results.latency = measure_latency(arena)
        case "growth":
            results.growth = list(measure_growth(arena))
        case "memory":
            results.memory = measure_memory(arena)
        case "database":
            results.policy_database = measure_policy_database(arena)


def _write(results: Results, console: Console, *, complete: bool) -> None:
    """`latest.json` and the chart. A part of a run goes to `partial.json`, so that it doesn't take the place of a whole one."""
    OUT.mkdir(exist_ok=True)
    name = "latest" if complete else "partial"
    (OUT / f"{name}.json").write_text(json.dumps(as_json(results), indent=1, ensure_ascii=False) + "\n")
    written = f"bench/out/{name}.json"
    if results.small.rows:
        title = "CPU per request: token looked up, question narrowed, 2 KB answer"
        (OUT / f"{name}.svg").write_text(draw(results.small.rows, title, f"{results.machine}. {results.python}."))
        written += f" and {name}.svg"
    console.print(f"Written: {written}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
