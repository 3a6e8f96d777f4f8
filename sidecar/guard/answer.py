"""What a reader of rows hands on for each piece of an answer, whichever dialect spells it, and what those readers have in common."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from sidecar.guard.judge import Row

LONGEST_ROW = 1 << 20
"""Bytes of one row, the space in front of it included."""

SPOILT: dict[str, Any] = {}
"""Stands, by its identity, in the place of a row that can't be judged whatever it holds, such as one that has a field twice."""


@dataclass(frozen=True, slots=True)
class Part:
    """Rows that are complete now, and the bytes of the answer that were read, all of it up to the end of the last row.

    `problem` says what makes the answer unreadable, if anything does; it quotes no data. The rows in front of that are still told.
    """

    rows: Sequence[Row] = ()
    spoilt: int = 0
    data: bytes = b""
    problem: str = ""


class RowReader(Protocol):
    """Finds the rows in an answer that comes in pieces. Not to be used again after a problem."""

    def feed(self, data: bytes) -> Part:
        """The rows that this piece completes."""

    def end(self) -> Part:
        """What is left at the end of the answer: no rows, the bytes behind the last one."""


class MalformedRowsError(Exception):
    """This is not what rows look like."""


def read_rows(text: bytes, parse: Callable[[bytes], Sequence[Row]], ends: Callable[[bytes], Iterable[int]], longest_row: int) -> Part:
    """The rows in this text, which holds whole ones only; parsed at once where that goes well, otherwise each by itself.

    So that it does not depend on how the answer was cut which rows are told in front of a problem.

    :param parse: the rows in a text, or `MalformedRowsError`; `SPOILT` stands for some of them.
    :param ends: where each row ends.
    """
    if len(text) <= longest_row:
        try:
            return _part(parse(text), text)
        except MalformedRowsError:
            pass
    rows: list[Row] = []
    done = 0
    for end in [*ends(text), len(text)]:
        if end - done > longest_row:
            return _part(rows, text[:done], "a row is too long")
        try:
            rows += parse(text[done:end])
        except MalformedRowsError:
            return _part(rows, text[:done], "what should be a row is none")
        done = end
    return _part(rows, text)


def _part(rows: Sequence[Row], data: bytes, problem: str = "") -> Part:
    sound = [row for row in rows if row is not SPOILT]
    return Part(sound, len(rows) - len(sound), data, problem)
