"""The row guard on an answer's way: between the backend's connection and whoever passes the answer on, who sees no difference but that
rows which policy does not admit never come.

Where answers are withheld, nothing is shown before all of it is judged, not even the head, so that a refusal can take its place; what has
more bytes than may be held is shown as far as it is judged, and fails at the first row that is not in order.
"""

import asyncio
from collections import deque
from collections.abc import Callable

import structlog

from sidecar.errors import Reason, Refusal
from sidecar.guard.row_check import RowCheck
from sidecar.proxy.upstream import Answer, AnswerHead, Backend, Origin, Piece, Watched, Watcher
from sidecar.record.checked import Checked
from sidecar.record.trace import trace_of

_PIECE = 65_536
"""Bytes that are judged at once, some milliseconds of work; between two pieces others get their turn."""

Told = Callable[[Checked, bool], None]
"""Is told what was found, once, and whether the answer is withheld."""


class GuardedAnswer:
    """One answer. Fed by `look`, it tells its own watcher; `Watched` says what else it is.

    :ivar connection: the backend's, to be set before anything is looked at.
    """

    __slots__ = (
        "_check",
        "_held",
        "_judged",
        "_most_held",
        "_over",
        "_postponed",
        "_refusal",
        "_shown",
        "_told",
        "_unjudged",
        "_watcher",
        "_whole",
        "connection",
    )

    connection: Watched

    def __init__(self, check: RowCheck, most_held: int | None, told: Told, watcher: Watcher) -> None:
        """:param most_held: bytes of judged rows that are held at most; None to withhold nothing."""
        self._check = check
        self._most_held = most_held
        self._told: Told | None = told
        self._watcher = watcher
        self._unjudged: deque[Piece] = deque()
        self._held = bytearray()
        self._judged: bool | None = None  # not known before the head
        self._shown = False
        self._postponed = False
        self._whole = False
        self._over = False
        self._refusal: Refusal | None = None

    # What is seen of it.

    @property
    def head(self) -> AnswerHead | None:
        """The answer's head, once it may be seen."""
        return self.connection.head if self._shown else None

    @property
    def has_body(self) -> bool:
        """Whether the answer is of a kind that has a body."""
        return self.connection.has_body

    @property
    def done(self) -> bool:
        """Whether all was handed out, to the answer's true end."""
        return self._whole or (self._judged is False and self.connection.done)

    @property
    def failure(self) -> Refusal | None:
        """Why no more will come."""
        return self._refusal or (None if self._unjudged else self.connection.failure)

    def await_more(self) -> None:
        """There is room for more."""
        if not self._postponed:
            self.connection.await_more()

    def pause(self) -> None:
        """There is no room for now."""
        self.connection.pause()

    def unwatch(self) -> None:
        """Tell nobody any more."""
        self._over = True
        self.connection.unwatch()

    def abort(self) -> None:
        """Drop it."""
        self._end()
        self.connection.abort()

    # What comes from the backend.

    def look(self, chunk: Piece) -> None:
        """Something happened at the backend's side."""
        if self._over:
            return
        head = self.connection.head
        if self._judged is None and head is not None:
            self._begin(head)
        if self._judged is None:
            if self.connection.failure is not None:
                self._watcher(b"")
        elif not self._judged:
            self._watcher(chunk)
        else:
            if chunk:
                self._unjudged.append(chunk)
            if not self._postponed:
                self._go_on()

    def _begin(self, head: AnswerHead) -> None:
        self._judged = head.status < 400 and self.connection.has_body
        self._shown = self._most_held is None or not self._judged
        if self._judged and head.status != 200:
            self._check.problem = f"an answer with status {head.status}"
        elif self._judged and _is_coded(head):
            self._check.problem = "a compressed answer"

    def _go_on(self) -> None:
        """Judge the next piece, and see what follows."""
        self._postponed = False
        if self._over:
            return
        piece = self._next_piece()
        released = self._judge(piece) if piece else b""
        if self._most_held is not None and not self._check.passes:
            self._withhold()
        elif self._unjudged:
            self._postponed = True
            self.connection.pause()
            asyncio.get_running_loop().call_soon(self._go_on)
            self._release(released)
        elif self.connection.done:
            self._finish(released)
        else:
            if self.connection.failure is not None:
                self._tell(withheld=False)
            self._release(released)
            if not self._shown and not self._over:
                if self.connection.failure is None:
                    self.connection.await_more()
                else:
                    self._watcher(b"")

    def _next_piece(self) -> Piece:
        if not self._unjudged:
            return b""
        piece = self._unjudged.popleft()
        if len(piece) > _PIECE:
            view = memoryview(piece)
            self._unjudged.appendleft(view[_PIECE:])
            piece = view[:_PIECE]
        return piece

    def _judge(self, piece: Piece) -> Piece:
        """What may be passed on now."""
        try:
            judged = self._check.feed(bytes(piece))
        except Exception as error:
            self._fail(error)
            judged = b""
        return piece if self._most_held is None else judged

    def _release(self, piece: Piece) -> None:
        if not self._shown:
            self._held += piece
            if self._most_held is None or len(self._held) <= self._most_held:
                return
            piece = self._take_held()
            self._shown = True
        self._watcher(piece)

    def _take_held(self) -> Piece:
        held, self._held = self._held, bytearray()
        return memoryview(held)

    def _finish(self, released: Piece) -> None:
        """The backend's answer is whole."""
        try:
            end: Piece = self._check.end()
        except Exception as error:
            self._fail(error)
            end = b""
        if self._most_held is None:
            end = b""  # was passed on as it came
        elif not self._check.passes:
            self._withhold()
            return
        self._tell(withheld=False)
        self._held += released
        self._held += end
        self._shown = self._whole = self._over = True
        self._watcher(self._take_held())

    # Ends.

    def _withhold(self) -> None:
        check = self._check
        self._refusal = refusal_for(_found(check))
        self._tell(withheld=True)
        self._end()
        self.connection.unwatch()
        self.connection.abort()
        self._watcher(b"")

    def _fail(self, error: Exception) -> None:
        """A fault of the guard's own: what it does not judge is not judged."""
        structlog.get_logger("sidecar").error("internal error", trace=trace_of(error))
        self._check.problem = "the guard itself failed"

    def _end(self) -> None:
        self._over = True
        self._unjudged.clear()
        self._held.clear()
        self._tell(withheld=False)

    def _tell(self, *, withheld: bool) -> None:
        told, self._told = self._told, None
        if told is not None and self._judged:
            told(_found(self._check), withheld)


class GuardedBackend:
    """A pool of which one question is asked, with the guard on its answer."""

    __slots__ = ("_guarded", "_pool")

    def __init__(self, pool: Backend, guarded: Callable[[Watcher], GuardedAnswer]) -> None:
        """:param guarded: puts a guard before a watcher."""
        self._pool = pool
        self._guarded = guarded

    def begin(self, origin: Origin, head: bytes, watcher: Watcher) -> GuardedAnswer | None:
        """As `Pool.begin`."""
        answer = self._guarded(watcher)
        connection = self._pool.begin(origin, head, answer.look)
        if connection is None:
            return None
        answer.connection = connection
        return answer

    async def begin_anew(self, origin: Origin, head: bytes, watcher: Watcher) -> GuardedAnswer:
        """As `Pool.begin_anew`."""
        answer = self._guarded(watcher)
        answer.connection = await self._pool.begin_anew(origin, head, answer.look)
        return answer

    def take_over(self, answer: Answer, watcher: Watcher) -> tuple[GuardedAnswer, Piece] | None:
        """An answer that was fetched otherwise, with what is there of its body, to be looked at; None where it is spent."""
        guarded = self._guarded(watcher)
        connection, held = answer.hand_over(guarded.look)
        if connection is None:
            return None
        guarded.connection = connection
        return guarded, held

    def settle(self, connection: GuardedAnswer) -> None:
        """As `Pool.settle`."""
        self._pool.settle(connection.connection)


def refusal_for(found: Checked) -> Refusal:
    """What takes the place of an answer in which that was found. Its detail is for the log."""
    if found.violating:
        return Refusal(Reason.ROWS_NOT_ALLOWED, f"{found.violating} of {found.rows} rows are not among those that policy admits")
    if found.problem:
        return Refusal(Reason.ROWS_UNREADABLE, found.problem)
    return Refusal(Reason.ROWS_NOT_JUDGEABLE, f"{found.unjudgeable} of {found.rows} rows don't tell whether policy admits them")


def _found(check: RowCheck) -> Checked:
    return Checked(check.rows, check.violating, check.unjudgeable, check.problem)


def _is_coded(head: AnswerHead) -> bool:
    codings = [value for name, (_, value) in zip(head.names, head.headers, strict=True) if name == b"content-encoding"]
    return any(coding.strip().lower() not in (b"", b"identity") for coding in codings)
