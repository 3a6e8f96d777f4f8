"""The operations over HTTP: where they are, what they tell, and how the words of their safeguards arrive."""

import asyncio
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sidecar.admin.api.routes import routes_at
from sidecar.admin.api.target import read_target
from sidecar.database.database import Database
from sidecar.filters.values import has_control_characters
from tests.admin.api.port import KEY, Port, port_of
from tests.administration.stage import Desk

JANSEN = {"name": "a.jansen", "email": "a.jansen@example.com", "applications": ["pocket"], "groups": ["app"]}


async def test_a_user_is_made_shown_changed_and_removed(api: Port) -> None:
    made = await api.ask("POST", "/users", JANSEN)
    assert (made.status, made.headers["Location"], made.json["warnings"]) == (201, "/api/v1/users/a.jansen", [])
    shown = await api.ask("GET", "/users/a.jansen")
    assert (shown.status, shown.json["groups"], shown.json["app_connectors"][0]["may_use"]) == (200, ["app", "everyone"], True)
    assert (await api.ask("POST", "/users/a.jansen/block")).json["after"]["blocked"] is True
    assert (await api.ask("PATCH", "/users/a.jansen", {"tick": ["insite"]})).json["after"]["applications"] == ["insite", "pocket"]
    assert (await api.ask("POST", "/users/a.jansen/rename", {"to": "a.smit"})).status == 200
    assert [each["name"] for each in (await api.ask("GET", "/users?search=SMIT&limit=5")).json["items"]] == ["a.smit"]
    assert (await api.ask("DELETE", "/users/a.smit")).json["before"]["name"] == "a.smit"
    assert (await api.ask("GET", "/users/a.smit")).status == 404


async def test_a_list_is_told_page_by_page(api: Port) -> None:
    names: list[str] = []
    after = ""
    while True:
        page = (await api.ask("GET", f"/users?limit=1&after={quote(after)}")).json
        names += [each["name"] for each in page["items"]]
        if page["next"] is None:
            break
        after = page["next"]
    assert names == ["j.devries", "m.jansen"]
    assert [each["name"] for each in (await api.ask("GET", "/users?group=consultancy")).json["items"]] == ["j.devries"]


async def test_a_token_is_shown_this_once_and_a_lost_answer_leaves_one_that_can_be_revoked(api: Port) -> None:
    wanted = {"app": "hours", "user": "m.jansen", "description": "iPad", "expires": "2027-01-01T00:00:00Z"}
    made = await api.ask("POST", "/tokens", wanted)
    assert (made.status, len(made.json["data"])) == (201, 64)
    again = await api.ask("POST", "/tokens", wanted)
    assert (again.status, again.json["reason"]) == (409, "already_there")
    listed = (await api.ask("GET", "/tokens?user=m.jansen")).json["items"]
    assert [(each["id"], each["description"]) for each in listed] == [(made.json["subject"], "iPad")]
    assert made.json["data"].encode() not in (await api.ask("GET", "/tokens")).body
    assert (await api.ask("DELETE", f"/tokens/{made.json['subject']}")).status == 200
    assert (await api.ask("POST", "/tokens", wanted)).status == 201


async def test_each_change_stands_in_the_audit_under_the_name_of_the_key(api: Port) -> None:
    await api.ask("POST", "/users/j.devries/block")
    await api.ask("DELETE", "/users/nobody")
    api.keys["script"] = api.keys.pop("console")
    await api.ask("POST", "/users/j.devries/unblock")
    told = [(each["who"], each["what"], each["subject"]) for each in await api.desk.audited()]
    assert told == [("api:console", "user.block", "j.devries"), ("api:script", "user.unblock", "j.devries")]


REFUSALS: list[tuple[str, str, Any, int, str, str]] = [
    ("GET", "/users/j.devreis", None, 404, "not_found", "there is no user `j.devreis`"),
    ("POST", "/users", {"name": "j.devries"}, 409, "already_there", "there is a user `j.devries` already"),
    ("POST", "/users", {"name": "a", "groups": ["nobody"]}, 404, "not_found", "there is no group `nobody`"),
    ("POST", "/users", {"name": " a"}, 422, "invalid", "begin or end with a space"),
    ("DELETE", "/groups/app", None, 409, "refused", "is used by app connector `hours`"),
    ("DELETE", "/groups/everyone", None, 409, "refused", "is the built-in group of all users"),
    ("POST", "/groups/everyone/add-user", {"users": ["j.devries"]}, 409, "refused", "every user is in group `everyone`"),
    ("POST", "/tokens", {"app": "hours", "user": "nobody", "description": "x"}, 404, "not_found", "there is no user `nobody`"),
    ("POST", "/tokens", {"app": "hours", "user": "j.devries", "description": "iPhone"}, 409, "already_there", "on `iPhone` already"),
    ("DELETE", "/tokens/000000000000", None, 404, "not_found", "there is no such token"),
    ("GET", "/users?limit=0", None, 422, "invalid", "limit"),
    ("GET", "/users?limit=1.0", None, 422, "invalid", "expected a whole number"),
    ("GET", "/users?sort=name", None, 422, "invalid", "is not a part of this request"),
    ("PATCH", "/users/j.devries", {"name": "j.smit"}, 422, "invalid", "is not a part of this request"),
    ("POST", "/users/j.devries/block?force=1", None, 422, "invalid", "is not a part of this request"),
    ("DELETE", "/users/j.devries", {}, 400, "malformed", "DELETE has no content"),
    ("PUT", "/users/j.devries", {}, 405, "method", "there is no PUT here"),
    ("GET", "/user", None, 404, "not_found", "there is nothing here"),
]


@pytest.mark.parametrize(("method", "path", "content", "status", "reason", "text"), REFUSALS)
async def test_what_is_not_done_is_told_as_the_command_line_tells_it(
    api: Port, method: str, path: str, content: Any, status: int, reason: str, text: str
) -> None:
    answer = await api.ask(method, path, content)
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    assert (answer.status, answer.json["status"], answer.json["reason"]) == (status, status, reason)
    assert text in f"{answer.json.get('place')}: {answer.json['detail']}"
    assert await api.desk.audited() == []
    assert api.results == {reason: 1}


async def test_what_may_be_asked_instead_is_told(light: Port) -> None:
    answer = await light.ask("PUT", "/users/j.devries")
    assert answer.headers["Allow"] == "DELETE, GET, HEAD, PATCH"
    assert (await light.ask("GET", "/users/j.devreis")).json["remedy"] == "did you mean `j.devries`?"
    head = await light.ask("HEAD", "/users/j.devries")
    assert (head.status, head.body) == (200, b"")


async def test_who_changes_what_has_changed_since_he_looked_is_told(api: Port) -> None:
    seen = (await api.ask("GET", "/users/j.devries")).headers["ETag"]
    assert (await api.ask("PATCH", "/users/j.devries", {"email": "one@example.com"}, If_Match=seen)).status == 200
    late = await api.ask("PATCH", "/users/j.devries", {"email": "two@example.com"}, If_Match=seen)
    assert (late.status, late.json["reason"]) == (412, "overwritten")
    assert (await api.ask("DELETE", "/users/j.devries", If_Match=seen)).status == 412
    now = await api.ask("GET", "/users/j.devries")
    assert now.json["email"] == "one@example.com"
    assert len(await api.desk.audited()) == 1
    assert (await api.ask("DELETE", "/users/j.devries", If_Match=f'"x", {now.headers["ETag"]}')).status == 200
    assert (await api.ask("POST", "/users/j.devries/block", If_Match="*")).status == 404


async def test_what_follows_from_others_counts_for_the_tag_too(api: Port) -> None:
    seen = (await api.ask("GET", "/groups/app")).headers["ETag"]
    assert (await api.ask("GET", "/groups/app")).headers["ETag"] == seen
    await api.ask("POST", "/groups/app/remove-user", {"users": ["m.jansen"]})
    assert (await api.ask("POST", "/groups/app/add-user", {"users": ["m.jansen"]}, If_Match=seen)).status == 412


@pytest.mark.parametrize(
    ("method", "path", "tag", "status"),
    [
        ("PATCH", "/users/j.devries", "abc", 400),
        ("PATCH", "/users/j.devries", '"a" "b"', 400),
        ("PATCH", "/users/j.devries", 'W/"a"', 412),
        ("PATCH", "/users/j.devries", "*", 200),
        ("PATCH", "/users/nobody", '"a"', 404),
        ("POST", "/users", "*", 400),
        ("GET", "/users/j.devries", "*", 400),
        ("DELETE", "/tokens/abababababab", "*", 400),
    ],
)
async def test_a_condition_is_kept_or_refused_and_never_ignored(light: Port, method: str, path: str, tag: str, status: int) -> None:
    content = {"name": "a"} if path == "/users" else {} if method == "PATCH" else None
    assert (await light.ask(method, path, content, If_Match=tag)).status == status


async def test_of_two_who_looked_at_the_same_one_changes_it(api: Port) -> None:
    seen = (await api.ask("GET", "/users/j.devries")).headers["ETag"]
    changes = (api.ask("PATCH", "/users/j.devries", {"email": f"{number}@example.com"}, If_Match=seen) for number in range(6))
    statuses = sorted(each.status for each in await asyncio.gather(*changes))
    assert statuses == [200, 412, 412, 412, 412, 412]


NAMES = ["a/b", "..", ".", "a%2Fb", "a b", "é", "a?b#c", "a;b", "block", "openapi.json", "😀", "a+b", "'", "<a>", "a\\b", "~", "&=", "%"]


@pytest.mark.parametrize("name", NAMES)
async def test_any_name_that_policy_allows_has_its_path(light: Port, name: str) -> None:
    escaped = "".join(f"%{byte:02X}" for byte in name.encode())
    made = await light.ask("POST", "/users", {"name": name})
    assert made.status == 201
    for path in (f"/users/{escaped}", *([made.headers["Location"].removeprefix("/api/v1")] if name.strip(".") else [])):
        shown = await light.ask("GET", path)
        assert (shown.status, shown.json["name"]) == (200, name)
    assert (await light.ask("POST", f"/users/{escaped}/block")).json["after"]["name"] == name
    assert (await light.ask("DELETE", f"/users/{escaped}")).status == 200


@settings(suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
@given(st.text(min_size=1).filter(lambda text: text == text.strip() and not has_control_characters(text)))
def test_a_name_goes_into_a_path_and_comes_out_the_same(name: str) -> None:
    segments, parameters = read_target(f"/api/v1/users/{''.join(f'%{byte:02x}' for byte in name.encode())}/block?x={quote(name, safe='')}")
    assert (segments, parameters) == (("users", name, "block"), {"x": name})
    assert routes_at(segments)["POST"].operation.name == "user.block"
    if name.strip("."):
        assert read_target(f"/api/v1/users/{quote(name, safe='')}") == (("users", name), {})


@pytest.mark.parametrize("url", ["sqlite:///{folder}/no.db", "postgresql://a:geheim@127.0.0.1:9/x"])
async def test_a_database_that_gives_no_answer_is_told_at_once(url: str, tmp_path: Path) -> None:
    (tmp_path / "no.db").write_text("this is no database, and no policy stands in it")
    database = Database(url.format(folder=tmp_path.as_posix()))
    async with port_of(Desk(database)) as api:
        for method, path, content in (("GET", "/users", None), ("POST", "/users", {"name": "a"})):
            async with asyncio.timeout(10):
                answer = await api.ask(method, path, content)
            assert (answer.status, answer.json["reason"], answer.headers["Retry-After"]) == (503, "unavailable", "5")
            assert b"geheim" not in answer.body
        assert (await api.session.get(f"{api.url}/livez")).status == 200
        assert (await api.ask("GET", "/openapi.json", key=KEY)).status == 200
    await database.close()


async def test_requests_that_wait_for_the_database_are_few(light: Port, monkeypatch: pytest.MonkeyPatch) -> None:
    entered, go_on = asyncio.Semaphore(0), asyncio.Event()
    working = Database.snapshot

    def slow(self: Database) -> Any:
        async def wait() -> None:
            entered.release()
            await go_on.wait()

        return _Slow(wait, working(self))

    monkeypatch.setattr(Database, "snapshot", slow)
    waiting = [asyncio.create_task(light.ask("GET", "/users")) for _ in range(16)]
    for _ in waiting:
        await entered.acquire()
    answer = await light.ask("GET", "/users")
    assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
    go_on.set()
    assert [each.status for each in await asyncio.gather(*waiting)] == [200] * 16


class _Slow:
    """A snapshot that lets itself be waited for."""

    def __init__(self, wait: Any, snapshot: Any) -> None:
        self._wait, self._snapshot = wait, snapshot

    async def __aenter__(self) -> Any:
        await self._wait()
        return await self._snapshot.__aenter__()

    async def __aexit__(self, *error: Any) -> Any:
        return await self._snapshot.__aexit__(*error)


async def test_a_fault_of_ours_is_told_by_its_kind_only(
    light: Port, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(_self: Database) -> Any:
        raise ZeroDivisionError("geheim")

    monkeypatch.setattr(Database, "snapshot", broken)
    answer = await light.ask("GET", "/users")
    assert (answer.status, answer.json["reason"]) == (500, "fault")
    output = capsys.readouterr().out
    assert "ZeroDivisionError" in output
    assert "geheim" not in output + answer.body.decode()
