"""Codes that were mailed and not used yet, each step one statement, so that replicas can't do it twice between them."""

from dataclasses import dataclass

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from sidecar.database.database import Database
from sidecar.otp.schema import codes


@dataclass(frozen=True, slots=True)
class LiveCode:
    """A code's keyed digest, its place, and the device it was asked for."""

    slot: bytes
    code: bytes
    description: str


async def keep_code(database: Database, connection: AsyncConnection, owner: bytes, live: LiveCode, now: int, expires: int) -> None:
    """Put a code in its place; the one that was there is good for nothing from then on. Expired ones of the owner go."""
    row = database.insert(codes).values(slot=live.slot, owner=owner, code=live.code, description=live.description, tries=0, expires=expires)
    anew = {"code": row.excluded.code, "tries": 0, "expires": row.excluded.expires}
    await connection.execute(row.on_conflict_do_update(index_elements=[codes.c.slot], set_=anew))
    await connection.execute(delete(codes).where(codes.c.owner == owner, codes.c.expires <= now))


async def spend_try(connection: AsyncConnection, owner: bytes, most_tries: int, now: int) -> list[LiveCode]:
    """Take one try off each live code of the owner and give those that had one left.

    The caller doesn't say for which device a code is (wire reference 4.3), so a guess is one at all of them. The try is spent before
    anything is compared: what is tried at once, and what is broken off, counts as well.
    """
    usable = (codes.c.owner == owner, codes.c.expires > now, codes.c.tries < most_tries)
    # Locked in one order, or two guesses at the same codes could wait for each other.
    in_order = select(codes.c.slot).where(*usable).order_by(codes.c.slot).with_for_update()
    spent = update(codes).where(codes.c.slot.in_(in_order), *usable).values(tries=codes.c.tries + 1)
    rows = await connection.execute(spent.returning(codes.c.slot, codes.c.code, codes.c.description))
    return [LiveCode(*row) for row in rows]


async def take_code(connection: AsyncConnection, live: LiveCode, now: int) -> bool:
    """Use the code up. True for one only of all who try, and only if no other code took its place meanwhile."""
    used = delete(codes).where(codes.c.slot == live.slot, codes.c.code == live.code, codes.c.expires > now)
    return (await connection.execute(used.returning(codes.c.slot))).first() is not None
