"""All that is said of users and tokens in files, said of those in a database: read a page at a time, however many there are."""

from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails
from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.ext.asyncio import AsyncConnection

from sidecar.identity.email import folded
from sidecar.policy.model import Policy, User
from sidecar.policy.names import look_of
from sidecar.policy_database.alike import names_by_text
from sidecar.policy_database.findings import Findings
from sidecar.policy_database.nested import token_of_row, user_of_row
from sidecar.policy_database.rows import Row
from sidecar.policy_database.tables import members, tokens, users
from sidecar.policy_database.unsound import UNREADABLE
from sidecar.policy_database.witnesses import Witnesses
from sidecar.settings import model
from sidecar.settings.advice import advise_on_tokens, warn_of_look_alikes
from sidecar.settings.compile import check_single_attributes, compile_user
from sidecar.settings.model import Settings
from sidecar.settings.otp_advice import advise_on_addresses, mailed
from sidecar.settings.problem import KeyPath
from sidecar.settings.references import check_attributes
from sidecar.settings.scalars import Name

_USERS_AT_ONCE = 2_000
_ID = 12  # hexadecimal digits of a token's id

_Part = TypeVar("_Part")

_name = TypeAdapter[str](Name).validate_python


@dataclass(frozen=True, slots=True)
class _Page:
    """Some users with all that belongs to them, as far as it can be read."""

    parts: dict[str, model.User]
    compiled: dict[str, User]
    tokens: tuple[model.Token, ...]


async def examine(connection: AsyncConnection, settings: Settings, policy: Policy, now: datetime, findings: Findings) -> Policy:
    """Report every problem of users and tokens.

    :param connection: of `Database.snapshot`.
    :param settings: all but users and tokens.
    :param policy: the same, compiled.
    :returns: the policy with a few users who stand for all, where advice is given on the rest of it.
    """
    for names in (await names_by_text(connection, users.c.name, look_of)).values():
        warn_of_look_alikes("users", names, findings)
    with_codes = mailed(settings, policy)
    sharing = await names_by_text(connection, users.c.email, lambda text: folded(text.strip())) if with_codes else {}
    witnesses = Witnesses(policy)
    async for names in _names(connection):
        page = await _page(connection, names, policy.of_all, findings)
        witnesses.hear(page.compiled.values())
        findings.turn_to([token.sha256[:_ID] for token in page.tokens])
        of_page = replace(policy, users=page.compiled)
        check_attributes(page.parts, findings)
        for filter_type in policy.filter_types.values():
            check_single_attributes(filter_type, page.compiled, findings)
        advise_on_tokens(settings.model_copy(update={"tokens": page.tokens}), of_page, now, findings)
        advise_on_addresses(with_codes, of_page, sharing, findings)
    return replace(policy, users=witnesses.users)


async def _names(connection: AsyncConnection) -> AsyncIterator[list[str]]:
    """The names of some users after the other, in the order of the database."""
    query = select(users.c.name).order_by(users.c.name).limit(_USERS_AT_ONCE)
    names = list((await connection.execute(query)).scalars())
    while names:
        yield names
        names = list((await connection.execute(query.where(users.c.name > names[-1]))).scalars())


async def _page(connection: AsyncConnection, names: Sequence[str], of_all: frozenset[str], findings: Findings) -> _Page:
    def between(column: ColumnElement[Any]) -> ColumnElement[bool]:
        return column.between(names[0], names[-1])

    groups: dict[str, set[str]] = defaultdict(set)
    for group, user in await connection.execute(select(members).where(between(members.c.user_name))):
        groups[user].add(group)
    parts: dict[str, model.User] = {}
    for row in await _rows(connection, select(users), between(users.c.name), users.c.name, ("users",), findings):
        part = _sound(partial(_named_user, row), ("users", str(row["name"])), findings)
        if part is not None:
            parts[part[0]] = part[1]
    found = []
    for row in await _rows(connection, select(tokens), between(tokens.c.user_name), tokens.c.digest, ("tokens",), findings):
        token = _sound(partial(_token, row), ("tokens", bytes(row["digest"]).hex()[:_ID]), findings)
        if token is not None:
            found.append(token)
    compiled = {name: compile_user(name, part, of_all | groups[name]) for name, part in parts.items()}
    return _Page(parts, compiled, tuple(found))


async def _rows(
    connection: AsyncConnection, query: Select[Any], where: ColumnElement[bool], key: ColumnElement[Any], path: KeyPath, findings: Findings
) -> list[Row]:
    """The rows; where one can't even be fetched, since SQLite takes anything for JSON or a moment, those that can be, one by one."""
    try:
        return [dict(row) for row in (await connection.execute(query.where(where))).mappings()]
    except UNREADABLE:
        pass
    rows = []
    for value in (await connection.execute(select(key).where(where))).scalars().all():
        try:
            rows += [dict(row) for row in (await connection.execute(query.where(key == value))).mappings()]
        except UNREADABLE:
            name = value.hex()[:_ID] if isinstance(value, bytes) else str(value)
            findings.error((*path, name), "a column of this row can't be read, so it proves nothing and opens nothing", fatal=False)
    return rows


def _named_user(row: Row) -> tuple[str, model.User]:
    return _name(row["name"]), model.User.model_validate(user_of_row(row))


def _token(row: Row) -> model.Token:
    return model.Token.model_validate(token_of_row(row))


def _sound(read: Callable[[], _Part], path: KeyPath, findings: Findings) -> _Part | None:
    try:
        return read()
    except ValidationError as error:
        for details in error.errors(include_url=False, include_input=False):
            findings.error((*path, *details["loc"][:1]), f"can't be read, so it opens nothing: {_told(details)}", fatal=False)
    return None


def _told(details: ErrorDetails) -> str:
    """What is wrong, never with what was written."""
    return str(details["ctx"]["message"]) if details["type"] == "complaint" else details["msg"]
