"""The admin port tells whether requests can be served, what policy is in force and how the last reload went."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient
from prometheus_client import CollectorRegistry
from pytest_aiohttp.plugin import AiohttpClient

from sidecar.admin.app import admin_app
from sidecar.admin.policy_metrics import PolicyMetrics
from sidecar.admin.readiness import readiness
from sidecar.store.reload import PolicyStore, utc_now

GOOD = (
    'environments: {E: {rest: "https://b.example", credential: {passthrough: true}}}\n'
    "users: {a: {email: a@example.com, applications: [pocket]}}\n"
)
BAD = GOOD.replace("email", "emial")

Client = TestClient[web.Request, web.Application]


@pytest.fixture
async def store(tmp_path: Path) -> Any:
    config = tmp_path / "config.yaml"
    config.write_text(GOOD)
    store = PolicyStore([config], {}, poll=0.02)
    await store.start()
    yield store
    await store.stop()


async def client_of(store: PolicyStore, aiohttp_client: AiohttpClient, *, draining: bool = False) -> Client:
    registry = CollectorRegistry()
    registry.register(PolicyMetrics(store))
    moment = utc_now() + timedelta(seconds=90)
    return await aiohttp_client(admin_app(lambda: readiness(store, {}, draining=draining, now=moment), registry))


async def attempt(store: PolicyStore, config: Path, text: str) -> None:
    """Write the file and wait until the store has looked at it."""
    before = store.reloads_succeeded + store.reloads_failed
    config.write_text(text)
    async with asyncio.timeout(5):
        while store.reloads_succeeded + store.reloads_failed == before:  # noqa: ASYNC110  polled from outside, as a person would
            await asyncio.sleep(0.01)


async def test_a_loaded_policy_makes_ready_and_tells_its_age(store: PolicyStore, aiohttp_client: AiohttpClient) -> None:
    client = await client_of(store, aiohttp_client)
    answer = await client.get("/readyz")
    report = await answer.json()
    assert (answer.status, report["ready"], report["last_reload"]["succeeded"]) == (200, True, True)
    assert store.snapshot is not None
    assert report["policy"]["version"] == store.snapshot.policy.version
    assert 89 < report["policy"]["age_seconds"] < 100
    assert (await (await client.get("/livez")).text()) == "ok\n"


async def test_a_failed_reload_is_told_and_changes_nothing(store: PolicyStore, aiohttp_client: AiohttpClient, tmp_path: Path) -> None:
    client = await client_of(store, aiohttp_client)
    before = store.snapshot
    await attempt(store, tmp_path / "config.yaml", BAD)
    answer = await client.get("/readyz")
    report = await answer.json()
    assert answer.status == 200
    assert store.snapshot is before
    assert report["last_reload"]["succeeded"] is False
    assert "emial" in report["last_reload"]["errors"][0]
    metrics = await (await client.get("/metrics")).text()
    assert "sidecar_policy_last_reload_successful 0.0" in metrics
    assert 'sidecar_policy_reloads_total{result="failure"} 1.0' in metrics


async def test_nothing_is_ready_without_a_policy_or_while_draining(
    store: PolicyStore, aiohttp_client: AiohttpClient, tmp_path: Path
) -> None:
    assert (await (await client_of(store, aiohttp_client, draining=True)).get("/readyz")).status == 503
    broken = tmp_path / "broken.yaml"
    broken.write_text(BAD)
    empty = PolicyStore([broken], {})
    await empty.start()
    try:
        client = await client_of(empty, aiohttp_client)
        assert (await client.get("/readyz")).status == 503
        assert (await client.get("/livez")).status == 200
    finally:
        await empty.stop()


async def test_what_others_know_is_fetched_before_it_is_told(aiohttp_client: AiohttpClient) -> None:
    fetched: list[bool] = []

    async def fetch() -> None:
        fetched.append(True)

    client = await aiohttp_client(admin_app(lambda: (len(fetched) == 1, {}), CollectorRegistry(), fetch))
    assert (await client.get("/livez")).status == 200
    assert not fetched
    assert (await client.get("/readyz")).status == 200
    assert (await client.get("/metrics")).status == 200
    assert len(fetched) == 2


async def test_nothing_else_is_served_there(store: PolicyStore, aiohttp_client: AiohttpClient) -> None:
    client = await client_of(store, aiohttp_client)
    assert (await client.get("/ProfitRestServices/metainfo")).status == 404
    assert (await client.post("/livez")).status == 405
