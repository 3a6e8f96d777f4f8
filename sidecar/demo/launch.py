"""Starts the demo: the stand-in backend and the real sidecar in front of it, on free ports of this machine, in one process."""

import contextlib
import secrets
import tempfile
from collections import deque
from collections.abc import AsyncIterator, Mapping
from importlib.resources import as_file, files
from pathlib import Path

import yaml
from aiohttp import web

from sidecar.demo.backend import FAULTS, OAUTH, ONE_TIME_PASSWORDS, RECEIVED, Received, backend, new_token
from sidecar.demo.running import Held, Running
from sidecar.identity.user_token import authorization_for, data_in_any_form, digest_of
from sidecar.record.decision_log import LogFormat
from sidecar.service import serve
from sidecar.store.reload import PolicyStore

_HOLDERS = (
    Held("j.devries", "hours"),
    Held("j.devries", "guarded"),
    Held("p.bakker", "hours"),
    Held("m.jansen", "hours"),
    Held("m.jansen", "payroll"),
)
_BASE = "/ProfitRestServices"
_SOAP_BASE = "/ProfitServices"


@contextlib.asynccontextmanager
async def launched(policy: Path | None = None) -> AsyncIterator[Running]:
    """Both servers, until the end of the block. Tokens are made afresh, and gone with it.

    :param policy: another configuration than the demo's own; it needs the same app connectors and users.
    """
    backend_token = new_token()
    issued = {held: secrets.token_hex(32).upper() for held in _HOLDERS}
    app = backend(backend_token)
    own = {"DEMO_BACKEND_TOKEN": backend_token, "DEMO_CLIENT_SECRET": app[OAUTH].client_secret}
    async with _backend_url(app) as backend_url, _store(policy, {"DEMO_BACKEND": backend_url, **own}, issued) as store:
        if store.settings is None:
            raise RuntimeError("the demo's own configuration can't be used")
        decisions: list[str] = []
        async with serve(store.settings, store, LogFormat.JSON, lambda lines: decisions.extend(lines.splitlines())) as running:
            received: deque[Received] = app[RECEIVED]
            yield Running(
                backend_url=backend_url + _BASE,
                sidecar_url=running.url + _BASE,
                soap_url=running.url + _SOAP_BASE,
                admin_url=running.admin_url,
                backend_authorization=authorization_for(data_in_any_form(backend_token)),
                authorizations={held: authorization_for(data) for held, data in issued.items()},
                received=received,
                decisions=decisions,
                passwords=app[ONE_TIME_PASSWORDS],
                faults=app[FAULTS],
            )


@contextlib.asynccontextmanager
async def _backend_url(app: web.Application) -> AsyncIterator[str]:
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@contextlib.asynccontextmanager
async def _store(policy: Path | None, environ: Mapping[str, str], issued: Mapping[Held, str]) -> AsyncIterator[PolicyStore]:
    """The policy, by default that of `demo.yaml`, together with the tokens of this start, which stand in a file apart."""
    with tempfile.TemporaryDirectory() as folder, as_file(files("sidecar.demo") / "demo.yaml") as own:
        tokens = Path(folder) / "tokens.yaml"
        tokens.write_text(yaml.safe_dump({"tokens": [_entry(held, data) for held, data in issued.items()]}), encoding="utf-8")
        store = PolicyStore([policy or own, tokens], environ)
        await store.start()
        try:
            yield store
        finally:
            await store.stop()


def _entry(held: Held, data: str) -> dict[str, str]:
    return {"app_connector": held.app_connector, "user": held.user, "description": "demo", "sha256": digest_of(data).hex()}
