"""Where the measurements take place: the backend, the callers, and a way to bring proxies in, each checked before it is timed."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench import work
from bench.backend import Backend, start_backend
from bench.certificate import Certificate, make_certificate
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
    backend: Backend
    certificate: Certificate | None
    rights: Path
    callers: Path
    quick: bool
    tell: Callable[[str], None]
    left_out: dict[str, str] = field(default_factory=dict)

    def check(self, peer: Peer) -> None:
        """Let the peer do the work in front of a backend that remembers.

        :raises LeftOut: when it does it wrong.
        """
        self.tell(f"checking the answers of {peer.name}")
        certificate = self._certificate_for(peer)
        with CheckingBackend(certificate) as backend:
            place = self._place(peer, backend.port, certificate)
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
        certificate = self._certificate_for(peer)
        place = self._place(peer, self.backend.tls_port if certificate else self.backend.port, certificate)
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

    def _certificate_for(self, peer: Peer) -> Certificate | None:
        if peer.tls and self.certificate is None:
            raise LeftOut("no certificate for the backend: openssl is missing")
        return self.certificate if peer.tls else None

    def _place(self, peer: Peer, backend_port: int, certificate: Certificate | None) -> Place:
        ports = self.stage.free_port(), self.stage.free_port()
        return Place(self.stage.new_folder(peer.name), *ports, backend_port, self.rights, certificate.file if certificate else None)

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
    certificate = make_certificate(stage.folder)
    backend = start_backend(stage, certificate)
    arena = Arena(stage, backend, certificate, rights, stage.folder / "callers", quick, tell)
    arena.callers = arena.callers_file(USERS)
    return arena
