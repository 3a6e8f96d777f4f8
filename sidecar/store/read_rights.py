"""Reads rights from a database of policy: in one transaction, so that they are all of one moment, and only from tables that are known."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from sidecar.database.database import PATIENCE, Database
from sidecar.database.unavailable import Unavailable
from sidecar.database.url import database_url
from sidecar.policy_database.contents import export_rights
from sidecar.policy_database.migrate import version_on, why_not_usable
from sidecar.policy_database.revision import Revision, current_revision
from sidecar.policy_database.unsound import UnsoundRowError
from sidecar.settings.tree import Place, tree_of
from sidecar.store.rights import Rights, RightsUnknownError

_PLACE = Place("policy.database", 0)
_SECONDS_FOR_AN_ANSWER = 5.0
_SECONDS_FOR_ALL = 30.0
_PUT_BACK = "`sidecar db init` makes a new one; one that was there must be put back"


def file_of(url: str) -> tuple[int, int] | None:
    """What tells the file of a SQLite from another one of the same name; None for a PostgreSQL.

    :raises RightsUnknownError: it isn't there.
    """
    parsed = database_url(url)
    if parsed.get_backend_name() != "sqlite":
        return None
    try:
        status = Path(str(parsed.database)).stat()
    except OSError:
        raise RightsUnknownError("names a file that is not there", _PUT_BACK, passing=False) from None
    return status.st_dev, status.st_ino


def open_database(url: str, patience: float = PATIENCE) -> Database:
    """The database of policy; nothing is asked of it yet.

    :param patience: seconds for a lock and for a statement.
    :raises RightsUnknownError: it is a file that can't be used.
    """
    try:
        return Database(url, patience)
    except ValueError as error:
        raise RightsUnknownError(str(error), "", passing=False) from None


async def read_revision(database: Database) -> Revision:
    """The revision of the moment.

    :raises RightsUnknownError: it gives no answer.
    """
    async with _patiently(_SECONDS_FOR_AN_ANSWER), database.looking() as connection:
        return await current_revision(connection)


async def read_rights(database: Database) -> Rights:
    """All of them, whatever others write meanwhile.

    :raises RightsUnknownError: it gives no answer, or has other tables.
    """
    async with _patiently(_SECONDS_FOR_ALL), database.snapshot() as connection:
        unusable = why_not_usable(await connection.run_sync(version_on))
        if unusable is not None:
            raise RightsUnknownError(*unusable, passing=False)
        revision = await current_revision(connection)
        try:
            return Rights(revision, tree_of(await export_rights(connection), _PLACE))
        except UnsoundRowError:
            return Rights(revision, None)


async def rights_at(url: str) -> Rights | RightsUnknownError:
    """What a database holds now, for those who ask but once."""
    try:
        file_of(url)
        database = open_database(url)
    except RightsUnknownError as error:
        return error
    try:
        return await read_rights(database)
    except RightsUnknownError as error:
        return error
    finally:
        await database.close()


@asynccontextmanager
async def _patiently(seconds: float) -> AsyncIterator[None]:
    """That a database hangs is the same as that it is away."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except (Unavailable, TimeoutError) as error:
        told = str(error) if isinstance(error, Unavailable) else type(error).__name__
        raise RightsUnknownError(f"gives no answer ({told})", "see whether it runs, and whether this is its URL", passing=True) from None
