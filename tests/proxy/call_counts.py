"""How many functions one request calls on its way, counted and not timed: the same on every machine. `python -m tests.proxy.call_counts`
writes the figures that the test compares with."""

import asyncio
import json
import sys
from collections.abc import Callable
from functools import partial
from itertools import count
from pathlib import Path
from types import FrameType

from tests.proxy.rig import BASE, Rig, get

FIGURES = Path(__file__).with_name("call_counts.json")
_ROWS = f"{BASE}Profit_Hours"
_QUESTION = f"{_ROWS}?filterfieldids=Datum%2CUren&filtervalues=2026-01-01%2C{{}}&operatortypes=2%2C4&take=100&skip={{}}"
_HEADERS = ("Accept: application/json", "Accept-Language: nl-nl", "User-Agent: hours-app/4.2 (iPhone)")
_ROUNDS = 20
_numbers = count(1000)

KINDS: dict[str, Callable[[], bytes]] = {
    "the same call again": lambda: get(_QUESTION.format(4, 0), *_HEADERS),
    "another page": lambda: get(_QUESTION.format(4, next(_numbers)), *_HEADERS),
    "another filter value": lambda: get(_QUESTION.format(next(_numbers), 0), *_HEADERS),
    "headers that never came before": lambda: get(_QUESTION.format(4, 0), *_HEADERS, f"X-Request-Id: {next(_numbers)}"),
    "a refused connector": lambda: get(f"{BASE}Profit_Secret", *_HEADERS),
}


def counted(work: Callable[[], None]) -> int:
    """Calls of functions, in Python and in C, that the work makes."""
    calls = 0

    def note(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(None)
    return calls


async def count_calls() -> dict[str, int]:
    """For each kind of request the calls that one makes, once the gateway has warmed up."""
    figures: dict[str, int] = {}
    for kind, request in KINDS.items():
        rig = Rig()
        client, transport = rig.client()

        def serve(data: bytes, rig: Rig = rig, client: asyncio.Protocol = client) -> None:
            client.data_received(data)
            rig.answer()

        rig.ready()
        for _ in range(5):
            serve(request())
        calls = sum(counted(partial(serve, request())) for _ in range(_ROUNDS))
        figures[kind] = round(calls / _ROUNDS)
        assert transport.written.count(b"HTTP/1.1 ") == _ROUNDS + 5
    return figures


if __name__ == "__main__":
    FIGURES.write_text(json.dumps(asyncio.run(count_calls()), indent=2) + "\n", "utf-8")
