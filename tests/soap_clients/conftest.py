"""Each client in turn, and something for them to talk to."""

from collections.abc import Iterator

import pytest

from sidecar.demo.running import Running
from tests.soap_clients.demo import running_demo, wider_policy
from tests.soap_clients.php_client import ask_with_php
from tests.soap_clients.question import SoapClient
from tests.soap_clients.zeep_client import ask_with_zeep

CLIENTS: dict[str, SoapClient] = {"zeep": ask_with_zeep, "php": ask_with_php}


@pytest.fixture(params=list(CLIENTS))
def ask(request: pytest.FixtureRequest) -> SoapClient:
    """Each of the clients in turn."""
    return CLIENTS[request.param]


@pytest.fixture(scope="session")
def lasting_demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running_demo(tmp_path_factory.mktemp("policy"), wider_policy()) as running:
        yield running


@pytest.fixture
def demo(lasting_demo: Running) -> Running:
    """Running, with the demo's policy and somewhat more; what the backend received before is forgotten."""
    lasting_demo.received.clear()
    return lasting_demo
