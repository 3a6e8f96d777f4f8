"""A single user, or a single token with its user, by one statement that finds its rows by index however many there are."""

from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Select, select
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from sidecar.policy.model import User, UserToken
from sidecar.policy_database.nested import token_of_row, user_of_row
from sidecar.policy_database.storable import is_storable
from sidecar.policy_database.tables import members, tokens, users
from sidecar.policy_database.unsound import UnsoundRowError
from sidecar.settings import model
from sidecar.settings.compile import compile_user


async def find_user(connection: AsyncConnection, name: str, of_all: frozenset[str]) -> User | None:
    """The user with his groups, None if there is none.

    :param of_all: the groups of all users.
    :raises UnsoundRowError: what is said of him can't be read.
    """
    rows = await _rows(connection, user_query(name)) if is_storable(name) else []
    return _user(rows, of_all) if rows else None


async def find_token(connection: AsyncConnection, digest: bytes, of_all: frozenset[str]) -> tuple[UserToken, User] | None:
    """The token and its user with his groups, all of one moment; None if there is none. Whether it has expired is for others to say.

    :param digest: SHA-256 of the token's 64 characters.
    :param of_all: the groups of all users.
    :raises UnsoundRowError: what is said of it or of its user can't be read.
    """
    rows = await _rows(connection, token_query(digest))
    return (_token(rows[0]), _user(rows, of_all)) if rows else None


def user_query(name: str) -> Select[Any]:
    """A row for each of the user's groups, one for a user without any."""
    return select(users, members.c.group_name).outerjoin(members, members.c.user_name == users.c.name).where(users.c.name == name)


def token_query(digest: bytes) -> Select[Any]:
    """The same for the token's user, with the token."""
    return (
        select(tokens, users, members.c.group_name)
        .join_from(tokens, users, users.c.name == tokens.c.user_name)
        .outerjoin(members, members.c.user_name == users.c.name)
        .where(tokens.c.digest == digest)
    )


async def _rows(connection: AsyncConnection, query: Select[Any]) -> Sequence[RowMapping]:
    try:
        rows: Sequence[RowMapping] = (await connection.execute(query)).mappings().all()
    except (TypeError, ValueError):  # SQLite takes anything for JSON or a moment
        raise UnsoundRowError("a row can't be read") from None
    return rows


def _token(row: RowMapping) -> UserToken:
    try:
        part = model.Token.model_validate(token_of_row(dict(row)))
    except ValidationError:
        raise UnsoundRowError("a token can't be read") from None
    return UserToken(bytes(row["digest"]), part.app_connector, part.user, part.description, part.expires)


def _user(rows: Sequence[RowMapping], of_all: frozenset[str]) -> User:
    name = str(rows[0]["name"])
    try:
        part = model.User.model_validate(user_of_row(dict(rows[0])))
    except ValidationError:
        raise UnsoundRowError(f"user `{name}` can't be read") from None
    return compile_user(name, part, of_all | {row["group_name"] for row in rows if row["group_name"] is not None})
