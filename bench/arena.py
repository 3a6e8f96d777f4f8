"""Where the measurements take place: the backend, the callers, and a way to bring proxies in, each checked before it is timed."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench import work
from bench.backend import start_backend
from bench.check import complaints_about, complaints_about_forwarding
from bench.checking_backend import CheckingBackend
from bench.peers.peer import Kind, Peer, Place
from bench.processes import Stage, Started, StartError
from bench.rounds import Contender
from bench.wrk import Calls

USERS = 100


class LeftOut(Exception):  # noqa: N818  an outcome
    """Why someone does not take part."""


@dataclass(slots=True)
class Arena:
    """`left_out` gathers who doesn't take part, and why."""

    stage: Stage
    backend: Started
    backend_port: int
    rights: Path
    callers: Path
    quick: bool
    tell: Callable[[str], None]
    left_out: dict[str, str] = field(default_factory=dict)

    def place(self, name: str, backend_port: int) -> Place:
        """A fresh place for a proxy."""
        return Place(self.stage.new_folder(name), self.stage.free_port(), self.stage.free_port(), backend_port, self.rights)

    def check(self, peer: Peer) -> None:
        """Let the peer do the work in front of a backend that remembers.

        :raises LeftOut: when it does it wrong.
        """
        self.tell(f"checking the answers of {peer.name}")
        with CheckingBackend() as backend:
            place = self.place(peer.name, backend.port)
            started = self._start(peer, place, [self.stage.cores.proxy])
            try:
                judge = complaints_about_forwarding if peer.kind is Kind.LIMIT else complaints_about
                complaints = judge(place.port, backend)
            finally:
                self.stage.stop(started)
        if complaints:
            raise LeftOut("; ".join(complaints))

    def open(self, peer: Peer, calls: Calls, cores: Sequence[int] | None = None) -> Contender:
        """Start the peer in front of the real backend, on the core of proxies unless told otherwise.

        :raises LeftOut: when it does not start.
        """
        place = self.place(peer.name, self.backend_port)
        started = self._start(peer, place, cores or [self.stage.cores.proxy])
        return Contender(peer.name, peer.kind, started, place.port, calls)

    def close(self, contender: Contender) -> None:
        """End it."""
        self.stage.stop(contender.started)

    def callers_file(self, users: int, devices: int = 3, most: int = 1000) -> Path:
        """A file with the Authorization values of at most this many callers, spread over all of them."""
        step = max(users // most, 1)
        lines = [token.authorization for number in range(0, users, step) for token in work.tokens_of(number, devices)]
        file = self.stage.folder / f"callers-{users}-{devices}"
        file.write_text("\n".join(lines[:: max(len(lines) // most, 1)]) + "\n")
        return file

    def _start(self, peer: Peer, place: Place, cores: Sequence[int]) -> Started:
        if peer.missing:
            raise LeftOut(f"not installed: {peer.missing}")
        commands = peer.commands(place)
        # A peer of two processes is ready when the second listens too.
        ports = [place.port] if len(commands) == 1 else [place.spare_port, place.port]
        try:
            return self.stage.start(peer.name, commands, ports, cores)
        except StartError as problem:
            raise LeftOut(str(problem)) from None


def open_arena(stage: Stage, tell: Callable[[str], None], *, quick: bool) -> Arena:
    """The backend running, the rights and the callers written."""
    tell("starting the backend")
    rights = stage.folder / "rights.json"
    rights.write_text(json.dumps(work.rights(USERS)))
    backend, port = start_backend(stage)
    arena = Arena(stage, backend, port, rights, stage.folder / "callers", quick, tell)
    arena.callers = arena.callers_file(USERS)
    return arena
