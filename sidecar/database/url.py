"""The URL of a database, as people write it and as it is opened."""

from pathlib import Path

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

_DRIVERS = {
    "sqlite": "sqlite+aiosqlite",
    "sqlite+aiosqlite": "sqlite+aiosqlite",
    "postgresql": "postgresql+asyncpg",
    "postgresql+asyncpg": "postgresql+asyncpg",
}


def database_url(text: str, folder: Path = Path()) -> URL:
    """The URL with its driver. `sqlite:///otp.db` is a file in `folder`, `sqlite:////var/lib/otp.db` one from the root.

    :raises ValueError: for anything but a file of SQLite or a PostgreSQL; the text holds no part of it, which may be a password.
    """
    try:
        url = make_url(text.strip())
    except (ArgumentError, ValueError):
        raise ValueError("is not the URL of a database") from None
    driver = _DRIVERS.get(url.drivername)
    if driver is None:
        raise ValueError("begins neither with sqlite:/// nor with postgresql://")
    if url.get_backend_name() == "sqlite":
        if url.host or url.query:
            raise ValueError("has more in it than the path of a file behind `sqlite:///`")
        if (url.database or ":memory:") == ":memory:":
            raise ValueError("names no file, so that a restart would lose every token")
        url = url.set(database=str(folder / str(url.database)))
    return url.set(drivername=driver)
