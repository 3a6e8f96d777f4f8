"""Users: what each operation changes, what it warns of, and what it refuses."""

from typing import Any

import pytest

from sidecar.administration.not_done import AlreadyThereError, InvalidError, NotFoundError
from tests.administration.stage import Desk
from tests.policy_database.stage import take

NEW = {"email": "a@example.com", "applications": ["pocket"]}


async def test_a_new_user_is_there_and_told_in_the_audit(desk: Desk) -> None:
    made = await desk.does("user.add", name="a.new", groups=["app"], by="cli:root", **NEW)
    assert made["warnings"] == []
    shown = await desk.does("user.show", name="a.new")
    assert (shown["groups"], shown["tokens"], shown["app_connectors"][0]["may_use"]) == (["app", "everyone"], 0, True)
    [told] = await desk.audited()
    assert (told["who"], told["what"], told["subject"], told["before"], told["after"]) == (
        "cli:root",
        "user.add",
        "a.new",
        None,
        made["after"],
    )


@pytest.mark.parametrize(
    ("content", "warning"),
    [
        ({"applications": ["pocket"]}, "without an e-mail address"),
        ({"email": "a@example.com"}, "No application is ticked"),
        ({**NEW, "email": "J.Devries@Example.com"}, "`j.devries` has the same e-mail address"),
        ({**NEW, "attributes": {"departments": "[Vandaag]"}}, "comparisons with it hold for no row"),
    ],
)
async def test_a_user_who_gets_nowhere_is_warned_about(desk: Desk, content: dict[str, Any], warning: str) -> None:
    made = await desk.does("user.add", name="a.new", **content)
    assert [each for each in made["warnings"] if warning in each] == made["warnings"] != []


async def test_a_user_in_two_ways_unreachable_is_told_both(desk: Desk) -> None:
    made = await desk.does("user.add", name="a.new")
    assert len(made["warnings"]) == 2


async def test_a_system_user_needs_no_email_address(desk: Desk) -> None:
    assert (await desk.does("user.add", name="sync", system=True, applications=["connector"]))["warnings"] == []


async def test_what_is_left_out_of_a_change_stays(desk: Desk) -> None:
    changed = await desk.does("user.change", name="j.devries", tick=["insite"], set={"departments": "X"}, unset=["employee"])
    assert changed["after"] == changed["before"] | {"applications": ["insite", "pocket"], "attributes": {"departments": "X"}}


async def test_blocking_twice_is_told_and_so_is_who_may_use_what(desk: Desk) -> None:
    await desk.does("user.block", name="j.devries")
    assert (await desk.does("user.block", name="j.devries"))["warnings"] == ["he was blocked already"]
    shown = await desk.does("user.show", name="j.devries")
    assert shown["app_connectors"][0]["why_not"] == ["The user is blocked."]
    await desk.does("user.unblock", name="j.devries")
    assert (await desk.does("user.show", name="j.devries"))["app_connectors"][0]["may_use"]


async def test_all_that_is_a_user_s_goes_with_him_to_another_name(desk: Desk) -> None:
    await desk.does("user.rename", name="j.devries", to="j.smit")
    shown = await desk.does("user.show", name="j.smit")
    assert (shown["groups"], shown["tokens"]) == (["app", "consultancy", "everyone"], 1)


async def test_what_goes_with_a_removed_user_is_told(desk: Desk) -> None:
    removed = await desk.does("user.remove", name="j.devries")
    assert (removed["groups"], removed["tokens"]) == (["app", "consultancy"], ["abababababab"])
    assert (await desk.audited())[0]["before"]["tokens"] == ["abababababab"]
    assert "tokens" not in await take(desk.database)


async def test_tokens_that_stand_in_another_database_by_name_are_warned_of(desk: Desk) -> None:
    assert (await desk.does("user.remove", name="m.jansen"))["warnings"] == []
    await desk.does("app.otp-keys.set", app="hours", api_key_sha256="ab" * 32, environment_key_sha256="cd" * 32)
    for what, name in (("user.remove", "j.devries"), ("app.remove", "hours")):
        [warning] = (await desk.does(what, name=name))["warnings"]
        assert name in warning
        assert "sidecar token revoke" in warning


async def test_names_that_are_not_there_or_taken_are_told(desk: Desk) -> None:
    with pytest.raises(NotFoundError, match=r"did you mean `j\.devries`"):
        await desk.does("user.block", name="j.devrees")
    with pytest.raises(AlreadyThereError):
        await desk.does("user.add", name="j.devries")
    with pytest.raises(AlreadyThereError):
        await desk.does("user.rename", name="j.devries", to="m.jansen")
    with pytest.raises(NotFoundError):
        await desk.does("user.add", name="a.new", groups=["nobody defined it"])
    assert await desk.audited() == []
    assert sorted((await take(desk.database))["users"]) == ["j.devries", "m.jansen"]


@pytest.mark.parametrize("name", ["", " a", "a\0", "x" * 201, 7])
async def test_what_is_no_name_is_refused(desk: Desk, name: object) -> None:
    with pytest.raises(InvalidError) as caught:
        await desk.does("user.add", name=name)
    assert caught.value.place == "name"


async def test_users_are_listed_by_page_text_and_group(desk: Desk) -> None:
    first = await desk.does("user.list", limit=1)
    assert ([each["name"] for each in first["items"]], first["next"]) == (["j.devries"], "j.devries")
    second = await desk.does("user.list", limit=1, after=first["next"])
    assert ([each["name"] for each in second["items"]], second["next"]) == (["m.jansen"], None)
    assert [each["name"] for each in (await desk.does("user.list", search="JANSEN@"))["items"]] == ["m.jansen"]
    assert [each["name"] for each in (await desk.does("user.list", group="consultancy"))["items"]] == ["j.devries"]
    assert (await desk.does("user.list", search="%"))["items"] == []
