"""Which texts of a column are the same in one letter case: what the database can't say, whose own idea of letters differs by its making."""

from array import array
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from itertools import pairwise
from typing import Any

from sqlalchemy import Column, select
from sqlalchemy.ext.asyncio import AsyncConnection

from sidecar.policy_database.tables import users

_AT_ONCE = 10_000
_MOST = 1_000  # texts that are told


async def names_by_text(connection: AsyncConnection, column: Column[Any], fold: Callable[[str], str]) -> dict[str, list[str]]:
    """Names of users by a folded text that several of them have; an empty one counts for nothing.

    A hash of each text is all that is kept, 8 bytes; only where two are the same a second look tells the names.

    :param connection: of `Database.snapshot`.
    """
    hashes = array("q")
    async for _, text in _texts(connection, column, fold):
        hashes.append(hash(text))
    twice = {one for one, next_one in pairwise(sorted(hashes)) if one == next_one}
    if not twice:
        return {}
    names: dict[str, list[str]] = defaultdict(list)
    async for name, text in _texts(connection, column, fold):
        if hash(text) in twice and (text in names or len(names) < _MOST):
            names[text].append(name)
    return {text: sorted(found) for text, found in names.items() if len(found) > 1}


async def _texts(connection: AsyncConnection, column: Column[Any], fold: Callable[[str], str]) -> AsyncIterator[tuple[str, str]]:
    query = select(users.c.name, column.label("text")).execution_options(yield_per=_AT_ONCE)
    async with connection.stream(query) as rows:
        async for name, text in rows:
            folded = fold(str(text))
            if folded:
                yield str(name), folded
