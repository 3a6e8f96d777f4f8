"""The row guard over one answer: rows are judged as their bytes come in, and only bytes whose rows are in order come out."""

from sidecar.guard.answer import RowReader
from sidecar.guard.judge import Judge

_PIECE = 1 << 16
"""Bytes that are read at once, whatever size the pieces have that come in: parsed rows take some ten times the room."""


class RowCheck:
    """Checks one answer, fed in pieces, as it comes from a connector that was asked a narrowed question.

    To enforce: pass on what `feed` and `end` return, and break the answer off as soon as `passes` is false. All that was passed on by then
    is in order, and is never a whole document, since the end of the answer comes from `end` alone. A caller that keeps what is returned
    until `end` has nothing to break off.

    To count only: pass on what was fed.
    """

    def __init__(self, judge: Judge, reader: RowReader) -> None:
        """
        :param judge: can serve many answers.
        :param reader: of the answer's dialect; serves this one only.
        """
        self._judge = judge
        self._reader = reader
        self._waiting = bytearray()
        self.rows = 0
        self.violating = 0
        self.unjudgeable = 0
        self.problem = ""
        """What makes the answer unreadable from some place on, if anything does. No row behind that is counted."""

    @property
    def passes(self) -> bool:
        """Whether nothing was found so far."""
        return not (self.violating or self.unjudgeable or self.problem)

    def feed(self, data: bytes) -> bytes:
        """Judges the rows that these bytes complete.

        :returns: the bytes of the answer up to the end of the last row, less what was returned before; nothing once `passes` is false.
        """
        if len(data) <= _PIECE:
            return self._read(data)
        pieces = [self._read(data[start : start + _PIECE]) for start in range(0, len(data), _PIECE)]
        return b"".join(pieces) if self.passes else b""

    def end(self) -> bytes:
        """To be called when the answer has ended, not when it was cut short.

        :returns: the bytes behind the last row; nothing if the answer is not well-formed up to its end, or `passes` was false.
        """
        if not self.problem:
            part = self._reader.end()
            self.problem = part.problem
            if self.passes:
                return bytes(self._waiting) + part.data
        return b""

    def _read(self, data: bytes) -> bytes:
        if self.problem:
            return b""
        part = self._reader.feed(data)
        count = self._judge.count(part.rows)
        self.rows += count.rows + part.spoilt
        self.violating += count.violating
        self.unjudgeable += count.unjudgeable + part.spoilt
        self.problem = part.problem
        if not self.passes:
            self._waiting.clear()  # nothing of it will be asked for
            return b""
        self._waiting += part.data
        if not part.rows:
            return b""
        released = bytes(self._waiting)
        self._waiting.clear()
        return released
