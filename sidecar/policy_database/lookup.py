"""Users and tokens, many by one statement that finds their rows by index however many there are, and tells of which moment they are.

A row that makes no sense concerns its user only, never the others that were asked for in the same breath.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from sys import intern
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import JSON, ColumnElement, FromClause, Integer, Select, Subquery, Text, and_, cast, func, select, true, type_coerce
from sqlalchemy.ext.asyncio import AsyncConnection

from sidecar.database.asking import Answer
from sidecar.database.database import Database
from sidecar.database.question import Question
from sidecar.database.unavailable import Unavailable
from sidecar.identity.email import folded
from sidecar.policy.model import User, UserToken
from sidecar.policy_database.nested import token_of_row, user_of_row
from sidecar.policy_database.ordinary import Row, ordinary_token, ordinary_user
from sidecar.policy_database.revision import Revision
from sidecar.policy_database.storable import is_storable
from sidecar.policy_database.tables import Flag, Folded, Moment, WithinReach, flag_of, members, revisions, tokens, users
from sidecar.policy_database.unsound import UNREADABLE, UnsoundRowError
from sidecar.settings import model
from sidecar.settings.compile import compile_user
from sidecar.settings.scalars import Name

_MOST_IN_A_TURN = 20

_name = TypeAdapter[str](Name).validate_python


@dataclass(frozen=True, slots=True)
class TokenOfUser:
    """A token and its user, of one moment. Whether it has expired is for others to say; the user lacks the groups of all users."""

    token: UserToken
    user: User | UnsoundRowError


async def find_tokens(database: Database, digests: Sequence[bytes]) -> tuple[Revision, dict[bytes, TokenOfUser | UnsoundRowError]]:
    """The tokens that are there, by their digests (SHA-256 of a token's 64 characters), and of which moment that is.

    :param digests: at least one, at most `MOST_AT_ONCE`.
    :raises Unavailable: nobody can say now.
    """
    rows = await database.ask(TOKENS, digests)
    return _revision(rows), {bytes(row["digest"]): _token(row, groups) async for row, groups in _read(TOKENS, "digest", rows)}


async def find_users(database: Database, names: Sequence[str]) -> tuple[Revision, dict[str, User | UnsoundRowError]]:
    """The same for users by name. They lack the groups of all users.

    :param names: at most `MOST_AT_ONCE`, all of them storable.
    :raises Unavailable: nobody can say now.
    """
    rows = await database.ask(USERS, names)
    return _revision(rows), {row["name"]: _user(row, groups) async for row, groups in _read(USERS, "name", rows)}


async def find_users_by_email(database: Database, addresses: Sequence[str]) -> tuple[Revision, dict[str, User | UnsoundRowError]]:
    """The same for users by an e-mail address that is theirs alone, as `folded` makes it.

    :param addresses: at most `MOST_AT_ONCE`, all of them storable, none empty.
    :raises Unavailable: nobody can say now.
    """
    rows = await database.ask(EMAILS, addresses)
    found = {row["address"]: _user(row, groups) async for row, groups in _read(EMAILS, "name", rows)}
    # What is compared is what counts as his address everywhere else.
    return _revision(rows), {key: user for key, user in found.items() if not isinstance(user, User) or folded(user.email) == key != ""}


async def find_user(connection: AsyncConnection, name: str, of_all: frozenset[str]) -> User | None:
    """A single user with all of his groups, in somebody's transaction; None if there is none.

    :param of_all: the groups of all users.
    :raises UnsoundRowError: what is said of him can't be read.
    """
    rows = (await connection.execute(_select_users([name]))).all() if is_storable(name) else []
    for row, members_of in _grouped(USERS, "name", rows):
        user = _user(row, members_of)
        if isinstance(user, UnsoundRowError):
            raise user
        return replace(user, groups=user.groups | of_all)
    return None


def _select_tokens(digests: Sequence[bytes]) -> Select[Any]:
    """A row for each token and group of its user, one for a user without any; one row if there is no token at all."""
    found = _of_now().outerjoin(tokens, tokens.c.digest.in_(digests))
    return _select(found.outerjoin(users, users.c.name == tokens.c.user_name), *_plain(tokens))


def _select_users(names: Sequence[str]) -> Select[Any]:
    """The same for users."""
    return _select(_of_now().outerjoin(users, users.c.name.in_(names)))


def _select_users_by_email(addresses: Sequence[str]) -> Select[Any]:
    """The same for users whose address, folded, is one of these and nobody else's."""
    whose = _whose(addresses)
    found = _of_now().outerjoin(whose, true()).outerjoin(users, users.c.name == whose.c.name)
    return _select(found, whose.c.address)


def _whose(addresses: Sequence[str]) -> Subquery:
    address: ColumnElement[str] = Folded(users.c.email)
    asked = select(address.label("address"), func.min(users.c.name).label("name"))
    alone = asked.where(address.in_(addresses)).group_by(address).having(func.count() == 1)
    return alone.subquery("whose")


_parts = {part: revisions.alias(f"of_{part}") for part in ("rights", "users", "tokens")}


def _of_now() -> FromClause:
    """One row with the three numbers; none if one of them is missing."""
    of_rights, of_users, of_tokens = _parts.values()
    both = of_rights.join(of_users, and_(of_rights.c.part == "rights", of_users.c.part == "users"))
    return both.join(of_tokens, of_tokens.c.part == "tokens")


def _select(found: FromClause, *more: ColumnElement[Any]) -> Select[Any]:
    numbers = [table.c.number.label(f"number_of_{part}") for part, table in _parts.items()]
    groups = found.outerjoin(members, members.c.user_name == users.c.name)
    return select(*numbers, *more, *_plain(users), members.c.group_name).select_from(groups)


def _plain(table: FromClause) -> list[ColumnElement[Any]]:
    """The columns, with JSON, moments and flags as they are kept: SQLite takes anything, and one row must not spoil the others."""
    return [_plain_column(column).label(column.name) for column in table.c]


def _plain_column(column: ColumnElement[Any]) -> ColumnElement[Any]:
    match column.type:
        case JSON():
            return cast(column, Text)
        case Moment():
            return type_coerce(WithinReach(column), Text)  # PostgreSQL knows moments, and gives them as such
        case Flag():
            return type_coerce(column, Integer)  # likewise
        case _:
            return column


TOKENS, USERS, EMAILS = Question(_select_tokens), Question(_select_users), Question(_select_users_by_email)


def _revision(rows: Answer) -> Revision:
    if not rows:
        raise Unavailable("no revision")
    return Revision(*rows[0][: len(_parts)])


def _grouped(question: Question, key: str, rows: Answer) -> Iterator[tuple[Row, list[Any]]]:
    """What is said of each key, by the names of columns, and the groups that stand behind it: the last column of each row."""
    place = question.columns.index(key)
    grouped: dict[Any, tuple[Sequence[Any], list[Any]]] = {}
    for row in rows:
        value, group = row[place], row[-1]
        if value is None:
            continue
        _, groups = grouped.setdefault(value, (row, []))
        if group is not None:
            groups.append(group)
    for first, groups in grouped.values():
        yield dict(zip(question.columns, first, strict=True)), groups


async def _read(question: Question, key: str, rows: Answer) -> AsyncIterator[tuple[Row, list[Any]]]:
    """The same, with a turn for everybody else now and then: hundreds of users take many milliseconds to read."""
    for number, each in enumerate(_grouped(question, key, rows), 1):
        yield each
        if number % _MOST_IN_A_TURN == 0:
            await asyncio.sleep(0)


def _token(row: Row, groups: Sequence[Any]) -> TokenOfUser | UnsoundRowError:
    token = ordinary_token(row) or strict_token(row)
    if isinstance(token, UserToken):
        if row["name"] is None:  # past the database's own rules
            return UnsoundRowError(f"token {token.digest.hex()[:12]} is of nobody")
        return TokenOfUser(token, _user(row, groups))
    return token


def strict_token(row: Row) -> UserToken | UnsoundRowError:
    """A token as the configuration would take it."""
    digest = bytes(row["digest"])
    try:
        part = model.Token.model_validate(_storable(token_of_row({**row, "expires": _moment(row["expires"])})))
    except UNREADABLE:  # a ValidationError is a ValueError
        return UnsoundRowError(f"token {digest.hex()[:12]} can't be read")
    return UserToken(digest, intern(part.app_connector), part.user, part.description, part.expires)


def _user(row: Row, groups: Sequence[Any]) -> User | UnsoundRowError:
    try:
        shared = _one_of(frozenset(map(intern, groups)))
    except TypeError:
        return _unsound_user(row)
    return ordinary_user(row, shared) or strict_user(row, shared)


def strict_user(row: Row, groups: frozenset[str]) -> User | UnsoundRowError:
    """A user as the configuration would take him."""
    try:
        name = _name(row["name"])
        read = {column: json.loads(row[column]) for column in ("applications", "attributes")}
        read |= {column: flag_of(row[column]) for column in ("blocked", "system")}
        part = model.User.model_validate(_storable(user_of_row({**row, **read})))
    except UNREADABLE:
        return _unsound_user(row)
    user = compile_user(name, part, groups)
    return replace(user, groups=groups, applications=_one_of(user.applications))


def _unsound_user(row: Row) -> UnsoundRowError:
    return UnsoundRowError(f"user `{row['name']}` can't be read" if str(row["name"]).isprintable() else "a user's name can't be read")


@lru_cache(maxsize=4096)
def _one_of(texts: frozenset[str]) -> frozenset[str]:
    """The same set for all who have the same: it is most of what a user costs to remember."""
    return texts


def _storable(nested: Mapping[str, Any]) -> Mapping[str, Any]:
    if not is_storable(nested):
        raise ValueError
    return nested


def _moment(value: Any) -> datetime | None:
    """In UTC where no zone is said, as the table's own type has it."""
    if value is None or isinstance(value, datetime):
        return value
    return datetime.fromisoformat(value)
