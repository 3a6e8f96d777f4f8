"""The administration API of a running sidecar: there where policy is in a database, on whatever its files and that database are now."""

import contextlib
from collections.abc import AsyncIterator, Callable

from aiohttp import web

from sidecar.record.administration_metrics import AdministrationMetrics
from sidecar.store.reload import PolicyStore


@contextlib.asynccontextmanager
async def administration(store: PolicyStore | None, metrics: AdministrationMetrics) -> AsyncIterator[Callable[[web.Application], None]]:
    """What adds the API to the application of the admin port; nothing, where policy is in files.

    Its connections are its own, so that nothing that is done here delays a look-up of the traffic.

    :param store: started by the caller. Keys, and the environments that changes are checked with, are those of its files in force.
    """
    if store is None or store.watch is None:
        yield _nothing
        return
    from sidecar.admin.api.serve import PATIENCE, AdministrationApi, Standing  # brings SQLAlchemy along, which many have no use for
    from sidecar.administration.perform import Administration
    from sidecar.store.read_rights import open_database
    from sidecar.store.rights import RightsUnknownError

    try:
        database = open_database(store.watch.url, PATIENCE)
    except RightsUnknownError:  # the store has told
        yield _nothing
        return

    def standing() -> Standing | None:
        return None if store.files is None else Standing(store.files.admin.keys, Administration(database, store.files))

    try:
        yield AdministrationApi(standing, metrics.results).add_to
    finally:
        await database.close()


def _nothing(_app: web.Application) -> None:
    """There is no API."""
