"""One-time passwords over sockets, with a real mail server: from the request by mail and code to a token, and from that to rows."""

import asyncio
import base64
import json
import re
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.harness.backend import Received, Visit
from tests.end_to_end.harness.configuration import BASE, Configuration, authorization
from tests.end_to_end.harness.one_time_passwords import (
    API_KEY,
    ENVIRONMENT_KEY,
    KEYS,
    SECRET,
    Mailbox,
    ask_for_code,
    authorization_with,
    claim,
    code_in,
    fetch_token,
    mailbox,
    post,
    show_code,
    with_one_time_passwords,
)
from tests.end_to_end.harness.oracle import expected_rows, rows_target
from tests.end_to_end.harness.rows import FILES
from tests.end_to_end.harness.soap import envelope
from tests.end_to_end.harness.stage import OwnStage, Stage, wait_for
from tests.end_to_end.harness.wire import Answer, request

USERS = ("j.devries", "j.devries@example.com", "nobody", "x.blocked", "x.noapps", "x.noemail", "x.group", "", "j.devries\u0000", "\ud800")


@pytest.fixture(autouse=True)
def _mails_go_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sidecar.otp.outbox._LONGEST_HESITATION_MS", 1)


@pytest.fixture(scope="module")
def mails(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mailbox]:
    with mailbox(tmp_path_factory.mktemp("mail")) as mails:
        yield mails


Start = Callable[..., Stage]


@pytest.fixture
def start(own_stage: OwnStage, mails: Mailbox, tmp_path: Path) -> Start:
    """Starts a sidecar as token authority."""
    assert mails.is_empty

    def start(change: Callable[[Configuration], object] = lambda _: None, mail: Mailbox = mails, **numbers: Any) -> Stage:
        def authority(content: Configuration) -> None:
            with_one_time_passwords(content, tmp_path, mail, **numbers)
            change(content)

        return own_stage(authority)

    return start


def rows(stage: Stage, token: str) -> Answer:
    return stage.send(request("GET", rows_target(), token))


def otp_lines(stage: Stage) -> list[dict[str, Any]]:
    return [line for line in map(json.loads, "".join(stage.lines).splitlines()) if line["event"] == "otp"]


def normal(answer: Answer) -> tuple[int, list[tuple[str, str]], bytes]:
    """All of an answer but what differs between any two."""
    return answer.status, [each for each in answer.headers if each[0] not in ("X-Sidecar-Reference", "Date")], answer.body


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_from_a_request_to_rows(start: Start, tmp_path: Path, security: str) -> None:
    with mailbox(tmp_path, security) as mails:
        stage = start(mail=mails)
        assert ask_for_code(stage).json == {}
        envelope, message = mails.mail()
        assert (envelope["recipients"], envelope["user"]) == (["j.devries@example.com"], "profit")
        assert envelope["encrypted"] or security == "tls"  # from the first byte: of that the mail server's session knows nothing
        assert "Book hours" in message["Subject"]
        answer = show_code(stage, code_in(message))
        token = authorization_with(answer)
        assert answer.header("Cache-Control") == "no-store"
        for _ in range(8):  # the last ones known to the last byte
            assert rows(stage, token).rows == expected_rows(rows_target(), "j.devries") != []
        decision = stage.decision(rows(stage, token).reference)
        assert (decision["user"], decision["app_connector"]) == ("j.devries", "hours")


def test_an_update_and_metainfo_know_an_issued_token(start: Start, mails: Mailbox) -> None:
    stage = start()
    token = fetch_token(stage, mails)
    body = b'{"PtRealization":{"Element":{"Fields":{"Qu":1}}}}'
    update = request("POST", f"{BASE}/connectors/PtRealization", token, "Content-Type: application/json", body=body)
    assert stage.send(update).status == 201
    metainfo = stage.send(request("GET", f"{BASE}/metainfo", token))
    assert metainfo.json["info"]["tokenExpiry"].startswith("20")


@pytest.mark.parametrize(
    "body",
    [
        {"APIKEY": API_KEY, "apitoken": ENVIRONMENT_KEY, "userid": "J.DeVries@Example.com"},
        {"apikey": API_KEY, "ApiToken": ENVIRONMENT_KEY, "UserId": "j.devries"},
    ],
)
def test_a_user_is_named_by_name_or_address_under_keys_in_any_letter_case(start: Start, mails: Mailbox, body: dict[str, str]) -> None:
    stage = start()
    assert post(stage, "OtpRequest", body).status == 200
    code = mails.code()
    authorization_with(post(stage, "OTPVALIDATION", {**body, "Otp": code}))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'"text"',
        b'{"apiKey":"a","apiToken":"b"}',
        b'{"apiKey":"a","apiToken":"b","userId":"c","userId":"d"}',
        b'{"apiKey":"a","apiToken":"b","userId":"c","userid":"d"}',
        b'{"apiKey":"a","apiToken":"b","userId":"c","description":"d"}',
        b'{"apiKey":"a","apiToken":"b","userId":1}',
        b'{"apiKey":"a","apiToken":"b","userId":null}',
        b'{"apiKey":"a","apiToken":"b","userId":"c",}',
        '{"api\u212aey":"a","apiToken":"b","userId":"c"}'.encode(),
        b"\xff\xfe",
    ],
)
def test_a_body_that_is_not_exactly_that_is_refused(start: Start, body: bytes) -> None:
    stage = start()
    answer = post(stage, "otprequest", body)
    assert answer.status == 400
    assert stage.decision(answer.reference)["reason"] == "body_malformed"


def test_of_strangers_few_bytes_are_read_and_of_one_type_only(start: Start) -> None:
    stage = start()
    assert ask_for_code(stage, "x" * 5_000).status == 413
    with stage.wire() as wire:
        answer = wire.ask(request("POST", f"{BASE}/otprequest", None, "Content-Type: text/xml", body=b"<a/>"))
    assert answer.status == 415
    assert post(stage, "otprequest?x=1", claim()).status == 400
    assert post(stage, "otprequest/more", claim()).status == 401
    assert post(stage, "more/otprequest", claim()).status == 401


def test_whoever_asks_gets_the_same_answer_and_only_who_may_a_mail(start: Start, mails: Mailbox) -> None:
    stage = start()
    answers = [normal(ask_for_code(stage, user)) for user in USERS]
    answers += [normal(ask_for_code(stage, **wrong)) for wrong in ({"apiKey": "x" * 32}, {"apiToken": ""}, {"apiKey": ENVIRONMENT_KEY})]
    assert answers == answers[:1] * len(answers)
    assert [mails.mail()[0]["recipients"] for _ in range(2)] == [["j.devries@example.com"]] * 2
    wait_for(lambda: sum(line["operation"] == "mail" for line in otp_lines(stage)) == 2)
    outcomes = [line["outcome"] for line in otp_lines(stage) if line["operation"] == "request"]
    assert outcomes[:7] == [
        *("queued", "queued", "user_unknown", "user_blocked", "user_without_application", "user_without_email", "user_not_member")
    ]
    assert outcomes[7:] == ["user_unknown"] * 3 + ["unknown_keys"] * 3
    assert mails.is_empty


def test_whoever_shows_a_wrong_code_gets_the_same_nothing(start: Start, mails: Mailbox) -> None:
    stage = start()
    ask_for_code(stage)
    code = mails.code()
    wrong = f"{(int(code) + 1) % 10**8:08}"
    answers = [normal(show_code(stage, wrong, user)) for user in USERS]
    answers += [
        normal(show_code(stage, code, "p.bakker")),
        normal(show_code(stage, code, apiKey="x")),
        normal(show_code(stage, f" {code}")),
    ]
    assert answers == answers[:1] * len(answers)
    assert (answers[0][0], answers[0][2]) == (204, b"")
    authorization_with(show_code(stage, code))


CHANGES: dict[str, Callable[[Configuration], object]] = {
    "user_blocked": lambda content: content["users"]["j.devries"].update(blocked=True),
    "user_without_email": lambda content: content["users"]["j.devries"].pop("email"),
    "user_without_application": lambda content: content["users"]["j.devries"].update(applications=[]),
    "user_not_member": lambda content: content["groups"]["staff"].remove("j.devries"),
    "app_connector_blocked": lambda content: content["app_connectors"]["hours"].update(blocked=True),
    "app_connector_expired": lambda content: content["app_connectors"]["hours"].update(valid_until="2001-01-01"),
    "address_not_allowed": lambda content: content["app_connectors"]["hours"].update(ip={"allow": ["192.0.2.0/24"]}),
}


@pytest.mark.parametrize("reason", CHANGES)
def test_every_condition_must_hold_at_the_request_at_the_code_and_at_each_use(start: Start, mails: Mailbox, reason: str) -> None:
    stage = start()
    token = fetch_token(stage, mails)
    ask_for_code(stage)
    code = mails.code()
    assert rows(stage, token).status == 200
    before = stage.store.reloads_succeeded
    stage.change(CHANGES[reason])
    wait_for(lambda: stage.store.reloads_succeeded > before)
    used = rows(stage, token)
    assert used.status == 403
    assert stage.decision(used.reference)["reason"] == reason
    assert ask_for_code(stage).status == 200
    assert show_code(stage, code).status == 204
    assert [line["outcome"] for line in otp_lines(stage) if line["operation"] in ("request", "redeem")][-2:] == [reason] * 2
    time.sleep(0.1)
    assert mails.is_empty


def test_a_code_works_once_the_last_one_only_and_after_few_tries_never(start: Start, mails: Mailbox) -> None:
    stage = start(tries=2)
    ask_for_code(stage)
    first = mails.code()
    ask_for_code(stage)
    second = mails.code()
    assert show_code(stage, first).status == (200 if first == second else 204)
    token = authorization_with(show_code(stage, second))
    assert show_code(stage, second).status == 204
    ask_for_code(stage)
    third = mails.code()
    wrong = f"{(int(third) + 1) % 10**8:08}"
    assert [show_code(stage, code).status for code in (wrong, wrong, third)] == [204] * 3
    assert rows(stage, token).status == 200


def test_an_expired_code_and_an_expired_token_are_worth_nothing(start: Start, mails: Mailbox, tmp_path: Path) -> None:
    stage = start()
    token = fetch_token(stage, mails)
    assert rows(stage, token).status == 200
    ask_for_code(stage)
    code = mails.code()
    with sqlite3.connect(tmp_path / "otp.db") as database:
        database.execute("UPDATE otp_codes SET expires = 1")
        database.execute("UPDATE otp_tokens SET expires = 1")
        database.execute("UPDATE otp_revision SET number = number + 1")
    database.close()
    assert show_code(stage, code).status == 204
    wait_for(lambda: rows(stage, token).status == 401)
    assert stage.decision(rows(stage, token).reference)["reason"] == "token_expired"


def test_too_many_from_one_address_are_told_when_to_come_back(start: Start, mails: Mailbox) -> None:
    stage = start(per_address=2)
    assert [ask_for_code(stage, "nobody").status for _ in range(2)] == [200, 200]
    answers = [ask_for_code(stage, user) for user in ("nobody", "j.devries")]
    for answer in answers:
        assert (answer.status, answer.json["errorNumber"]) == (429, -2147180996)
        assert 0 < int(answer.header("Retry-After")) <= 3_600
        assert stage.decision(answer.reference)["reason"] == "too_many_requests"
    assert [show_code(stage, "12345678", "nobody").status for _ in range(3)] == [204, 204, 429]
    assert mails.is_empty


def test_too_many_mails_to_one_user_are_not_sent_and_nobody_is_told(start: Start, mails: Mailbox) -> None:
    stage = start(per_user=1)
    answers = [normal(ask_for_code(stage)) for _ in range(3)]
    assert answers == answers[:1] * 3
    mails.mail()
    assert [line["outcome"] for line in otp_lines(stage) if line["operation"] == "request"] == ["queued", "user_limit", "user_limit"]
    time.sleep(0.1)
    assert mails.is_empty


def test_two_replicas_on_one_database_are_one_authority_and_a_revocation_reaches_both(start: Start, mails: Mailbox) -> None:
    first, second = start(), start()
    ask_for_code(first)
    token = authorization_with(show_code(second, mails.code()))
    for stage in (first, second):
        with stage.wire() as wire:
            for _ in range(8):  # until the whole call is known
                assert wire.ask(request("GET", rows_target(), token)).status == 200
    fetch_token(second, mails)  # another device: the first one goes on
    assert rows(first, token).status == 200
    revoke_all(first)
    began = time.monotonic()
    wait_for(lambda: {rows(stage, token).status for stage in (first, second)} == {401})
    assert time.monotonic() - began < 1.0


def revoke_all(stage: Stage) -> None:
    """As an administrator does, from outside of the running sidecar."""
    from sidecar.database.database import Database
    from sidecar.otp.token_rows import remove_token, tokens_of

    assert stage.store.snapshot is not None
    assert stage.store.snapshot.installation is not None
    url = stage.store.snapshot.installation.database

    async def revoke() -> None:
        database = Database(url)
        async with database.writing() as connection:
            for token in await tokens_of(connection, "j.devries"):
                await remove_token(connection, token.digest)
        await database.close()

    stage.run(revoke())


def test_without_its_database_nobody_gets_a_token_and_other_tokens_work(start: Start, mails: Mailbox) -> None:
    stage = start(database="postgresql://otp@127.0.0.1:1/otp")
    unavailable = [ask_for_code(stage), ask_for_code(stage, "nobody"), show_code(stage, "12345678")]
    unknown = rows(stage, authorization("j.devries", "nothing"))
    for answer in (*unavailable, unknown):
        assert (answer.status, answer.json["errorNumber"]) == (503, -2147180996)
        assert stage.decision(answer.reference)["reason"] == "authority_unavailable"
    assert rows(stage, authorization("j.devries")).status == 200
    assert json.loads(stage.admin("/readyz")[1])["one_time_passwords"] == {"database_heard": False, "waiting_mails": 0}
    assert "sidecar_otp_database_heard 0.0" in stage.admin("/metrics")[1]
    assert mails.is_empty


def test_health_and_metrics_tell(start: Start, mails: Mailbox) -> None:
    stage = start()
    fetch_token(stage, mails)
    ask_for_code(stage, "nobody")
    wait_for(lambda: 'sidecar_otp_total{operation="mail",outcome="mailed"} 1.0' in stage.admin("/metrics")[1])
    metrics = stage.admin("/metrics")[1]
    for labels in ('operation="request",outcome="queued"', 'operation="redeem",outcome="issued"', 'outcome="user_unknown"'):
        assert labels in metrics
    assert "sidecar_otp_database_heard 1.0" in metrics
    assert "sidecar_otp_waiting_mails 0.0" in metrics
    status, text = stage.admin("/readyz")
    assert (status, json.loads(text)["one_time_passwords"]) == (200, {"database_heard": True, "waiting_mails": 0})


def test_no_code_key_token_or_stranger_s_name_is_written_down(start: Start, mails: Mailbox, tmp_path: Path) -> None:
    stage = start()
    ask_for_code(stage, "hunter2@secret.example")
    ask_for_code(stage)
    code = mails.code()
    show_code(stage, "87654321", "hunter2@secret.example")
    answer = show_code(stage, code)
    data = re.findall(r"[0-9A-F]{64}", answer.json["token"])[0]
    rows(stage, authorization_with(answer))
    wait_for(lambda: any(line["operation"] == "mail" for line in otp_lines(stage)))
    said = "".join(stage.lines) + stage.admin("/metrics")[1] + stage.admin("/readyz")[1]
    kept = b"".join(file.read_bytes() for file in tmp_path.glob("otp.db*")).decode("latin-1")
    for secret in (code, "87654321", data, API_KEY, ENVIRONMENT_KEY, SECRET, "hunter2", "geheim"):
        assert secret not in said
        assert secret not in kept
    decision = stage.decision(answer.reference)
    assert (decision["call"], decision["decision"], decision["user"], decision["app_connector"], decision["environment"]) == (
        *("GetTokenFromOtp", "allow", "j.devries", "hours", "O12345AA"),
    )
    assert [line["outcome"] for line in otp_lines(stage) if line.get("reference") == answer.reference] == ["issued"]


def test_turned_off_there_is_no_such_path_and_issued_tokens_are_none(start: Start, mails: Mailbox) -> None:
    stage = start()
    token = fetch_token(stage, mails)
    for _ in range(8):
        assert rows(stage, token).status == 200
    stage.change(lambda content: content["environments"]["O12345AA"].update(otp="off"))
    wait_for(lambda: rows(stage, token).status == 401)
    nowhere = stage.call("POST", f"{BASE}/otpnowhere", b"{}")
    for path in ("otprequest", "otpvalidation"):
        assert post(stage, path, claim()).status == 401
        assert normal(stage.call("POST", f"{BASE}/{path}", b"{}"))[0] == nowhere.status == 404


def test_keys_and_rules_follow_the_policy_in_force(start: Start, mails: Mailbox) -> None:
    stage = start()
    stage.change(lambda content: content["app_connectors"]["hours"]["otp_keys"].update(api_key_sha256="ab" * 32))
    wait_for(lambda: [ask_for_code(stage), otp_lines(stage)[-1]["outcome"]][1] == "unknown_keys")
    before = stage.store.reloads_succeeded
    stage.change(lambda content: content["app_connectors"]["hours"]["otp_keys"].update(KEYS))
    stage.change(lambda content: content["one_time_passwords"].update(per_address=1))
    wait_for(lambda: stage.store.reloads_succeeded > before)
    wait_for(lambda: ask_for_code(stage).status == 429)
    while not mails.is_empty:
        mails.mail()


def test_another_database_waits_for_a_restart(start: Start, tmp_path: Path) -> None:
    stage = start()
    stage.change(lambda content: content["one_time_passwords"].update(database=f"sqlite:///{tmp_path / 'other.db'}"))
    wait_for(lambda: stage.store.reloads_succeeded > 1)
    assert stage.store.last_reload is not None
    assert [problem.path for problem in stage.store.last_reload.problems if "restart" in problem.message] == ["one_time_passwords.database"]


def test_a_guess_that_is_broken_off_is_spent(start: Start, mails: Mailbox) -> None:
    stage = start(tries=1)
    ask_for_code(stage)
    code = mails.code()
    wrong = json.dumps(claim(otp=f"{(int(code) + 1) % 10**8:08}")).encode()
    with stage.wire() as wire:
        wire.send(request("POST", f"{BASE}/otpvalidation", None, "Content-Type: application/json", body=wrong))
    wait_for(lambda: any(line["operation"] == "redeem" for line in otp_lines(stage)))
    assert show_code(stage, code).status == 204


def test_a_token_that_is_taken_back_while_the_backend_is_asked_whose_file_it_is_fetches_nothing(start: Start, mails: Mailbox) -> None:
    def owned(content: Configuration) -> None:
        rule = {"get_connector": "Profit_Files", "field": "FileId"}
        content["app_connectors"]["hours"]["special_connectors"] = {"file": rule}

    stage = start(owned)
    mine = next(row for row in FILES if row["Afdeling"] == "CONS")
    target = f"{BASE}/fileconnector/{mine['FileId']}/a.pdf"
    asked, go_on = asyncio.Event(), asyncio.Event()

    async def slowly(visit: Visit, received: Received) -> None:
        if "/connectors/" in received.target:
            asked.set()
            await go_on.wait()
        await visit.say(stage.backend._answer(received))

    stage.backend.script = slowly
    token = fetch_token(stage, mails)
    with stage.wire() as wire:
        wire.send(request("GET", target, token))
        wait_for(asked.is_set)
        given_up = envelope("DeleteToken", {"token": base64.b64decode(token.split()[1]).decode()})
        assert stage.soap("TokenConnector.asmx", given_up, None).status == 200
        stage.loop.call_soon_threadsafe(go_on.set)
        answer = wire.answer()
    assert answer.status == 401
    assert stage.decision(answer.reference)["reason"] == "token_unknown"
    assert [each.target for each in stage.backend.take() if "/connectors/" not in each.target] == []
    assert stage.send(request("GET", target, authorization("j.devries"))).status == 200
