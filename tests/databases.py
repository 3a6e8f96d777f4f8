"""Databases for tests: empty ones of both kinds."""

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from sidecar.database.database import Database
from sidecar.database.url import database_url


def sqlite_in(folder: Path) -> str:
    """A file in a folder."""
    return f"sqlite:///{folder.as_posix()}/{uuid.uuid4().hex}.db"


async def new_on(server: str) -> str:
    """A new database on a server of PostgreSQL."""
    name = f"t{uuid.uuid4().hex}"
    engine = create_async_engine(database_url(server), isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.execute(text(f"CREATE DATABASE {name}"))
    await engine.dispose()
    head, _, host = server.partition("/postgres?")
    return f"{head}/{name}?{host}"


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Database]:
    """The database at a URL, closed at the end."""
    database = Database(url)
    try:
        yield database
    finally:
        await database.close()
