"""The promises of the architecture's page that need no stage of their own; three more are kept beside what they are about.

`test_one_snapshot_per_request` and `test_revocation_is_quick` stand in test_changing_policy, `test_secrets_stay_secret` in test_secrets.
"""

import asyncio
import json
import random
from urllib.parse import quote

import pytest

from tests.end_to_end.harness.backend import Received, Visit
from tests.end_to_end.harness.canonical import assert_canonical
from tests.end_to_end.harness.configuration import BACKEND_AUTHORIZATION, BASE, authorization
from tests.end_to_end.harness.faults import OK
from tests.end_to_end.harness.mutation import spoilt
from tests.end_to_end.harness.oracle import expected_rows, rows_target, surplus_in, surplus_rows
from tests.end_to_end.harness.rows import DEPARTMENTS, PEOPLE
from tests.end_to_end.harness.stage import Stage
from tests.end_to_end.harness.wire import chunked, request

MINE = authorization("j.devries")
UPDATE = f"{BASE}/connectors/PtRealization"


def test_nothing_is_spliced(stage: Stage) -> None:
    """Promise 1: however a question is spelled, the backend gets the same bytes for it."""
    spellings = (
        (f"{BASE}/connectors/Profit_Hours", "skip=0&take=5&orderbyfieldids=-Id&filterfieldids=Uren&filtervalues=4&operatortypes=1"),
        (f"{BASE.upper()}/CONNECTORS/PROFIT_HOURS", "operatortypes=1&filtervalues=4&filterfieldids=Uren&orderbyfieldids=-Id&take=5&skip=0"),
        (
            f"{BASE}/connectors/%50rofit_Hours",
            "SKIP=00&TAKE=05&orderbyfieldids=%2DId&filterfieldids=%55ren&filtervalues=%34&operatortypes=%31",
        ),
        (f"{BASE}/connectors/Profit_Hours", "&skip=0&&take=5&orderbyfieldids=-Id&filterfieldids=Uren&filtervalues=4&filterjson=&"),
        (
            f"{BASE}/connectors/Profit_Hours",
            "skip=0&take=5&orderbyfieldids=-Id&filterjson="
            + quote('{ "Filters" : { "Filter" : [ { "Field" : [ {"#text":"4","@OperatorType":1,"@FieldId":"Uren"} ] } ] } }'),
        ),
    )
    answers = {stage.get(f"{path}?{query}").body for path, query in spellings}
    targets = [received.target for received in stage.backend.take()]
    assert (len(answers), len(targets), len(set(targets))) == (1, len(spellings), 1)


SEEDS = (
    request("GET", rows_target(filterfieldids="Afdeling,Uren", filtervalues="CONS,4", operatortypes="1,2", skip=0, take=10), MINE),
    request("GET", rows_target(filterfieldids="Afdeling;Uren", filtervalues="HR;4", operatortypes="1;2"), MINE, "Connection: keep-alive"),
    request("POST", UPDATE, MINE, "Content-Type: application/json", body=b'{"P":{"Element":{"Fields":{"@Action":"insert"}}}}'),
    request("POST", UPDATE, MINE, "Content-Type: text/plain", "Transfer-Encoding: chunked", body=chunked(b'{"P":{"@Action":"insert"}}', 9)),
    request("DELETE", f"{BASE}/connectors/KnSubject/KnSubject/@SbId,@X/1,2", MINE),
    request("GET", f"{BASE}/fileconnector/{'0' * 32}/a.pdf", MINE, "Range: bytes=0-9"),
    request("GET", f"{BASE}/metainfo", MINE),
    request("OPTIONS", rows_target(), None),
)


def test_deny_by_default(stage: Stage) -> None:
    """Promise 2: of requests that are spoilt by a few bytes, those that reach the backend are whole, canonical and within rights."""
    chance = random.Random("spoilt")
    reached = 0
    for number in range(600):
        data = spoilt(chance, SEEDS[number % len(SEEDS)])
        with stage.wire() as wire:
            wire.socket.settimeout(0.1)
            wire.send(data)
            try:
                beginning = wire.socket.recv(65_536)
            except TimeoutError:
                continue  # it waits for the rest of a request
        assert beginning.startswith(b"HTTP/"), data
        assert beginning[9:12] not in (b"500", b"502"), data
        for received in stage.backend.take():
            reached += 1
            assert_canonical(received, stage.backend.port)
            assert surplus_rows(received, "j.devries") == [], data
    assert reached > 10
    assert '"internal_error"' not in "".join(stage.lines)


OPERATORS = {
    "1": "",
    "2": "",
    "3": "",
    "4": "",
    "5": "",
    "6": "%{}%",
    "7": "",
    "8": "null",
    "9": "null",
    "10": "{}%",
    "11": "%{}%",
    "13": "%{}",
}


def question(chance: random.Random) -> str:
    """A question such as an app might ask, with values that people enter."""
    values = [value for value in DEPARTMENTS if value and value.strip() and not value.startswith("[") and len(value) < 12]
    conditions = []
    for _ in range(chance.randrange(4)):
        operator = chance.choice(sorted(OPERATORS))
        field, pool = chance.choice(
            (("Afdeling", values), ("Uren", ["0", "4", "8", "7.5"]), ("Omschrijving", ["werk", "Reis", "100%", "één"]))
        )
        text = (OPERATORS[operator] or "{}").format(chance.choice(pool))
        conditions.append((field, operator, text))
    more = chance.choice(("skip=-1&take=-1", "skip=0&take=20", "skip=3&take=5&orderbyfieldids=-Id", "orderbyfieldids=Afdeling,-Id"))
    if not conditions:
        return more
    plain = not any(separator in text for _, _, text in conditions for separator in ",;")
    if plain and chance.random() < 0.6:
        separator = chance.choice(",;")
        fields, operators, texts = (separator.join(each) for each in zip(*conditions, strict=True))
        return f"{more}&filterfieldids={fields}&filtervalues={quote(texts, safe=chance.choice(('', ',;')))}&operatortypes={operators}"
    cut = chance.randrange(len(conditions)) + 1
    groups = [group for group in (conditions[:cut], conditions[cut:]) if group]
    filters = [
        {
            "@FilterId": f"Filter {number}",
            "Field": [{"@FieldId": name, "@OperatorType": operator, "#text": text} for name, operator, text in group],
        }
        for number, group in enumerate(groups, start=1)
    ]
    return f"{more}&filterjson={quote(json.dumps({'Filters': {'Filter': filters}}, ensure_ascii=chance.random() < 0.5))}"


@pytest.mark.parametrize("user", sorted(PEOPLE))
def test_the_rows_that_come_back_are_those_that_client_filter_and_policy_admit(stage: Stage, user: str) -> None:
    """Promise 3, for questions that nobody thought of."""
    chance = random.Random(user)
    served = 0
    for number in range(25):
        target = f"{BASE}/connectors/Profit_Hours?{question(chance)}"
        answer = stage.get(target, user)
        received = stage.backend.take()
        if answer.status == 414:
            assert received == []
            continue
        served += 1
        assert answer.rows == expected_rows(target, user), target
        assert surplus_in(answer.rows, "Profit_Hours", user) == []
        if number % 5 == 0:
            assert [surplus for each in received for surplus in surplus_rows(each, user)] == []
    assert served >= 15


def test_headers_dont_lie(stage: Stage) -> None:
    """Promise 6: hop-by-hop headers go first, then ours are set; nothing that a client sends gets in their place."""
    lies = (
        "Connection: Authorization, Host, X-Sidecar-Reference, Accept-Language, close",
        "X-Forwarded-For: 192.0.2.1",
        "Forwarded: for=192.0.2.1",
        f"X-Original-URL: {BASE}/connectors/Profit_Secret",
        "Cookie: s=1",
        "OnlineSessionId: 1",
        "Proxy-Authorization: Basic eDp5",
        "X_Authorization: x",
        "X-Sidecar-Reference: FORGED",
        "TE: trailers",
        "Accept-Language: nl-nl",
        "IntegrationId: 45000_1",
    )
    answer = stage.get(rows_target(), "j.devries", *lies)
    assert answer.status == 200
    assert answer.reference != "FORGED"
    assert stage.decision(answer.reference)["client"] == "127.0.0.1"
    (received,) = stage.backend.take()
    assert received.headers == (
        ("Host", f"127.0.0.1:{stage.backend.port}"),
        ("Authorization", BACKEND_AUTHORIZATION),
        ("Accept-Language", "nl-nl"),
        ("IntegrationId", "45000_1"),
    )


def test_bytes_flow(stage: Stage) -> None:
    """Promise 7: the answer is on its way while the backend still makes it, piece by piece, without end."""
    go_on = asyncio.Event()

    async def endless(visit: Visit, _received: Received) -> None:
        await visit.say(OK + b"Transfer-Encoding: chunked\r\n\r\n")
        while True:
            await visit.say(b"5\r\nhello\r\n")
            await go_on.wait()
            go_on.clear()

    stage.backend.script = endless
    with stage.wire() as wire:
        wire.send(request("GET", rows_target(), MINE))
        assert wire.head()[0] == 200
        for _ in range(20):
            assert wire.take(10) == b"5\r\nhello\r\n"
            stage.loop.call_soon_threadsafe(go_on.set)


REFUSED = (
    (400, "GET", rows_target() + "?x=1", MINE, ()),
    (400, "GET", rows_target(), MINE, ("Content-Length: x",)),
    (400, "GET", rows_target(), MINE, ("Upgrade: h2c",)),
    (401, "GET", rows_target(), None, ()),
    (401, "GET", rows_target(), "AfasToken x", ()),
    (403, "GET", rows_target("Nope"), MINE, ()),
    (403, "GET", f"{BASE}/metainfo", authorization("x.blocked"), ()),
    (404, "GET", f"{BASE}/nope", MINE, ()),
    (405, "PATCH", rows_target(), MINE, ()),
    (413, "POST", UPDATE, MINE, ("Content-Length: 99999999999",)),
    (414, "GET", rows_target() + "?filterfieldids=" + "x" * 2100, MINE, ()),
    (415, "POST", UPDATE, MINE, ("Content-Type: text/xml", "Content-Length: 0")),
    (431, "GET", rows_target() + "?" + "x" * 20_000, MINE, ()),
    (431, "GET", rows_target(), MINE, tuple(f"X-{number}: {'x' * 400}" for number in range(50))),
)


@pytest.mark.parametrize(("status", "verb", "target", "proof", "headers"), REFUSED)
def test_a_refusal_has_one_shape(stage: Stage, status: int, verb: str, target: str, proof: str | None, headers: tuple[str, ...]) -> None:
    """Promise 8: the backend's own shape, with a reference that leads to the reason in the decision log."""
    answer = stage.send(request(verb, target, proof, *headers))
    assert answer.status == status
    assert list(answer.json) == ["externalMessage", "errorNumber", "profitLogReference"]
    assert answer.json["profitLogReference"] == answer.reference
    assert answer.header("Content-Type") == "application/json; charset=utf-8"
    assert answer.header("Cache-Control") == "no-store"
    assert answer.header("Server") == ""
    line = stage.decision(answer.reference)
    assert (line["status"], line["decision"]) == (status, "deny")
    assert line["reason"]
    assert line["reason"] not in answer.body.decode()
    assert stage.backend.take() == []
