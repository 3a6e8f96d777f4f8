"""One-time passwords of the backend's own, asked for and redeemed through the sidecar where it is told to forward them."""

import base64
import json
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from sidecar.demo.running import Running
from tests.soap_clients.demo import running_demo, wider_policy

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
