"""What strangers, holders of lesser keys and clumsy clients send to the administration port, and that none of it is done."""

import asyncio
import json
from typing import Any

import pytest

from tests.admin.api.port import KEY, READER, Port, entry
from tests.policy_database.stage import take

AUTHORIZED = f"Authorization: Bearer {KEY}\r\n"
POST = f"POST /api/v1/users HTTP/1.1\r\nHost: sidecar\r\nContent-Type: application/json\r\n{AUTHORIZED}"


async def raw(api: Port, request: str | bytes) -> tuple[int, bytes]:
    """Status and rest of the answer to bytes that no client library would send."""
    reader, writer = await asyncio.open_connection("127.0.0.1", api.port)
    writer.write(request.encode() if isinstance(request, str) else request)
    async with asyncio.timeout(5):
        head = await reader.readuntil(b"\r\n\r\n")
        length = next((int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")), 0)
        body = await reader.readexactly(length)
    writer.close()
    return int(head.split(b" ")[1]), head + body


def post(path: str, content: str | bytes, *headers: str, kind: str = "application/json") -> bytes:
    data = content.encode() if isinstance(content, str) else content
    lines = [f"POST /api/v1{path} HTTP/1.1", "Host: sidecar", f"Content-Type: {kind}", f"Content-Length: {len(data)}", *headers]
    return "".join(f"{line}\r\n" for line in lines).encode() + AUTHORIZED.encode() + b"\r\n" + data


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        f"Bearer {READER[:-1]}0",
        f"Bearer {KEY[:-1]}",
        f"Bearer {KEY}0",
        f"Bearer {KEY} {KEY}",
        f"Basic {KEY}",
        f"{KEY}",
        f"Bearer {KEY},Bearer {KEY}",
        f"Bearer {entry(KEY).sha256}",
        "Bearer \u00e9" + KEY[1:],
    ],
)
@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/users"), ("DELETE", "/users/j.devries"), ("GET", "/openapi.json"), ("GET", "/nothing"), ("PUT", "/")]
)
async def test_without_a_key_that_is_known_nobody_gets_anywhere(light: Port, authorization: str | None, method: str, path: str) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    answer = await light.ask(method, path, key=None, **headers)
    assert (answer.status, answer.json["reason"]) == (401, "unauthorized")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="administration"'
    assert "j.devries" in (await take(light.desk.database))["users"]


async def test_two_keys_at_once_are_none(light: Port) -> None:
    status, _ = await raw(light, f"GET /api/v1/users HTTP/1.1\r\nHost: sidecar\r\n{AUTHORIZED}{AUTHORIZED}\r\n")
    assert status in (400, 401)


async def test_a_key_counts_in_either_letter_case_of_the_scheme_only_as_it_was_made(light: Port) -> None:
    assert (await light.ask("GET", "/users", key=None, Authorization=f"bearer {KEY}")).status == 200
    assert (await light.ask("GET", "/users", key=KEY.lower())).status == 401


async def test_a_flood_without_a_key_is_told_to_wait_and_whoever_has_one_is_not(light: Port, capsys: pytest.CaptureFixture[str]) -> None:
    answers = [(await light.ask("GET", "/users", key="0" * 64)) for _ in range(40)]
    assert [each.status for each in answers] == [401] * 30 + [429] * 10
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 60
    assert (await light.ask("GET", "/users")).status == 200
    assert capsys.readouterr().out.count("somebody without a key") == 1
    assert (light.results["unauthorized"], light.results["too_many_tries"], light.results["success"]) == (30, 10, 1)


async def test_a_key_that_is_taken_out_opens_nothing_from_then_on(light: Port) -> None:
    assert (await light.ask("GET", "/users")).status == 200
    del light.keys["console"]
    assert (await light.ask("GET", "/users")).status == 401
    assert (await light.ask("GET", "/users", key=READER)).status == 200
    light.keys["console"] = entry(KEY, read_only=True)
    assert (await light.ask("DELETE", "/users/j.devries")).status == 403


async def test_without_any_key_the_api_is_not_there(light: Port) -> None:
    light.keys.clear()
    elsewhere = await light.session.get(f"{light.url}/nothing")
    for path in ("/users", "/openapi.json", "/nothing", ""):
        answer = await light.ask("GET", path)
        assert (answer.status, answer.body) == (elsewhere.status, await elsewhere.read()) == (404, b"404: Not Found")
        assert answer.headers.keys() == elsewhere.headers.keys()


CHANGES: list[tuple[str, str, Any]] = [
    ("POST", "/users", {"name": "a.new"}),
    ("PATCH", "/users/j.devries", {"email": "x@example.com"}),
    ("DELETE", "/users/j.devries", None),
    ("POST", "/users/j.devries/block", None),
    ("POST", "/groups/app/add-user", {"users": ["j.devries"]}),
    ("POST", "/tokens", {"app": "hours", "user": "m.jansen", "description": "x"}),
]


@pytest.mark.parametrize(("method", "path", "content"), CHANGES)
async def test_a_key_for_reading_reads_only(light: Port, method: str, path: str, content: Any) -> None:
    answer = await light.ask(method, path, content, key=READER)
    assert (answer.status, answer.json["reason"]) == (403, "read_only")
    assert await light.desk.audited() == []
    assert (await light.ask("GET", "/users", key=READER)).status == 200


@pytest.mark.parametrize(
    ("content", "status", "reason"),
    [
        ('{"name": "a"', 400, "malformed"),
        ('{"name": "a", "name": "b"}', 400, "malformed"),
        ('{"name": "a", "attributes": {"x": "1", "x": "2"}}', 400, "malformed"),
        ('["a"]', 400, "malformed"),
        ('"a"', 400, "malformed"),
        ('{"name": NaN}', 400, "malformed"),
        ("[" * 100_000, 400, "malformed"),
        ('{"attributes": ' + '{"a": ' * 20_000 + "1" + "}" * 20_001, 400, "malformed"),
        (b'{"name": "\xff"}', 400, "malformed"),
        ('{"name": "\\ud800"}', 422, "invalid"),
        ('{"name": "a\\u0000"}', 422, "invalid"),
        ('{"name": 1}', 422, "invalid"),
        ('{"name": null}', 422, "invalid"),
        ('{"name": "a", "blocked": "no"}', 422, "invalid"),
        ('{"name": "a", "blocked": 0}', 422, "invalid"),
        ('{"name": "a", "is_admin": true}', 422, "invalid"),
        ('{"name": "a", "attributes": {"x": [["y"]]}}', 422, "invalid"),
        ('{"name": "a", "attributes": {"x": {"y": "z"}}}', 422, "invalid"),
        ('{"name": "' + "a" * 201 + '"}', 422, "invalid"),
        ("{}", 422, "invalid"),
        ("", 422, "invalid"),
        ('{"name": "' + "a" * 262_144 + '"}', 413, "too_large"),
    ],
)
async def test_content_with_another_reading_or_none_is_refused(light: Port, content: str | bytes, status: int, reason: str) -> None:
    answered, body = await raw(light, post("/users", content))
    problem = json.loads(body.partition(b"\r\n\r\n")[2])
    assert (answered, problem["status"], problem["reason"]) == (status, status, reason)
    assert await light.desk.audited() == []


@pytest.mark.parametrize(
    "kind",
    [
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "text/plain",
        "text/json",
        "application/jsonp",
        "",
        "application/json; charset=utf-16",
    ],
)
async def test_nothing_that_a_page_makes_a_browser_send_is_content(light: Port, kind: str) -> None:
    answered, _ = await raw(light, post("/users", '{"name": "a"}', kind=kind))
    assert answered == 415
    assert await light.desk.audited() == []


@pytest.mark.parametrize("header", ["Content-Encoding: gzip", "Content-Encoding: deflate", "Content-Encoding: br"])
async def test_compressed_content_is_not_opened(light: Port, header: str) -> None:
    answered, _ = await raw(light, post("/users", b"\x1f\x8b\x08\x00" + b"\0" * 40, header))
    assert answered in (400, 415)


async def test_more_than_is_declared_or_without_an_end_is_not_read(light: Port) -> None:
    declared = (
        f"POST /api/v1/users HTTP/1.1\r\nHost: sidecar\r\nContent-Type: application/json\r\nContent-Length: 999999999\r\n{AUTHORIZED}\r\n{{"
    )
    assert (await raw(light, declared))[0] == 413
    head = (
        f"POST /api/v1/users HTTP/1.1\r\nHost: sidecar\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n{AUTHORIZED}\r\n"
    )
    assert (await raw(light, head + ("ffff\r\n" + " " * 0xFFFF + "\r\n") * 5))[0] == 413


@pytest.mark.parametrize(
    "request_",
    [
        f"POST /api/v1/users HTTP/1.1\r\nHost: sidecar\r\n{AUTHORIZED}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        f"POST /api/v1/users HTTP/1.1\r\nHost: sidecar\r\n{AUTHORIZED}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{{}}",
        f"POST /api/v1/users HTTP/1.1\r\nHost: sidecar\r\n{AUTHORIZED}Transfer-Encoding: xchunked\r\n\r\n{{}}",
        f"GET /api/v1/users HTTP/1.1\r\nHost: sidecar\r\n{AUTHORIZED}X: a\nDELETE /api/v1/users/j.devries HTTP/1.1\r\n\r\n",
        f"GET /api/v1/users HTTP/1.1\r\nHost: sidecar\r\nAuthorization : Bearer {KEY}\r\n\r\n",
        f"GET /api/v1/users HTTP/1.1\r\nHost: sidecar\r\n Authorization: Bearer {KEY}\r\n\r\n",
    ],
)
async def test_a_request_with_two_readings_is_none(light: Port, request_: str) -> None:
    assert (await raw(light, request_))[0] == 400
    assert await light.desk.audited() == []


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/users/../users/j.devries",
        "/api/v1/users/.",
        "/api/v1/users/..",
        "/api/v1/users//j.devries",
        "/api/v1//users",
        "/api/v1/users/j.devries/",
        "/api/v1/users/j.devries/block/",
        "/api/v1/users/j.devries;x=1/block/x",
        "/api/v1/users%2Fj.devries",
        "/api/v1/%75sers/j.devries/bl%6Fck/x",
        "/api/v1/users/j.devries%2Fblock",
        "/api/v1/users/%ff",
        "/api/v1/users/%C0%AE%C0%AE",
        "/api/v1/users/%",
        "/api/v1/users/%zz",
        "/api/v1/users/j.devries?x",
        "/api/v1/users?limit=1&limit=2",
        "/api/v1/users?l%69mit=1&limit=2",
        "/api/v1/USERS",
        "/api/v1/users/" + "a" * 9_000,
        "/API/v1/users",
        "/api/v1",
        "/api/v2/users",
        "/x/../api/v1/users",
        "/%61pi/v1/users",
    ],
)
async def test_a_path_with_another_reading_leads_nowhere(light: Port, path: str) -> None:
    status, body = await raw(light, f"GET {path} HTTP/1.1\r\nHost: sidecar\r\n{AUTHORIZED}\r\n")
    assert status in (400, 404, 422)
    assert b"j.devries@example.com" not in body
    status, _ = await raw(light, f"DELETE {path} HTTP/1.1\r\nHost: sidecar\r\n{AUTHORIZED}\r\n")
    assert status in (400, 404, 405, 422)
    assert await light.desk.audited() == []


@pytest.mark.parametrize("method", ["PUT", "TRACE", "OPTIONS", "CONNECT", "QUERY", "PROPFIND", "delete"])
async def test_another_method_is_none_and_nothing_is_shared_with_other_origins(light: Port, method: str) -> None:
    preflight = "Origin: https://evil.example\r\nAccess-Control-Request-Method: DELETE\r\n"
    status, head = await raw(light, f"{method} /api/v1/users/j.devries HTTP/1.1\r\nHost: sidecar\r\n{preflight}{AUTHORIZED}\r\n")
    assert status in (400, 404, 405)
    assert b"access-control" not in head.lower()
    assert "j.devries" in (await take(light.desk.database))["users"]


async def test_every_answer_says_what_browsers_must_not_make_of_it(light: Port) -> None:
    for answer in (await light.ask("GET", "/users"), await light.ask("GET", "/nothing"), await light.ask("GET", "/users", key=None)):
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert "Access-Control-Allow-Origin" not in answer.headers


async def test_the_name_of_the_host_opens_nothing(light: Port) -> None:
    """A page whose name is pointed at this address (DNS rebinding) has no key to show."""
    status, _ = await raw(light, "GET /api/v1/users HTTP/1.1\r\nHost: evil.example\r\n\r\n")
    assert status == 401


async def test_no_key_is_logged_or_told(light: Port, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = "DEADBEEF" * 8
    bodies = [(await light.ask("GET", "/users", key=each)).body for each in (KEY, wrong, READER)]
    bodies.append((await light.ask("GET", f"/users/{KEY}?{KEY}=1")).body)
    output = capsys.readouterr()
    for secret in (KEY, wrong, READER):
        assert secret not in output.out + output.err
    assert wrong.encode() not in b"".join(bodies)
