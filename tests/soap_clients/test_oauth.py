"""OAuth between the sidecar and the demo's backend, while apps keep their classic tokens: both dialects are served."""

from collections.abc import Iterator

import pytest

from sidecar.demo.running import Held, Running
from tests.soap_clients.demo import running_demo, wider_policy
from tests.soap_clients.question import ALL, Question, SoapClient, forwarded, token_xml
from tests.soap_clients.test_rows import over_rest

CONSULTANT = Held("j.devries", "hours")


@pytest.fixture(scope="module")
def with_oauth(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    policy = wider_policy()
    policy["environments"]["O12345AA"]["credential"] = {"oauth": {"client_id": "sidecar", "client_secret": "${DEMO_CLIENT_SECRET}"}}
    with running_demo(tmp_path_factory.mktemp("policy"), policy) as running:
        yield running


@pytest.mark.parametrize("in_body", [False, True], ids=["header", "body"])
def test_an_app_with_a_classic_token_is_served_over_soap(with_oauth: Running, ask: SoapClient, *, in_body: bool) -> None:
    proof = {"token": token_xml(with_oauth, CONSULTANT)} if in_body else {}
    authorization = None if in_body else with_oauth.authorizations[CONSULTANT]
    question = Question("AppConnectorGet", "GetData", {"connectorId": "Profit_Hours", **ALL, **proof}, authorization=authorization)
    assert ask(with_oauth.soap_url, question).rows == over_rest(with_oauth, CONSULTANT, "Profit_Hours", **ALL)
    assert b"<token>" not in b"".join(forwarded(with_oauth))
    calls = [received for received in with_oauth.received if "oauth" not in received.target and "wsdl" not in received.target.lower()]
    assert {dict(received.headers)["Authorization"].partition(" ")[0] for received in calls} == {"Bearer"}
