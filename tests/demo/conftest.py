"""A database of the demo's company, and the stand-in backend behind a real socket."""

import base64
import sqlite3
from collections.abc import Iterator

import pytest
from aiohttp.test_utils import TestClient
from aiohttp.web import Application, Request
from pytest_aiohttp import AiohttpClient

from sidecar.demo.backend import backend, new_token
from sidecar.demo.data import create_database


@pytest.fixture(scope="module")
def database() -> Iterator[sqlite3.Connection]:
    """Read only, please: shared by the tests of a file."""
    connection = create_database()
    yield connection
    connection.close()


@pytest.fixture
def token() -> str:
    """The backend's own token, as XML."""
    return new_token()


@pytest.fixture
def app(token: str) -> Application:
    return backend(token)


@pytest.fixture
async def client(aiohttp_client: AiohttpClient, app: Application, token: str) -> TestClient[Request, Application]:
    """A client that holds the backend's token."""
    return await aiohttp_client(app, headers={"Authorization": "AfasToken " + base64.b64encode(token.encode()).decode()})
