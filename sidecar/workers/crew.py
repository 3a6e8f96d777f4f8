"""All workers together: started, replaced when they die, told to reload and to stop, and looked at as one."""

import asyncio
import math
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import structlog
from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from sidecar.admin.tls_metrics import TlsMetrics
from sidecar.store.tls_watch import TlsWatch
from sidecar.workers.adding_up import Tally, collected
from sidecar.workers.process import WorkerProcess, described


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds.

    :ivar answer: for a report that was asked for; then the one before has to do.
    :ivar silence: after which a worker that says nothing counts as one that hangs, so that some connections wait for it in vain.
    :ivar hang: after which it is killed and replaced. Long, because loading a very large policy can look like hanging.
    :ivar settled: a worker that ends before this has not really started, and its replacement has to wait.
    :ivar longest_pause: between two such starts.
    """

    answer: float = 0.5
    silence: float = 5.0
    hang: float = 60.0
    settled: float = 10.0
    longest_pause: float = 5.0


class Crew(Collector):
    """A fixed number of places, and a worker in each.

    :ivar gave_up: set when a worker could not start while the crew was never complete: the others would fail like it.
    :ivar complete: set when all have been ready at the same time for the first time.
    """

    def __init__(
        self,
        size: int,
        start: Callable[[int, Callable[[], None]], Awaitable[WorkerProcess]],
        patience: Patience = Patience(),
        own: Iterable[Collector] = (),
        tls: TlsWatch | None = None,
    ) -> None:
        """A crew that is not started yet.

        :param own: what this process has to tell beside the workers.
        :param tls: of the admin port, which is none of the workers' business.
        """
        self.complete = asyncio.Event()
        self.gave_up = asyncio.Event()
        self._size = size
        self._start = start
        self._patience = patience
        self._stopping = asyncio.Event()
        self._workers: dict[int, WorkerProcess] = {}
        self._places: list[asyncio.Task[None]] = []
        self._ends = 0
        self._tally = Tally()
        self._own = CollectorRegistry()
        for collector in (ProcessCollector(registry=None), *own, *(() if tls is None else (TlsMetrics(tls),))):
            self._own.register(collector)
        self._tls = tls
        self._logger = structlog.get_logger("sidecar")

    def start(self) -> None:
        """Fill all places, and keep them filled."""
        self._places = [asyncio.create_task(self._keep(number), name=f"place {number}") for number in range(1, self._size + 1)]

    def reload(self) -> None:
        """Have every worker read the configuration again."""
        for worker in self._workers.values():
            worker.tell("reload")

    async def stop(self, seconds: float) -> None:
        """Have every worker drain; one that has not ended after so long is killed."""
        self._stopping.set()
        for worker in self._workers.values():
            worker.tell("stop")
        if not self._places:
            return
        _, late = await asyncio.wait(self._places, timeout=seconds)
        for number, worker in self._workers.items():
            self._logger.error("worker did not stop in time; killed", worker=number, pid=worker.pid)
            worker.kill()
        await asyncio.gather(*late)

    async def fetch(self) -> None:
        """Have every worker report, as far as they do it soon."""
        if answers := [worker.ask() for worker in self._workers.values()]:
            await asyncio.wait(answers, timeout=self._patience.answer)

    def readiness(self) -> tuple[bool, dict[str, Any]]:
        """Ready or not, and what there is to say about it.

        One worker is enough once all have been ready: while another is replaced, connections only go to those that listen. A worker
        that hangs, though, goes on listening and gets its share of them.
        """
        all_states = [worker.report.state for worker in self._workers.values()]
        states = [state for state in all_states if "policy" in state]
        draining = self._stopping.is_set()
        report: dict[str, Any] = {"draining": draining}
        if states:
            oldest = min(states, key=lambda state: str(state["policy"]["loaded_at"]))
            report["policy"] = {**oldest["policy"], "age_seconds": _age(oldest["policy"]["loaded_at"])}
            report["shadow"] = sorted({name for state in states for name in state["shadow"]})
            loads = [state["last_reload"] for state in states]
            report["last_reload"] = next((load for load in loads if not load["succeeded"]), oldest["last_reload"])
            if credentials := _worst_credentials(states):
                report["backend_credentials"] = credentials
            if issuers := _worst_issuers(states):
                report["issuers"] = issuers
        databases = [state["policy_database"] for state in all_states if "policy_database" in state]
        if databases:
            report["policy_database"] = _worst_database(databases)
        authorities = [state["one_time_passwords"] for state in states if "one_time_passwords" in state]
        if authorities:
            report["one_time_passwords"] = {
                "database_heard": all(each["database_heard"] for each in authorities),
                "waiting_mails": sum(each["waiting_mails"] for each in authorities),
            }
        if tls := {**_worst_tls(states), **(self._tls.report() if self._tls is not None else {})}:
            report["tls"] = tls
        report["workers"] = [self._state_of(number) for number in range(1, self._size + 1)]
        hanging = any(worker.report.ready and worker.silent > self._patience.silence for worker in self._workers.values())
        return self.complete.is_set() and not draining and not hanging and self._ready_workers() > 0, report

    def collect(self) -> Iterator[Metric]:
        """The metrics of all workers in one; called by the Prometheus client."""
        living = {str(number): worker.report.metrics for number, worker in sorted(self._workers.items())}
        yield from self._tally.total({**living, "supervisor": collected(self._own)})
        yield from crew_metrics(self._size, self._ready_workers(), self._ends)

    async def _keep(self, number: int) -> None:
        clock = asyncio.get_running_loop().time
        short_lives = 0
        while not self._stopping.is_set():
            begun = clock()
            try:
                worker = await self._start(number, self._on_report)
            except OSError as problem:
                self._logger.error("could not start a worker", worker=number, problem=str(problem))
                ended = -1
            else:
                ended = await self._attend(number, worker)
            if self._stopping.is_set():
                return
            if ended > 0 and not self.complete.is_set():
                self.gave_up.set()
                return
            self._ends += 1
            short_lives = short_lives + 1 if clock() - begun < self._patience.settled else 0
            if short_lives > 1:
                await self._pause(min(2.0 ** (short_lives - 3), self._patience.longest_pause))

    async def _attend(self, number: int, worker: WorkerProcess) -> int:
        """Until the worker's end; gives its status."""
        self._workers[number] = worker
        self._logger.info("worker started", worker=number, pid=worker.pid)
        if self._stopping.is_set():
            worker.tell("stop")
        watch = asyncio.create_task(self._watch(number, worker))
        status = await worker.ended()
        watch.cancel()
        del self._workers[number]
        self._tally.keep(worker.report.metrics)
        say = self._logger.info if self._stopping.is_set() else self._logger.error
        say("worker ended", worker=number, pid=worker.pid, status=described(status))
        return status

    async def _watch(self, number: int, worker: WorkerProcess) -> None:
        while (left := self._patience.hang - worker.silent) > 0:  # noqa: ASYNC110  an event for each report would cost more
            await asyncio.sleep(left)
        self._logger.error("worker hangs; killed", worker=number, pid=worker.pid, silent_seconds=round(worker.silent))
        worker.kill()

    async def _pause(self, seconds: float) -> None:
        await asyncio.wait({stopping := asyncio.create_task(self._stopping.wait())}, timeout=seconds)
        stopping.cancel()

    def _on_report(self) -> None:
        if self._ready_workers() == self._size:
            self.complete.set()

    def _ready_workers(self) -> int:
        return sum(worker.report.ready and worker.silent <= self._patience.silence for worker in self._workers.values())

    def _state_of(self, number: int) -> dict[str, Any]:
        worker = self._workers.get(number)
        if worker is None:
            return {"worker": number, "ready": False}
        policy = worker.report.state.get("policy", {})
        return {
            "worker": number,
            "pid": worker.pid,
            "ready": worker.report.ready and worker.silent <= self._patience.silence,
            "policy_version": policy.get("version"),
        }


def _worst_credentials(states: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """By environment, what the worker tells whose access token ends first: each has its own."""
    worst: dict[str, Any] = {}
    for state in states:
        for environment, told in state.get("backend_credentials", {}).items():
            if environment not in worst or told["token_seconds"] < worst[environment]["token_seconds"]:
                worst[environment] = told
    return worst


def _worst_database(databases: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """What the worker tells that has not heard of the database of policy for longest: each watches by itself."""
    worst = max(databases, key=lambda each: math.inf if each["heard_seconds"] is None else each["heard_seconds"])
    return {**worst, "listening": all(each["listening"] for each in databases), "stale": any(each["stale"] for each in databases)}


def _worst_issuers(states: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """By issuer, what the worker tells that has the fewest keys, or else the oldest: each fetches its own."""
    worst: dict[str, Any] = {}
    for state in states:
        for issuer, told in state.get("issuers", {}).items():
            known = worst.setdefault(issuer, told)
            if (told["keys"], -(told["age_seconds"] or 0)) < (known["keys"], -(known["age_seconds"] or 0)):
                worst[issuer] = told
    return worst


def _worst_tls(states: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """By port, what the worker tells that could not read the files, or else any of them."""
    worst: dict[str, Any] = {}
    for state in states:
        for port, told in state.get("tls", {}).items():
            if port not in worst or not told["current"]:
                worst[port] = told
    return worst


def crew_metrics(size: int, ready: int, ends: int) -> Iterator[Metric]:
    """What there is to tell of the crew itself."""
    yield GaugeMetricFamily("sidecar_workers", "Workers that there should be.", value=size)
    yield GaugeMetricFamily("sidecar_ready_workers", "Workers that serve requests.", value=ready)
    yield CounterMetricFamily("sidecar_worker_ends", "Workers that ended unasked, and were replaced.", value=ends)


def _age(loaded_at: str) -> float:
    return round((datetime.now(UTC) - datetime.fromisoformat(loaded_at)).total_seconds(), 1)
