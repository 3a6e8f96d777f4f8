"""A question that is put again and again, with other keys: its SELECT is made once for each kind of database, not each time."""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Select
from sqlalchemy.engine import Dialect

MOST_AT_ONCE = 500
"""Keys in one question."""
_SIZES = (4, 32, MOST_AT_ONCE)
"""Questions have one of these numbers of keys, some of them repeated, so that a server has few statements to remember."""


class Question:
    """A SELECT in which one list of keys stands. Whatever else it holds is the same each time.

    :ivar select: the question for these keys.
    :ivar columns: the names of what is answered, in that order.
    """

    def __init__(self, select: Callable[[Sequence[Any]], Select[Any]]) -> None:
        self.select = select
        self.columns: tuple[str, ...] = tuple(select([None]).selected_columns.keys())
        self._texts: dict[tuple[str, int], tuple[str, list[Any], list[Any]]] = {}

    def put(self, dialect: Dialect, keys: Sequence[Any]) -> tuple[str, list[Any]]:
        """The statement and its values, as the driver takes them.

        :param keys: at least one, at most `MOST_AT_ONCE`; they go to the driver as they are.
        """
        size = next(size for size in _SIZES if size >= len(keys))
        said = self._texts.get((dialect.name, size))
        if said is None:
            said = self._texts[dialect.name, size] = self._said(dialect, size)
        text, before, after = said
        return text, [*before, *keys, *[keys[-1]] * (size - len(keys)), *after]

    def _said(self, dialect: Dialect, size: int) -> tuple[str, list[Any], list[Any]]:
        """The statement, and the values before and behind the keys."""
        places = [object() for _ in range(size)]
        compiled = self.select(places).compile(dialect=dialect, compile_kwargs={"render_postcompile": True})
        values = [compiled.params[name] for name in compiled.positiontup or ()]
        start = values.index(places[0])
        if values[start : start + size] != places:
            raise ValueError("the keys must stand together, in their order")
        return str(compiled), values[:start], values[start + size :]
