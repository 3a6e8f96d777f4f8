"""Makes the tables of the token authority."""

import asyncio

from sidecar.database.database import Database
from sidecar.database.unavailable import Unavailable
from sidecar.otp.schema import metadata, revision

_ATTEMPTS = 5
_PAUSE = 0.2


async def make_tables(database: Database) -> None:
    """Make the tables that are not there. Several replicas may do so at the same moment.

    :raises Unavailable: they could not be made.
    """
    for attempt in range(_ATTEMPTS):
        try:
            async with database.writing() as connection:
                await connection.run_sync(metadata.create_all)
                first = database.insert(revision).values(id=1, number=1)
                await connection.execute(first.on_conflict_do_nothing(index_elements=[revision.c.id]))
            return
        except Unavailable:  # two that make the same table: one of them fails, and finds it made on looking again
            if attempt == _ATTEMPTS - 1:
                raise
            await asyncio.sleep(_PAUSE)
