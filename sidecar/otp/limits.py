"""Counts how often something happened within the hour, for all replicas together, in rows whose number is bounded.

A row holds the hour that it counts and starts anew in the next, so nothing has to be cleaned up.
"""

from ipaddress import IPv6Address, ip_address

from sqlalchemy import case
from sqlalchemy.ext.asyncio import AsyncConnection

from sidecar.database.database import Database
from sidecar.otp.schema import limits

HOUR = 3_600
ADDRESS_PLACES = 65_536
"""Rows for addresses of each kind. Two that fall into one place share a limit; it takes thousands at once for that to be felt."""


async def count(database: Database, connection: AsyncConnection, slot: bytes, now: int, step: int = 1) -> int:
    """Add `step` and give the sum of this hour, in one statement.

    :param step: 0 does the same work and counts nothing.
    :param now: seconds since 1970. A replica whose clock is behind counts in the hour of the others.
    """
    row = database.insert(limits).values(slot=slot, hour=now // HOUR, count=step)
    same = limits.c.hour >= row.excluded.hour
    counted = row.on_conflict_do_update(
        index_elements=[limits.c.slot],
        set_={
            "hour": case((same, limits.c.hour), else_=row.excluded.hour),
            "count": case((same, limits.c.count + row.excluded.count), else_=row.excluded.count),
        },
    ).returning(limits.c.count)
    return int((await connection.execute(counted)).scalar_one())


def seconds_to_next_hour(now: int) -> int:
    """When counting starts anew."""
    return HOUR - now % HOUR


def neighbourhood(address: str) -> str:
    """What is counted as one address: for IPv6 the /64, since one subscriber has all addresses of it."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return ""
    if isinstance(parsed, IPv6Address):
        return str(parsed.ipv4_mapped or int(parsed) >> 64)
    return str(parsed)
