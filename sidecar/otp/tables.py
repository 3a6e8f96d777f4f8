"""Makes the tables of the token authority."""

from sidecar.database.database import Database
from sidecar.database.making import until_made
from sidecar.otp.schema import metadata, revision


async def make_tables(database: Database) -> None:
    """Make the tables that are not there. Several replicas may do so at the same moment.

    :raises Unavailable: they could not be made.
    """

    async def make() -> None:
        async with database.writing() as connection:
            await connection.run_sync(metadata.create_all)
            first = database.insert(revision).values(id=1, number=1)
            await connection.execute(first.on_conflict_do_nothing(index_elements=[revision.c.id]))

    await until_made(make)
