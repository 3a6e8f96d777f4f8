"""What whoever passes an answer on sees of it, be it the backend's connection itself or one whose rows are judged first."""

from typing import Any, Protocol

from sidecar.errors import Refusal
from sidecar.proxy.upstream.answer_head import AnswerHead
from sidecar.proxy.upstream.connection import Watcher
from sidecar.proxy.upstream.origin import Origin


class Watched(Protocol):
    """One answer, told to a watcher as it comes: see `Connection`, which tells of the states."""

    @property
    def head(self) -> AnswerHead | None: ...

    @property
    def has_body(self) -> bool: ...

    @property
    def done(self) -> bool: ...

    @property
    def failure(self) -> Refusal | None: ...

    def await_more(self) -> None: ...

    def pause(self) -> None: ...

    def unwatch(self) -> None: ...

    def abort(self) -> None: ...


class Backend(Protocol):
    """Who can be asked: see `Pool`."""

    def begin(self, origin: Origin, head: bytes, watcher: Watcher) -> Watched | None: ...

    async def begin_anew(self, origin: Origin, head: bytes, watcher: Watcher) -> Watched: ...

    def settle(self, connection: Any) -> None:
        """:param connection: one that it gave."""
