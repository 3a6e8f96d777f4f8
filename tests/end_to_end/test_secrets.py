"""Promise 5: whatever anybody does with them, no token turns up in what the program writes, counts or answers."""

import base64
import json
import urllib.request
from pathlib import Path

import pytest

from tests.end_to_end.harness.backend import BACKEND_TOKEN_DATA
from tests.end_to_end.harness.configuration import (
    BACKEND_AUTHORIZATION,
    BASE,
    Configuration,
    authorization,
    configuration,
    token_data,
    token_xml,
    write,
)
from tests.end_to_end.harness.oracle import rows_target
from tests.end_to_end.harness.program import Program, program
from tests.end_to_end.harness.stage import OwnStage
from tests.end_to_end.harness.wire import BrokenOffError, request

MINE = authorization("j.devries")
DATA = token_data("j.devries")
CODED = MINE.removeprefix("AfasToken ")
UPDATE = f"{BASE}/connectors/PtRealization"
JSON = "Content-Type: application/json"
_WINDOW = 16
_CODED_DATA = slice(44, 120)
"""The part of a token's base64 that is made of its secret characters only; what is before and behind is the same for all."""

LEAKY_FAULT = """
import sidecar.proxy.preparation as preparation
def fault(headers):
    raise RuntimeError(f"planted: {list(headers)!r}")
preparation.header_lines = fault
"""


def traces_of_secrets(text: str) -> list[str]:
    """Pieces of any token that stand in the text, in hexadecimal or base64, whole or cut."""
    pieces: list[str] = []
    for data in (BACKEND_TOKEN_DATA, *map(token_data, ("j.devries", "m.jansen", "x.blocked")), token_data("m.jansen", "own_token")):
        xml = f"<token><version>1</version><data>{data}</data></token>"
        coded = base64.b64encode(xml.encode()).decode()[_CODED_DATA]
        doubly = (base64.b64encode(data.encode()).decode(), base64.b64encode(bytes.fromhex(data)).decode())
        for whole in (data, coded, *doubly):
            pieces += [whole[start : start + _WINDOW] for start in range(len(whole) - _WINDOW + 1)]
    lowered = text.lower()
    return [piece for piece in dict.fromkeys(pieces) if piece.lower() in lowered]


def odd_places() -> list[bytes]:
    """Requests with a token in every place where people, proxies and bugs put them."""
    targets = [
        f"{BASE}/{DATA}",
        f"{BASE}/connectors/{DATA}",
        f"{BASE}/connectors/T{DATA}",
        f"{BASE}/connectors/{DATA[:32]}",
        f"{BASE}/connectors/{CODED[44:84]}",
        f"{BASE}/connectors/Profit_Hours/{DATA}",
        f"{BASE}/metainfo/get/{DATA}",
        f"{BASE}/metainfo/update/{CODED[:60]}",
        f"{BASE}/fileconnector/{DATA[:32]}/{DATA}",
        f"{BASE}/imageconnector/{DATA}",
        f"{BASE}/subjectconnector/{DATA}/{DATA}",
        f"{BASE}/reportconnector/{DATA}?filterfieldids={DATA}&filtervalues={DATA}&operatortypes=1",
        f"/{DATA}%00",
        f"http://{DATA}/",
        f"http://user:{DATA}@backend{BASE}/metainfo",
        *(
            rows_target() + query
            for query in (
                f"?token={CODED}",
                f"?{DATA}=1",
                f"?{DATA}",
                f"?{DATA}%",
                f"?skip={DATA}",
                f"?orderbyfieldids={DATA}",
                f"?orderbyfieldids=;{DATA}",
                f"?filterfieldids={DATA}&filtervalues={DATA}&operatortypes={DATA}",
                f"?filterfieldids=Id&filtervalues={DATA}&operatortypes=1",
                f"?filterfieldids=Id&filtervalues=[{DATA}]&operatortypes=1",
                f"?filterjson={DATA}",
                "?filterjson=%7B%22" + DATA + "%22:1%7D",
                f"?skip=0&skip=0#{DATA}",
            )
        ),
    ]
    requests = [request("GET", target, MINE) for target in targets]
    requests += [request("DELETE", f"{BASE}/connectors/KnSubject/{DATA}/@{DATA[:60]}/{DATA}", MINE)]
    requests += [request("DELETE", f"{UPDATE}/E/@K/{DATA}", MINE)]
    bodies = [
        f'{{"{DATA}":"{CODED}"}}',
        f'{{"{DATA}":1,"{DATA}":2}}',
        f'{{"a":{DATA}}}',
        f'{{"@Action":"{DATA}"}}',
        DATA,
        json.dumps({"apiKey": DATA[:32], "apiToken": DATA, "userId": "x"}),
        token_xml("j.devries"),
    ]
    requests += [request("POST", target, MINE, JSON, body=body.encode()) for body in bodies for target in (UPDATE, f"{BASE}/otprequest")]
    headers = [
        f"X-Token: {DATA}",
        f"X-{DATA}: 1",
        f"{DATA}: {DATA}",
        f"Authorization: {MINE}",
        f"Cookie: token={CODED}",
        f"X-Forwarded-For: {DATA}",
        f"Upgrade: {DATA}",
        f"Content-Length: {DATA}",
        f"Transfer-Encoding: {DATA}",
        f"Connection: {DATA}, Upgrade",
        f"X-HTTP-Method: {DATA}",
        f"X-A: {DATA}\x00",
        f"X-A: {DATA}\r\n {CODED}",
        f"{DATA}",
        f"Accept: {'x' * 20_000}{DATA}",
    ]
    requests += [request("GET", rows_target(), MINE, header) for header in headers]
    requests += [
        request("GET", rows_target(), proof) for proof in (DATA, CODED, f"AfasToken {DATA}", f"AfasToken {CODED}x", f"Bearer {DATA}")
    ]
    requests += [request("GET", rows_target(), f"AfasToken {CODED}{CODED}"), request("GET", rows_target(), BACKEND_AUTHORIZATION)]
    requests += [
        request("GET", rows_target(), authorization("x.blocked")),
        request("GET", rows_target(), authorization("m.jansen", "own_token")),
    ]
    requests += [request("POST", UPDATE, MINE, JSON, f"Content-Type: application/{DATA}", body=b"{}")]
    requests += [request("POST", UPDATE, MINE, f"Content-Type: application/{DATA}; charset={DATA}", body=b"{}")]
    requests += [request("POST", UPDATE, MINE, JSON, "Transfer-Encoding: chunked", body=f"{DATA}\r\n{CODED}".encode())]
    requests += [
        f"{line}\r\n{MINE}\r\n\r\n".encode()
        for line in (DATA, f"GET {DATA}", f"{DATA} / HTTP/1.1", f"GET / {DATA}", f"GET /{DATA} HTTP/1.1")
    ]
    return requests


def throw(running: Program, data: bytes) -> str:
    """The sidecar's answer, or what there is of one."""
    with running.wire() as wire:
        wire.send(data)
        try:
            answer = wire.answer()
        except BrokenOffError as broken:
            return broken.so_far.decode("latin-1")
        return f"{answer.headers!r} {answer.body!r}"


def pages(running: Program) -> str:
    """What the admin port tells."""
    texts = []
    for path in ("/metrics", "/readyz", "/livez", f"/{DATA}"):
        try:
            with urllib.request.urlopen(running.admin_url + path) as answer:  # noqa: S310  our own http URL
                texts.append(answer.read().decode())
        except urllib.error.HTTPError as error:
            with error:
                texts.append(f"{error.headers}{error.read().decode()}")
    return "".join(texts)


@pytest.mark.parametrize("log_format", ["text", "json"])
@pytest.mark.parametrize("trouble", ["none", "no backend", "internal fault"])
def test_secrets_stay_secret(own_stage: OwnStage, tmp_path: Path, log_format: str, trouble: str) -> None:
    stage = own_stage()
    file = tmp_path / "sidecar.yaml"
    content = configuration(1 if trouble == "no backend" else stage.backend.port)
    write(file, content)
    answers = []
    with program(tmp_path, file, ["--log-format", log_format], LEAKY_FAULT if trouble == "internal fault" else "") as running:
        requests = odd_places()
        for data in requests:
            answers.append(throw(running, data))
            assert answers[-1], data
        told = pages(running)
        _break(file, content)
        running.wait_for("policy not loaded")
        told += pages(running)
    assert len(running.stdout.read_text().splitlines()) == len(requests)
    assert traces_of_secrets(running.said) == []
    assert traces_of_secrets(told) == []
    mine = traces_of_secrets(MINE)
    assert [piece for piece in traces_of_secrets("".join(answers)) if piece not in mine and piece not in traces_of_secrets(DATA)] == []
    served = any('"Afdeling"' in answer for answer in answers)
    assert served == (trouble == "none")
    if trouble == "internal fault":
        assert "planted" not in running.said
        assert "fault" in running.said


def _break(file: Path, content: Configuration) -> None:
    """Write a configuration with tokens in all the wrong places."""
    hours = content["app_connectors"]["hours"]
    hours["tokens"] += [{"user": "j.devries", "token": DATA}, {"user": "j.devries", "sha256": f"{DATA}0"}, DATA]
    content["environments"]["O12345AA"]["credential"] = {"afas_token": f"<token>{BACKEND_TOKEN_DATA}</token>"}
    content["environments"]["O12345BB"]["rest"] = f"http://user:{DATA}@127.0.0.1{BASE}"
    content["environments"]["O12345CC"] = {"rest": "http://127.0.0.1/", "credential": CODED}
    write(file, content)


def test_the_search_for_secrets_finds_them() -> None:
    for text in (DATA, MINE, f"xx{DATA[20:40].lower()}yy", BACKEND_AUTHORIZATION, CODED[50:80]):
        assert traces_of_secrets(text)
    assert not traces_of_secrets("AfasToken PHRva2VuPjx2ZXJzaW9uPjE8L3ZlcnNpb24+PGRhdGE+")
