"""The numbers that tell whether anything changed, whoever changed it."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from sidecar.database.unavailable import Unavailable
from sidecar.policy_database.tables import revisions

CHANNEL = "sidecar_policy"
"""Where PostgreSQL notifies of a change, when it is committed; the payload is the part: rights, users or tokens."""


@dataclass(frozen=True, slots=True)
class Revision:
    """What changes with every change: of app connectors, groups and filter types; of users and memberships; of tokens."""

    rights: int
    users: int
    tokens: int


async def current_revision(connection: AsyncConnection) -> Revision:
    """The numbers of the moment; in a snapshot, of that snapshot.

    :raises Unavailable: a number is missing, so that changes could not be told.
    """
    numbers = {row.part: row.number for row in await connection.execute(select(revisions))}
    if not numbers.keys() >= {"rights", "users", "tokens"}:
        raise Unavailable("no revision")
    return Revision(numbers["rights"], numbers["users"], numbers["tokens"])


async def take_turn(connection: AsyncConnection) -> None:
    """The first step of every change: those that change the policy at once wait for one another here, and never crosswise later on."""
    await connection.execute(select(revisions.c.part).order_by(revisions.c.part).with_for_update())
