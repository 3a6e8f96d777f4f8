"""A single user, or a single token with its user, by one statement that finds its rows by index however many there are."""

from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Select, select
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from sidecar.policy.model import User, UserToken
from sidecar.policy_database.nested import user_of_row
from sidecar.policy_database.tables import members, tokens, users
from sidecar.settings import model
from sidecar.settings.compile import compile_user


class UnsoundRowError(Exception):
    """A row that makes no sense, written past the sidecar: whom it is about gets nowhere. The message repeats nothing of it but a name."""


async def find_user(connection: AsyncConnection, name: str, of_all: frozenset[str]) -> User | None:
    """The user with his groups, None if there is none.

    :param of_all: the groups of all users.
    :raises UnsoundRowError: what is said of him can't be read.
    """
    rows = (await connection.execute(user_query(name))).mappings().all()
    return _user(rows, of_all) if rows else None


async def find_token(connection: AsyncConnection, digest: bytes, of_all: frozenset[str]) -> tuple[UserToken, User] | None:
    """The token and its user with his groups, all of one moment; None if there is none. Whether it has expired is for others to say.

    :param digest: SHA-256 of the token's 64 characters.
    :param of_all: the groups of all users.
    :raises UnsoundRowError: what is said of its user can't be read.
    """
    rows = (await connection.execute(token_query(digest))).mappings().all()
    if not rows:
        return None
    row = rows[0]
    token = UserToken(bytes(row["digest"]), row["app_connector"], row["user_name"], row["description"], row["expires"])
    return token, _user(rows, of_all)


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


def _user(rows: Sequence[RowMapping], of_all: frozenset[str]) -> User:
    name = str(rows[0]["name"])
    try:
        part = model.User.model_validate(user_of_row(dict(rows[0])))
    except ValidationError:
        raise UnsoundRowError(f"user `{name}` can't be read") from None
    return compile_user(name, part, of_all | {row["group_name"] for row in rows if row["group_name"] is not None})
