"""A configuration with its policy, wherever that is, for those who look but once."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from sidecar.store.file import Loaded, conclude, read_files
from sidecar.store.rights import Rights, RightsUnknownError


async def load_all(paths: Sequence[Path], environ: Mapping[str, str], now: datetime) -> Loaded:
    """Everything in these files (at least one) and in the database that they may name, with all problems at once."""
    files = await asyncio.to_thread(read_files, paths, environ)
    rights: Rights | RightsUnknownError | None = None
    if files.database is not None:
        from sidecar.store.read_rights import rights_at  # brings SQLAlchemy along, which many have no use for

        rights = await rights_at(files.database)
    return conclude(files, rights, now)
