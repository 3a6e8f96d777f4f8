"""Things that are meant by name: found, or told with the nearest that there is."""

from difflib import get_close_matches
from typing import Any
from unicodedata import normalize

from sqlalchemy import Select, Table, func, or_, select
from sqlalchemy.sql.elements import ColumnElement

from sidecar.administration.not_done import AlreadyThereError, NotFoundError, RefusedError
from sidecar.administration.operation import Work
from sidecar.policy.names import look_of
from sidecar.policy_database.rows import Row
from sidecar.policy_database.tables import users
from sidecar.policy_database.unsound import UNREADABLE

_MOST_CANDIDATES = 1_000


async def the_row(work: Work, table: Table, what: str, name: str) -> Row:
    """The row with this name.

    :raises NotFoundError: with the nearest name.
    """
    found = await rows_found(work, select(table).where(table.c.name == name))
    if not found:
        raise NotFoundError(f"there is no {what} `{name}`", await _nearest(work, table, name))
    return found[0]


async def rows_found(work: Work, query: Select[Any]) -> list[Row]:
    """The rows.

    :raises RefusedError: somebody wrote past the sidecar what can't be read.
    """
    try:
        return [dict(row) for row in (await work.connection.execute(query)).mappings()]
    except UNREADABLE:
        raise RefusedError("a row in the database can't be read", "mend it there; `sidecar db check` tells more") from None


async def see_free(work: Work, table: Table, what: str, name: str, until_now: str = "") -> list[str]:
    """See that no row has this name, and give warnings of one that could be taken for it.

    :param until_now: the name of what is to be called so.
    :raises AlreadyThereError: one has.
    """
    if (await work.connection.execute(select(table.c.name).where(table.c.name == name))).first() is not None:
        raise AlreadyThereError(f"there is a {what} `{name}` already", "take another name, or change that one")
    known = select(table.c.name).where(table.c.name != until_now)
    if table is users:  # there may be a million: usual spellings are looked up, and `sidecar db check` finds the others
        known = known.where(table.c.name.in_(_spellings(name)))
    alike = sorted(each for each in (await work.connection.execute(known)).scalars() if look_of(each) == look_of(name))
    remedy = "if one is meant, take one of them away"
    return [f"{what} `{name}` differs from `{each}` in letter case or Unicode form only; they are two: {remedy}" for each in alike]


def tokens_issued_to(whom: str) -> str:
    """A warning: what was issued by one-time password stands in another database, by name."""
    again = f"tokens that were issued by one-time password to {whom} would count again for a later one of this name"
    return f"{again}; revoke them: `sidecar token list` and `sidecar token revoke`"


def nearest(name: str, known: list[str]) -> str:
    """A remedy: the nearest of the names."""
    by_lower = {each.lower(): each for each in known}
    close = get_close_matches(name.lower(), by_lower, 1)
    return f"did you mean `{by_lower[close[0]]}`?" if close else ""


def holds(text: str, *columns: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether the text stands in one of the columns, in any letter case."""
    either = [column.contains(text, autoescape=True) for column in columns]
    return or_(*either, *(func.lower(column).contains(text.lower(), autoescape=True) for column in columns))


def _spellings(name: str) -> set[str]:
    cases = {name, name.lower(), name.upper(), name.casefold(), name.title()}
    return {normalize(form, each) for form in ("NFC", "NFD", "NFKC", "NFKD") for each in cases}


async def _nearest(work: Work, table: Table, name: str) -> str:
    """Among those that begin alike, and some others: there may be a million."""
    alike = func.lower(table.c.name).startswith(name[:1].lower(), autoescape=True)
    known = [
        each
        for query in (select(table.c.name).where(alike), select(table.c.name))
        for each in (await work.connection.execute(query.limit(_MOST_CANDIDATES))).scalars()
    ]
    return nearest(name, known)
