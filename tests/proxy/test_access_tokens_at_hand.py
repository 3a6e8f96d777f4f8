"""A request that finds its access token at hand costs no task, and nothing that is remembered of it holds the token."""

import asyncio
from dataclasses import replace

from sidecar.proxy.backend_token import BackendToken, Pace
from sidecar.proxy.token_answer import AccessToken
from sidecar.store.oauth_client import ClientSecret, OAuthClient
from tests.proxy.rig import BASE, Rig, get, snapshot_of

CLIENT = OAuthClient("http://127.0.0.1:1/oauth/token", "hours", ClientSecret("secret"))
ROWS = f"{BASE}Profit_Hours"


async def rig_with(names: list[str]) -> tuple[Rig, BackendToken]:
    """One whose environment has OAuth, with the first of these tokens at hand."""

    async def fetch(_: OAuthClient) -> AccessToken:
        return AccessToken(names.pop(0), 3600)

    rig = Rig()
    snapshot = snapshot_of()
    environments = {name: replace(each, credential=CLIENT) for name, each in snapshot.environments.items()}
    rig.snapshot = replace(snapshot, environments=environments)
    token = BackendToken("O12345AA", CLIENT, fetch, lambda _, __: None, Pace())
    await token.wait(5)
    rig.gateway._rest._asking.credentials._tokens["O12345AA"] = token
    return rig, token


async def test_a_request_needs_no_task_and_gets_the_token_of_the_moment() -> None:
    rig, token = await rig_with(["one", "two"])
    client, transport = rig.client()
    tasks = asyncio.all_tasks()
    sent: list[bytes] = []
    for number in range(12):
        rig.ready()
        client.data_received(get(ROWS, "Accept: application/json"))
        assert asyncio.all_tasks() == tasks
        assert rig.answer()
        sent.append(rig.asked[-1])
        if number == 5:
            await token.renewed(b"Authorization: Bearer one\r\n", 5)
    assert transport.written.count(b"HTTP/1.1 200") == 12
    assert [head.count(b"Authorization: Bearer one\r\n") for head in sent] == [1] * 6 + [0] * 6
    assert [head.count(b"Authorization: Bearer two\r\n") for head in sent] == [0] * 6 + [1] * 6
    assert all(head.count(b"Authorization") == 1 for head in sent)
    token.retire()
