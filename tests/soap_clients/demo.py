"""The demo's backend and the sidecar in front of it, in a thread, so that clients may block as they do in real life."""

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from sidecar.demo.launch import launched
from sidecar.demo.running import Running

HOURS_REPORT = "3B1F6C0E5A7D4E1C9F2A60D18B7C4E55"
_PATIENCE = 30


def wider_policy() -> dict[str, Any]:
    """The demo's, where the app `hours` may also write dossier items and ask for more than rows."""
    policy: dict[str, Any] = yaml.safe_load((files("sidecar.demo") / "demo.yaml").read_text("utf-8"))
    hours = policy["app_connectors"]["hours"]
    hours["get_connectors"].append("Profit_Dossiers")
    hours["update_connectors"]["KnSubject"] = ["insert", "update", "delete"]
    hours["special_connectors"] |= {"data": None, "report": {"reports": [HOURS_REPORT]}}
    department = policy["filter_types"]["department"]
    department["fields"]["Profit_Dossiers"] = {"department": "Afdeling"}
    department["reports"] = {HOURS_REPORT: {"department": "U004"}}
    return policy


@contextlib.contextmanager
def running_demo(folder: Path, policy: dict[str, Any]) -> Iterator[Running]:
    """Both servers with this policy, until the end of the block."""
    file = folder / "sidecar.yaml"
    file.write_text(yaml.safe_dump(policy), encoding="utf-8")
    started: list[Running] = []
    failed: list[BaseException] = []
    ready, done = threading.Event(), asyncio.Event()
    loops: list[asyncio.AbstractEventLoop] = []

    async def play() -> None:
        async with launched(file) as running:
            loops.append(asyncio.get_running_loop())
            started.append(running)
            ready.set()
            await done.wait()

    def live() -> None:
        try:
            asyncio.run(play())
        except BaseException as error:  # told in the tests' thread
            failed.append(error)
        finally:
            ready.set()

    thread = threading.Thread(target=live, name="demo")
    thread.start()
    ready.wait(_PATIENCE)
    try:
        if failed:
            raise failed[0]
        yield started[0]
    finally:
        if loops:
            loops[0].call_soon_threadsafe(done.set)
        thread.join(_PATIENCE)
    if failed:
        raise failed[0]
