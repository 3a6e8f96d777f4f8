"""A backend and a sidecar for the tests; whatever reaches the backend in any of them must be of the sidecar's own making."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.databases import new_on, sqlite_in
from tests.end_to_end.harness.canonical import assert_canonical
from tests.end_to_end.harness.in_database import put_there
from tests.end_to_end.harness.stage import Change, OwnStage, Stage, staged
from tests.postgres import DATABASES


@pytest.fixture(scope="session")
def lasting_stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("stage")) as stage:
        yield stage


@pytest.fixture
def stage(lasting_stage: Stage) -> Iterator[Stage]:
    """One that all tests share, who leave its configuration alone. Its backend has forgotten the test before."""
    lasting_stage.backend.script = None
    lasting_stage.backend.take()
    yield lasting_stage
    lasting_stage.backend.script = None
    for received in lasting_stage.backend.take():
        assert_canonical(received, lasting_stage.backend.port)


@pytest.fixture
def own_stage(tmp_path: Path) -> Iterator[OwnStage]:
    """Starts one for the test alone, with changes of the configuration."""
    with ExitStack() as stack:
        started: list[Stage] = []

        def start(change: Change = lambda _: None, *, poll: float = 0.03, uvloop: bool = True) -> Stage:
            folder = tmp_path / str(len(started))
            folder.mkdir()
            started.append(stack.enter_context(staged(folder, change, poll=poll, uvloop=uvloop)))
            return started[-1]

        yield start
        for stage in started:
            for received in stage.backend.take():
                assert_canonical(received, stage.backend.port)


@pytest.fixture(params=DATABASES)
def policy_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database with the policy that the other tests have in files."""
    url = sqlite_in(tmp_path) if request.param == "sqlite" else asyncio.run(new_on(request.getfixturevalue("postgres")))
    asyncio.run(put_there(url))
    return url
