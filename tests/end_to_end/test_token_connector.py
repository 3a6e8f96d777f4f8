"""`TokenConnector` from outside: codes and tokens over SOAP, a token given up by whoever has it, and requests that go on to the backend."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sidecar.identity.user_token import authorization_for, xml_for
from tests.end_to_end.harness.backend import Received, Visit
from tests.end_to_end.harness.configuration import Configuration, authorization, token_xml
from tests.end_to_end.harness.one_time_passwords import (
    API_KEY,
    ENVIRONMENT_KEY,
    KEYS,
    Mailbox,
    ask_for_code,
    claim,
    hashed,
    mailbox,
    post,
    show_code,
    with_one_time_passwords,
)
from tests.end_to_end.harness.oracle import expected_rows, rows_target
from tests.end_to_end.harness.soap import Version, content_type, envelope, fault_of, rows_of_answer, understand_message
from tests.end_to_end.harness.stage import OwnStage, Stage, wait_for
from tests.end_to_end.harness.wire import Answer, request

SERVICE = "/ProfitServices/TokenConnector.asmx"
VERSIONS: tuple[Version, ...] = ("1.1", "1.2")


@pytest.fixture(autouse=True)
def _mails_go_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sidecar.otp.outbox._LONGEST_HESITATION_MS", 1)


@pytest.fixture(scope="module")
def mails(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mailbox]:
    with mailbox(tmp_path_factory.mktemp("mail")) as mails:
        yield mails


@pytest.fixture
def local(own_stage: OwnStage, mails: Mailbox, tmp_path: Path) -> Stage:
    return own_stage(lambda content: with_one_time_passwords(content, tmp_path, mails))


def call(stage: Stage, operation: str, arguments: dict[str, str], version: Version = "1.1", service: str = SERVICE) -> Answer:
    body = envelope(operation, arguments, version)
    return stage.send(request("POST", service, None, f"Content-Type: {content_type(version)}", body=body))


def keys(user: str = "j.devries", **more: str) -> dict[str, str]:
    return {"userId": user, "apiKey": API_KEY, "environmentKey": ENVIRONMENT_KEY, **more}


def generate(stage: Stage, user: str = "j.devries", description: str = "phone", version: Version = "1.1") -> Answer:
    return call(stage, "GenerateOTP", keys(user, description=description), version)


def token_in(answer: Answer) -> str:
    """The 64 characters in an answer."""
    assert answer.status == 200, answer.body
    [data] = re.findall(
        rb"<GetTokenFromOTPResult>&lt;token&gt;.*&lt;data&gt;([0-9A-F]{64})&lt;/data&gt;.*</GetTokenFromOTPResult>", answer.body
    )
    return str(data.decode())


def fetch(stage: Stage, mails: Mailbox, description: str = "phone") -> str:
    generate(stage, description=description)
    return token_in(call(stage, "GetTokenFromOTP", keys(otp=mails.code())))


def rows(stage: Stage, data: str) -> Answer:
    return stage.send(request("GET", rows_target(), authorization_for(data)))


@pytest.mark.parametrize("version", VERSIONS)
def test_from_a_message_to_rows_of_both_dialects(local: Stage, mails: Mailbox, version: Version) -> None:
    answer = generate(local, version=version)
    assert (answer.status, answer.header("Content-Type")) == (200, content_type(version))
    assert re.search(rb'<GenerateOTPResponse xmlns="urn:Afas.Profit.Services"></GenerateOTPResponse>', answer.body)
    data = token_in(call(local, "GetTokenFromOTP", keys(otp=mails.code()), version))
    assert rows(local, data).rows == expected_rows(rows_target(), "j.devries")
    asked = {"token": xml_for(data), "connectorId": "Profit_Hours", "skip": "-1", "take": "-1"}
    for _ in range(2):
        in_body = local.soap("AppConnectorGet.asmx", envelope("GetData", asked, version), None, version=version)
        assert len(rows_of_answer(in_body)) > 0
    decision = local.decision(in_body.reference)
    assert (decision["user"], decision["device"]) == ("j.devries", "phone")


def test_whoever_asks_gets_the_same_answer_and_a_wrong_code_is_a_fault(local: Stage, mails: Mailbox) -> None:
    told = [generate(local, user) for user in ("j.devries", "nobody", "x.blocked", "")]
    assert {(answer.status, answer.body) for answer in told} == {(200, told[0].body)}
    code = mails.code()
    wrong = [call(local, "GetTokenFromOTP", keys(user, otp="x")) for user in ("j.devries", "nobody", "x.blocked", "")]
    assert {answer.status for answer in wrong} == {500}
    assert len({answer.body.replace(answer.reference.encode(), b"") for answer in wrong}) == 1
    assert fault_of(wrong[0]).text == "The one-time password is not valid."
    token_in(call(local, "GetTokenFromOTP", keys(otp=code)))


def test_another_token_for_the_same_device_takes_the_place_of_the_first(local: Stage, mails: Mailbox) -> None:
    first, other, second = fetch(local, mails), fetch(local, mails, "tablet"), fetch(local, mails)
    assert [rows(local, data).status for data in (first, other, second)] == [401, 200, 200]


def test_a_token_is_given_up_by_whoever_has_it_and_only_that_one(local: Stage, mails: Mailbox) -> None:
    first, second = fetch(local, mails, "phone"), fetch(local, mails, "tablet")
    for data in (first, second):
        for _ in range(8):
            assert rows(local, data).status == 200
    answers = [call(local, "DeleteToken", {"token": xml_for(data)}) for data in (first, first, "A" * 64)]
    answers.append(call(local, "DeleteToken", {"token": token_xml("j.devries")}))
    assert {(answer.status, answer.body) for answer in answers} == {(200, answers[0].body)}
    assert [rows(local, data).status for data in (first, second)] == [401, 200]
    assert local.send(request("GET", rows_target(), authorization("j.devries"))).status == 200  # what the files say, the files must unsay
    assert local.decision(answers[0].reference)["call"] == "DeleteToken"


def test_messages_that_are_not_exactly_that_are_faults(local: Stage) -> None:
    for operation, arguments in (
        ("GetData", {}),
        ("GenerateOTP", {"userId": "x"}),
        ("DeleteToken", {}),
        ("GenerateOTP", keys(logonAs="y")),
    ):
        answer = call(local, operation, arguments)
        assert answer.status == 500
        assert b"Fault" in answer.body
    assert call(local, "GenerateOTP", keys(description="x" * 9_000)).status == 500
    assert call(local, "GenerateOTP", keys(), service=f"{SERVICE}?x=1").status == 500


def test_it_is_described_where_it_is_served(own_stage: OwnStage, local: Stage) -> None:
    def fetched(stage: Stage) -> Answer:
        return stage.send(request("GET", f"{SERVICE}?WSDL", None))

    assert b'location="http://app.example/ProfitServices/TokenConnector.asmx"' in fetched(local).body
    assert fetched(own_stage()).status == 404


def test_turned_off_there_is_no_such_service(own_stage: OwnStage) -> None:
    stage = own_stage()
    answer = generate(stage)
    nowhere = call(stage, "GenerateOTP", keys(), service="/ProfitServices/NowhereConnector.asmx")
    assert (answer.status, answer.body.replace(answer.reference.encode(), b"")) == (
        nowhere.status,
        nowhere.body.replace(nowhere.reference.encode(), b""),
    )


# On to the backend.


def forwarded(*environments: str, **changes: Any) -> Callable[[Configuration], None]:
    """These environments forward; `changes` are keys of app connectors, by name."""

    def change(content: Configuration) -> None:
        for name in environments:
            content["environments"][name]["otp"] = "forward"
        for name, part in changes.items():
            content["app_connectors"][name] |= part

    return change


async def _gives_a_token(visit: Visit, received: Received) -> None:
    body = b'{"token":"<token><version>1</version><data>' + b"C3" * 32 + b'</data></token>\\r\\n"}'
    await visit.say(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))


def test_a_request_goes_on_made_anew_and_its_answer_comes_back(own_stage: OwnStage) -> None:
    stage = own_stage(forwarded("O12345BB"))
    stage.backend.script = _gives_a_token
    body = b'{ "USERID" : "12345.j.devries", "apitoken":"B\\u0041", "ApiKey" : "A" , "oTP":"1"}'
    answer = post(stage, "OTPValidation", body, "Authorization: " + authorization("j.devries"), "X-Evil: 1")
    assert (answer.status, answer.json["token"]) == (200, f"<token><version>1</version><data>{'C3' * 32}</data></token>\r\n")
    [received] = stage.backend.take()
    assert (received.method, received.target) == ("POST", "/ProfitRestServices/otpvalidation")
    assert received.body == b'{"apiKey":"A","apiToken":"BA","userId":"12345.j.devries","otp":"1"}'
    decision = stage.decision(answer.reference)
    assert (decision["call"], decision["environment"], decision["decision"]) == ("GetTokenFromOtp", "O12345BB", "allow")
    assert not {"user", "app_connector"} & decision.keys()
    assert "C3" * 8 not in "".join(stage.lines)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_message_goes_on_made_anew(own_stage: OwnStage, version: Version) -> None:
    stage = own_stage(forwarded("O12345BB"))
    assert generate(stage, "12345.x<&>", "phone <1>", version).status == 200
    assert call(stage, "DeleteToken", {"token": f"\n {token_xml('m.jansen', 'own_token')} "}, version).status == 200
    first, second = stage.backend.take()
    assert understand_message(first.target, first.body).arguments == keys("12345.x<&>", description="phone <1>")
    assert understand_message(second.target, second.body).arguments == {"token": token_xml("m.jansen", "own_token")}


def test_keys_pick_the_environment_and_unknown_ones_are_refused_where_several_forward(own_stage: OwnStage) -> None:
    other = {"api_key_sha256": hashed("other"), "environment_key_sha256": hashed("keys")}
    stage = own_stage(forwarded("O12345AA", "O12345BB", hours={"otp_keys": KEYS}, own_token={"otp_keys": other}))
    listed = [post(stage, "otprequest", claim()), post(stage, "otprequest", claim(apiKey="other", apiToken="keys"))]
    assert [stage.decision(answer.reference)["environment"] for answer in listed] == ["O12345AA", "O12345BB"]
    assert len(stage.backend.take()) == 2
    unknown = post(stage, "otprequest", claim(apiKey="x"))
    assert (unknown.status, stage.decision(unknown.reference)["reason"]) == (403, "keys_unknown")
    assert stage.backend.take() == []


@pytest.mark.parametrize(
    ("part", "reason"),
    [({"blocked": True}, "app_connector_blocked"), ({"ip": {"allow": ["192.0.2.1"]}}, "address_not_allowed")],
)
def test_an_app_connector_that_is_shut_forwards_nothing(own_stage: OwnStage, part: dict[str, Any], reason: str) -> None:
    stage = own_stage(forwarded("O12345AA", hours={"otp_keys": KEYS, **part}))
    answer = post(stage, "otprequest", claim())
    assert (answer.status, stage.decision(answer.reference)["reason"]) == (403, reason)
    assert stage.backend.take() == []


def test_local_and_forward_side_by_side(own_stage: OwnStage, mails: Mailbox, tmp_path: Path) -> None:
    def change(content: Configuration) -> None:
        with_one_time_passwords(content, tmp_path, mails)
        forwarded("O12345BB")(content)

    stage = own_stage(change)
    assert ask_for_code(stage).status == 200
    assert show_code(stage, mails.code()).status == 200
    assert stage.backend.take() == []
    assert post(stage, "otprequest", claim(apiKey="x")).status in (200, 201)  # the backend may know them
    assert len(stage.backend.take()) == 1
    data = fetch(stage, mails)
    assert call(stage, "DeleteToken", {"token": xml_for(data)}).status == 200
    assert rows(stage, data).status == 401
    assert stage.backend.take() == []
    assert call(stage, "DeleteToken", {"token": token_xml("m.jansen", "own_token")}).status == 200
    assert len(stage.backend.take()) == 1


def test_forwarding_can_be_turned_on_while_it_runs(own_stage: OwnStage) -> None:
    stage = own_stage()
    assert post(stage, "otprequest", claim()).status == 401
    stage.change(forwarded("O12345BB"))
    wait_for(lambda: post(stage, "otprequest", claim()).status in (200, 201))


def test_local_turned_on_while_it_runs_waits_for_a_restart(own_stage: OwnStage, mails: Mailbox, tmp_path: Path) -> None:
    stage = own_stage()
    stage.change(lambda content: with_one_time_passwords(content, tmp_path, mails))
    wait_for(lambda: ask_for_code(stage).status == 503)
    assert stage.store.last_reload is not None
    assert [each.path for each in stage.store.last_reload.problems if "restart" in each.message] == ["one_time_passwords"]
