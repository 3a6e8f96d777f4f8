"""Groups, app connectors and filter types: from nothing to a working app, what is warned of, and what is refused."""

from typing import Any

import pytest

from sidecar.administration.catalogue import OPERATIONS
from sidecar.administration.not_done import AlreadyThereError, InvalidError, NotDoneError, NotFoundError, RefusedError
from sidecar.administration.operation import Kind
from tests.administration.stage import Desk
from tests.policy_database.stage import run, take

DIGEST = "cd" * 32
SUBJECT = {"get_connector": "Profit_Dossiers", "field": "SubjectId"}


async def test_an_app_is_built_from_nothing_step_by_step(desk: Desk) -> None:
    await desk.does("group.add", name="leave")
    await desk.does("group.add-user", name="leave", users=["j.devries"])
    made = await desk.does("app.add", name="leave-app", environment="O12345AA", group="leave")
    assert (made["after"]["blocked"], made["warnings"]) == (True, ["`leave-app` is blocked, as new ones are; `app unblock` lets it work"])
    added = await desk.does("app.get-connector.add", app="leave-app", connectors=["Profit_Leave"])
    assert ["no filter type guards" in warning for warning in added["warnings"]] == [True]
    await desk.does("filter.add", name="person")
    await desk.does("filter.field.set", name="person", get_connector="Profit_Leave", fields={"employee": "EmId"})
    assert (await desk.does("filter.set", name="person", group="leave", expression="employee = @user.employee"))["warnings"] == []
    unblocked = await desk.does("app.unblock", name="leave-app")
    assert unblocked["warnings"] == []
    token = await desk.does("token.new", app="leave-app", user="j.devries", description="iPhone")
    assert token["warnings"] == []
    assert (await desk.does("app.show", name="leave-app"))["advice"] == []


@pytest.mark.parametrize(
    ("steps", "warnings"),
    [
        ([], ["lists no connector", "nobody is in its group `empty`"]),
        ([("app.get-connector.add", {"app": "new", "connectors": ["X"]})], ["nobody is in its group", "no filter type guards `X`"]),
        ([("app.change", {"name": "new", "valid_until": "2026-01-01"})], ["lists no", "nobody is in", "no longer valid"]),
        ([("app.change", {"name": "new", "enforcement": "shadow"})], ["lists no", "nobody is in", "SHADOW"]),
        ([("app.special.set", {"app": "new", "kind": "file"})], ["nobody is in", "nothing says who may fetch which file"]),
    ],
)
async def test_unblocking_warns_of_what_makes_it_useless(desk: Desk, steps: list[tuple[str, Any]], warnings: list[str]) -> None:
    await desk.does("group.add", name="empty")
    await desk.does("app.add", name="new", environment="O12345AA", group="empty")
    for operation, content in steps:
        await desk.does(operation, **content)
    told = (await desk.does("app.unblock", name="new"))["warnings"]
    assert [warning in each for warning, each in zip(warnings, told, strict=True)] == [True] * len(warnings), told


CHANGES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    # what it takes, and what it makes of the app connector
    "app.change": ({"name": "hours", "description": "Book", "valid_from": "2027-01-01"}, {"description": "Book"}),
    "app.block": ({"name": "hours"}, {"blocked": True}),
    "app.get-connector.add": (
        {"app": "hours", "connectors": ["A", "Profit_Hours"], "unfiltered": True},
        {"get_connectors": [], "unfiltered_get_connectors": ["A", "Profit_Countries", "Profit_Hours"]},
    ),
    "app.get-connector.remove": ({"app": "hours", "connectors": ["Profit_Hours"]}, {"get_connectors": []}),
    "app.update-connector.set": (
        {"app": "hours", "connector": "PtRealization", "actions": ["update", "delete"]},
        {"update_connectors": {"PtRealization": ["update", "delete"]}},
    ),
    "app.update-connector.remove": ({"app": "hours", "connector": "PtRealization"}, {"update_connectors": {}}),
    "app.special.set": ({"app": "hours", "kind": "subject", **SUBJECT}, {"special_connectors": {"subject": SUBJECT}}),
    "app.address.allow": ({"app": "hours", "networks": ["192.0.2.0/24"]}, {"ip": {"allow": ["192.0.2.0/24"], "deny": []}}),
    "app.address.deny": ({"app": "hours", "networks": ["192.0.2.7"]}, {"ip": {"allow": [], "deny": ["192.0.2.7/32"]}}),
    "app.otp-keys.set": (
        {"app": "hours", "api_key_sha256": DIGEST, "environment_key_sha256": "ef" * 32, "language": "en"},
        {"otp_keys": {"api_key": "cdcdcdcdcdcd", "environment_key": "efefefefefef", "language": "en"}},
    ),
    "app.client-certificate.set": (
        {"app": "hours", "sha256": [":".join(["AB"] * 32)], "dns_names": ["Hours.example", "a.example"]},
        {"client_certificate": {"sha256": ["ab" * 32], "dns_names": ["a.example", "hours.example"]}},
    ),
}


@pytest.mark.parametrize("operation", CHANGES)
async def test_a_change_of_an_app_connector_is_what_was_asked_and_audited(desk: Desk, operation: str) -> None:
    content, made = CHANGES[operation]
    changed = await desk.does(operation, **content)
    assert {key: changed["after"][key] for key in made} == made
    shown = await desk.does("app.show", name="hours")
    assert {key: value for key, value in shown.items() if key in changed["after"]} == changed["after"]
    [told] = await desk.audited()
    assert (told["what"], told["subject"], told["before"], told["after"]) == (operation, "hours", changed["before"], changed["after"])
    assert DIGEST not in str(told)


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (("app.special.set", {"kind": "report", "reports": ["1"], "unchecked_reports": ["2"]}), ("app.special.remove", {"kind": "report"})),
        (("app.special.set", {"kind": "version"}), ("app.special.remove", {"kind": "version"})),
        (("app.special.set", {"kind": "image", "unchecked": True}), ("app.special.remove", {"kind": "image"})),
        (("app.address.deny", {"networks": ["192.0.2.7"]}), ("app.address.remove", {"networks": ["192.0.2.7"]})),
        (CHANGES["app.otp-keys.set"][0] and ("app.otp-keys.set", CHANGES["app.otp-keys.set"][0]), ("app.otp-keys.remove", {})),
        (("app.client-certificate.set", {"uris": ["spiffe://example.com/hours"]}), ("app.client-certificate.remove", {})),
        (("app.get-connector.add", {"connectors": ["A"]}), ("app.get-connector.remove", {"connectors": ["A"]})),
    ],
)
async def test_what_was_added_is_taken_away(desk: Desk, first: tuple[str, Any], then: tuple[str, Any]) -> None:
    before = await take(desk.database)
    added = await desk.does(first[0], **{"app": "hours", **first[1]})
    assert added["after"] != added["before"]
    assert (await desk.does(then[0], **{"app": "hours", **then[1]}))["after"] == added["before"]
    assert await take(desk.database) == before


REFUSED: list[tuple[str, dict[str, Any], type[NotDoneError], str]] = [
    ("group.remove", {"name": "app"}, RefusedError, "app connector `hours`"),
    ("group.remove", {"name": "consultancy"}, RefusedError, "a filter of filter type `department`"),
    ("group.remove", {"name": "everyone"}, RefusedError, "built-in"),
    ("group.rename", {"name": "everyone", "to": "all"}, RefusedError, "built-in"),
    ("group.add-user", {"name": "everyone", "users": ["j.devries"]}, RefusedError, "every user is in"),
    ("group.remove-user", {"name": "everyone", "users": ["j.devries"]}, RefusedError, "every user is in"),
    ("group.add-user", {"name": "app", "users": ["j.devrees"]}, NotFoundError, "did you mean `j.devries`"),
    ("group.remove-user", {"name": "app", "users": ["j.devrees"]}, NotFoundError, "did you mean `j.devries`"),
    ("group.add", {"name": "app"}, AlreadyThereError, "there is a group `app` already"),
    ("group.add", {"name": "everyone"}, AlreadyThereError, "there is a group `everyone` already"),
    ("app.add", {"name": "x", "environment": "O12345AB", "group": "app"}, RefusedError, "did you mean `O12345AA`"),
    ("app.add", {"name": "x", "environment": "O12345AA", "group": "apps"}, NotFoundError, "did you mean `app`"),
    ("app.add", {"name": "hours", "environment": "O12345AA", "group": "app"}, AlreadyThereError, "already"),
    ("app.change", {"name": "hours", "environment": "elsewhere"}, RefusedError, "there is no environment `elsewhere`"),
    ("app.change", {"name": "hours", "group": "nobody"}, NotFoundError, "there is no group `nobody`"),
    ("app.get-connector.add", {"app": "hours", "connectors": ["profit_hours"]}, RefusedError, "are the same connector"),
    ("app.get-connector.remove", {"app": "hours", "connectors": ["Profit_Hour"]}, NotFoundError, "did you mean `Profit_Hours`"),
    ("app.update-connector.remove", {"app": "hours", "connector": "X"}, NotFoundError, "lists no UpdateConnector"),
    ("app.update-connector.set", {"app": "hours", "connector": "X", "actions": ["read"]}, InvalidError, "actions"),
    ("app.special.set", {"app": "hours", "kind": "version", "unchecked": True}, InvalidError, "nothing to check"),
    ("app.special.set", {"app": "hours", "kind": "file", "get_connector": "X"}, InvalidError, "field: is missing"),
    ("app.special.set", {"app": "hours", "kind": "file", "unchecked": True, **SUBJECT}, InvalidError, "several things"),
    ("app.special.set", {"app": "hours", "kind": "report", "reports": ["1", "01"]}, RefusedError, "are the same report"),
    ("app.special.remove", {"app": "hours", "kind": "file"}, NotFoundError, "does not list `file`"),
    ("app.address.allow", {"app": "hours", "networks": ["192.0.2.1/24"]}, InvalidError, "the network is 192.0.2.0/24"),
    ("app.address.remove", {"app": "hours", "networks": ["192.0.2.7"]}, NotFoundError, "lists no address"),
    ("app.otp-keys.remove", {"app": "hours"}, NotFoundError, "has no keys"),
    ("app.client-certificate.remove", {"app": "hours"}, NotFoundError, "asks for no client certificate"),
    ("app.client-certificate.set", {"app": "hours"}, InvalidError, "names no certificate"),
    ("app.client-certificate.set", {"app": "hours", "sha256": ["ab"]}, InvalidError, "is not a SHA-256"),
    ("app.client-certificate.set", {"app": "hours", "dns_names": ["*.example"]}, InvalidError, "`*` stands for nothing"),
    ("app.client-certificate.set", {"app": "hour", "common_names": ["hours"]}, NotFoundError, "did you mean `hours`"),
    ("filter.add", {"name": "department"}, AlreadyThereError, "already"),
    ("filter.set", {"name": "department", "group": "app", "expression": "department ="}, InvalidError, "expression: not a boolean"),
    ("filter.set", {"name": "department", "group": "app", "expression": "company = '1'"}, RefusedError, "maps no field `company`"),
    ("filter.set", {"name": "department", "group": "apps", "expression": "nothing"}, NotFoundError, "did you mean `app`"),
    ("filter.unset", {"name": "department", "group": "app"}, NotFoundError, "has no filter for group `app`"),
    ("filter.field.set", {"name": "department", "get_connector": "A", "fields": {"x": "X"}}, RefusedError, "maps no field `department`"),
    ("filter.field.remove", {"name": "department", "get_connector": "A"}, NotFoundError, "does not guard `A`"),
    ("filter.field.remove", {"name": "department", "get_connector": "Profit_Hours", "fields": ["x"]}, NotFoundError, "maps no field `x`"),
    ("token.new", {"app": "hours", "user": "j.devries", "description": "iPhone"}, AlreadyThereError, "name the device otherwise"),
    ("token.new", {"app": "hours", "user": "m.jansen", "description": "A", "expires": "2026-01-01"}, InvalidError, "expires: lies in"),
    ("token.revoke", {"id": "0" * 12}, NotFoundError, "there is no such token"),
    ("token.revoke", {"id": "0" * 12, "app": "hours"}, InvalidError, "either an id"),
    ("token.revoke", {"app": "hours"}, InvalidError, "either an id"),
]


@pytest.mark.parametrize(("operation", "content", "error", "message"), REFUSED, ids=lambda each: each if isinstance(each, str) else "")
async def test_what_is_refused_leaves_everything_as_it_was(
    desk: Desk, operation: str, content: dict[str, Any], error: type[NotDoneError], message: str
) -> None:
    before = await take(desk.database)
    with pytest.raises(error) as caught:
        await desk.does(operation, **content)
    assert message in str(caught.value)
    assert await take(desk.database) == before
    assert await desk.audited() == []


async def test_the_last_allowed_address_goes_only_where_that_is_meant(desk: Desk) -> None:
    await desk.does("app.address.allow", app="hours", networks=["192.0.2.7", "192.0.2.8"])
    await desk.does("app.address.remove", app="hours", networks=["192.0.2.7"])
    with pytest.raises(RefusedError, match="could be used from everywhere"):
        await desk.does("app.address.remove", app="hours", networks=["192.0.2.8"])
    gone = await desk.does("app.address.remove", app="hours", networks=["192.0.2.8"], open_to_all=True)
    assert gone["after"]["ip"] == {"allow": [], "deny": []}


async def test_what_opens_all_rows_is_told_whatever_opens_it(desk: Desk) -> None:
    told = "every member of group `app` sees every row of `Profit_Hours` through `hours`"
    await desk.does("app.get-connector.add", app="hours", connectors=["Profit_Hours"], unfiltered=True)
    assert told in (await desk.does("filter.remove", name="department"))["warnings"]


async def test_a_list_that_a_filter_compares_with_one_value_is_warned_of_on_both_sides(desk: Desk) -> None:
    made = await desk.does("filter.set", name="department", group="consultancy", expression="department = @user.departments")
    assert ["users.j.devries.attributes.departments: is a list" in each for each in made["warnings"]] == [True]
    changed = await desk.does("user.change", name="j.devries", set={"departments": ["A", "B"]})
    assert ["is a list" in each for each in changed["warnings"]] == [True]
    assert (await desk.does("user.change", name="j.devries", set={"departments": "A"}))["warnings"] == []


async def test_an_attribute_that_nobody_has_is_warned_of(desk: Desk) -> None:
    made = await desk.does("filter.set", name="department", group="consultancy", expression="department = @user.dept")
    assert ["nobody in group `consultancy` has an attribute `dept`" in each for each in made["warnings"]] == [True]


async def test_a_token_for_somebody_who_is_no_member_is_warned_of(desk: Desk) -> None:
    await desk.does("group.remove-user", name="app", users=["m.jansen"])
    made = await desk.does("token.new", app="hours", user="m.jansen", description="Laptop")
    assert made["warnings"] == ["the token is refused for now: The user is not a member of the app connector's user group."]


async def test_a_token_is_shown_once_and_told_by_id_only(desk: Desk) -> None:
    made = await desk.does("token.new", app="hours", user="m.jansen", description="Laptop", expires="2027-01-01")
    assert made["data"] in made["xml"]
    [told] = await desk.audited()
    listed = await desk.does("token.list", user="m.jansen")
    assert told["after"] == made["after"] == listed["items"][0]
    assert made["data"] not in str(told) + str(listed)
    assert (await desk.does("token.revoke", id=made["after"]["id"]))["before"] == made["after"]
    await desk.does("token.revoke", app="hours", user="j.devries", description="iPhone")
    assert (await desk.does("token.list"))["items"] == []


async def test_what_was_wrong_before_may_be_mended_in_several_steps(desk: Desk) -> None:
    await run(desk.database, "UPDATE policy_app_connectors SET environment = 'gone'", "UPDATE policy_filters SET expression = 'x ='")
    mended = await desk.does("app.change", name="hours", environment="O12345AA")
    assert ["still wrong" in each for each in mended["warnings"]] == [True, True]
    await desk.does("filter.set", name="department", group="consultancy", expression="nothing")
    assert (await desk.does("filter.set", name="department", group="management", expression="nothing"))["warnings"] == []


async def test_rows_that_make_no_sense_are_told_and_changed_by_nobody(desk: Desk) -> None:
    await run(desk.database, """UPDATE policy_users SET attributes = '7'""")
    with pytest.raises(RefusedError, match=r"users\.j\.devries\.attributes: expected keys"):
        await desk.does("user.block", name="j.devries")
    await run(desk.database, "UPDATE policy_get_connectors SET name = '(' WHERE name = 'Profit_Hours'")
    with pytest.raises(RefusedError, match="is not the name of a connector"):
        await desk.does("app.block", name="hours")


async def test_groups_and_filter_types_are_shown_and_listed(desk: Desk) -> None:
    await desk.does("group.rename", name="app", to="apps")
    shown = await desk.does("group.show", name="apps", limit=1)
    assert (shown["app_connectors"], shown["members"], shown["next"], shown["count"]) == (["hours"], ["j.devries"], "j.devries", 2)
    assert (await desk.does("group.show", name="apps", after="j.devries"))["members"] == ["m.jansen"]
    page = await desk.does("group.list", search="A", limit=2)
    assert ([each["name"] for each in page["items"]], page["next"]) == (["apps", "consultancy"], "consultancy")
    await desk.does("filter.rename", name="department", to="dept")
    assert [each["name"] for each in (await desk.does("filter.list"))["items"]] == ["dept"]
    assert (await desk.does("filter.show", name="dept"))["filters"]["management"] == "everything"
    assert [each["name"] for each in (await desk.does("app.list", search="HOUR"))["items"]] == ["hours"]
    await desk.does("app.rename", name="hours", to="time")
    removed = await desk.does("app.remove", name="time")
    assert removed["tokens"] == 1


async def test_the_audit_is_found_by_who_what_and_when(desk: Desk) -> None:
    for who in ("a", "b"):
        await desk.does("user.block", name="j.devries", by=who)
    newest, oldest = (await desk.does("audit.list", subject="j.devries"))["items"]
    assert ((newest["who"], newest["before"]["blocked"]), (oldest["who"], oldest["before"]["blocked"])) == (("b", True), ("a", False))
    first = await desk.does("audit.list", limit=1, what="user.block")
    assert [each["who"] for each in (await desk.does("audit.list", after=first["next"], what="user.block"))["items"]] == ["a"]
    assert (await desk.does("audit.list", who="a", since="2026-11-01T12:00:00Z"))["items"] == [oldest]
    assert (await desk.does("audit.list", since="2026-11-02"))["items"] == []


def test_every_operation_says_what_it_does_and_every_part_of_its_request_too() -> None:
    for operation in OPERATIONS.values():
        assert operation.title, operation.name
        assert operation.description, operation.name
        assert [name for name, field in operation.request.model_fields.items() if not _description(field)] == [], operation.name
    assert {operation.name for operation in OPERATIONS.values() if operation.kind is Kind.READ} == {
        *(f"{subject}.{verb}" for subject in ("user", "group", "app", "filter") for verb in ("list", "show")),
        "token.list",
        "audit.list",
    }


def _description(field: Any) -> str:
    schema = str(field.annotation) + str(field.metadata)
    return field.description or ("description=" in schema and "told") or ""
