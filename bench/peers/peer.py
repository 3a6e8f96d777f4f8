"""What a peer is to the measurements: a name, how it is started, and what it needs to be there."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

BENCH = Path(__file__).resolve().parent.parent
BUILT = BENCH / ".build"
ENVIRONMENT = BENCH / ".venv" / "bin"


class Kind(StrEnum):
    """The sidecar itself, who does the same work, and who only forwards."""

    SIDECAR = "sidecar"
    PEER = "peer"
    LIMIT = "limit"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a proxy runs: its own folder for configuration and log, its port on 127.0.0.1, the backend's, and one to spare.

    `rights` is the file with `bench.work.rights`. With an `authority` the backend speaks TLS, and this is the certificate to trust.
    """

    folder: Path
    port: int
    spare_port: int
    backend_port: int
    rights: Path
    authority: Path | None = None


Command = Sequence[str | Path]


@dataclass(frozen=True, slots=True)
class Peer:
    """`commands` writes what configuration is needed and says which processes make up the peer; they stay in the foreground.

    `needs` are files without which it is left out. `tls` puts it in front of the backend that speaks TLS.
    """

    name: str
    kind: Kind
    commands: Callable[[Place], Sequence[Command]]
    needs: Sequence[Path]
    tls: bool = False

    @property
    def missing(self) -> str:
        """What is not there; empty when all is."""
        return ", ".join(str(path) for path in self.needs if not path.exists())
