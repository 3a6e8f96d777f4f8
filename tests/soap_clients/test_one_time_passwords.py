"""One-time passwords as clients ask for them: the backend's own where they are forwarded, the sidecar's where it is the authority."""

import base64
import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from sidecar.demo.running import Held, Running
from tests.end_to_end.harness.one_time_passwords import API_KEY, ENVIRONMENT_KEY, mailbox, with_one_time_passwords
from tests.soap_clients.demo import running_demo, wider_policy
from tests.soap_clients.question import ALL, Question, Reply, SoapClient

USER = "j.devries@example.com"


@pytest.fixture(scope="module")
def forwarding(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    policy = wider_policy()
    policy["environments"]["O12345AA"]["otp"] = "forward"
    with running_demo(tmp_path_factory.mktemp("policy"), policy) as running:
        yield running


def opens_the_backend(demo: Running, token: str) -> bool:
    """Whether the backend takes this token."""
    headers = {"Authorization": "AfasToken " + base64.b64encode(token.encode()).decode()}
    try:
        with urllib.request.urlopen(urllib.request.Request(f"{demo.backend_url}/profitversion", headers=headers), timeout=20):  # noqa: S310
            return True
    except urllib.error.HTTPError as error:
        error.close()
        return False


def test_over_rest_the_code_of_the_backend_gives_its_token(forwarding: Running) -> None:
    keys = {"apiKey": forwarding.passwords.api_key, "apiToken": forwarding.passwords.environment_key, "userId": USER}

    def post(step: str, **more: str) -> tuple[int, bytes]:
        body = json.dumps(keys | more).encode()
        asked = urllib.request.Request(f"{forwarding.sidecar_url}/{step}", body, {"Content-Type": "application/json"})  # noqa: S310
        with urllib.request.urlopen(asked, timeout=20) as answer:  # noqa: S310
            return answer.status, answer.read()

    assert post("otprequest")[0] == 200
    mail = forwarding.passwords.mails[-1]
    assert mail.email == USER
    status, answer = post("otpvalidation", otp=mail.code)
    assert status == 200
    assert opens_the_backend(forwarding, json.loads(answer)["token"])
    assert post("otpvalidation", otp=mail.code) == (204, b"")


def over_soap(demo: Running, ask: SoapClient, operation: str, **arguments: str) -> Reply:
    return ask(demo.soap_url, Question("TokenConnector", operation, arguments))


def test_over_soap_the_code_of_the_backend_gives_its_token(forwarding: Running, ask: SoapClient) -> None:
    keys = {"userId": USER, "apiKey": forwarding.passwords.api_key, "environmentKey": forwarding.passwords.environment_key}
    reply = over_soap(forwarding, ask, "GenerateOTP", **keys, description="phone")
    assert reply.fault is None
    assert reply.address == f"{forwarding.soap_url}/TokenConnector.asmx"
    mail = forwarding.passwords.mails[-1]
    assert (mail.email, mail.device) == (USER, "phone")
    token = over_soap(forwarding, ask, "GetTokenFromOTP", **keys, otp=mail.code).result
    assert token is not None
    assert opens_the_backend(forwarding, token)
    assert over_soap(forwarding, ask, "DeleteToken", token=token).fault is None
    assert not opens_the_backend(forwarding, token)


def test_over_soap_the_code_of_the_sidecar_gives_a_token_that_opens_the_sidecar_only(ask: SoapClient, tmp_path: Path) -> None:
    policy = wider_policy()
    with mailbox(tmp_path) as mails:
        with_one_time_passwords(policy, tmp_path, mails)
        with running_demo(tmp_path, policy) as demo:
            keys = {"userId": USER, "apiKey": API_KEY, "environmentKey": ENVIRONMENT_KEY}
            assert over_soap(demo, ask, "GenerateOTP", **keys, description="phone").fault is None
            code = mails.code()
            wrong = over_soap(demo, ask, "GetTokenFromOTP", **keys, otp="x" + code[1:]).fault
            assert wrong is not None
            assert "not valid" in wrong.text
            token = over_soap(demo, ask, "GetTokenFromOTP", **keys, otp=code).result
            assert token is not None
            assert not opens_the_backend(demo, token)
            mine = Question("AppConnectorGet", "GetData", {"token": token, "connectorId": "Profit_Hours", **ALL})
            listed = demo.authorizations[Held("j.devries", "hours")]
            same = Question("AppConnectorGet", "GetData", {"connectorId": "Profit_Hours", **ALL}, authorization=listed)
            assert ask(demo.soap_url, mine).rows == ask(demo.soap_url, same).rows != []
            assert over_soap(demo, ask, "DeleteToken", token=token).fault is None
            assert ask(demo.soap_url, mine).fault is not None
