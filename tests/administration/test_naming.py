"""Names that could be taken for one another: whoever makes the second is told."""

from typing import Any

import pytest

from tests.administration.stage import Desk

APP = {"environment": "O12345AA", "group": "app"}


@pytest.mark.parametrize(
    ("kind", "there", "fresh", "more"),
    [
        ("user", "j.devries", "J.deVries", {}),
        ("user", "josé", "jose\u0301", {}),
        ("group", "Ça va", "C\u0327A VA", {}),
        ("app", "Hours-2", "hOURS-2", APP),
        ("filter", "STRASSE", "straße", {}),
    ],
)
async def test_a_name_that_differs_in_letter_case_or_unicode_form_only_is_warned_of(
    desk: Desk, kind: str, there: str, fresh: str, more: dict[str, Any]
) -> None:
    if there != "j.devries":
        assert not _told(await desk.does(f"{kind}.add", name=there, **more))
    [warning] = told = _told(await desk.does(f"{kind}.add", name=fresh, **more))
    assert f"`{fresh}` differs from `{there}` in letter case or Unicode form only" in warning
    assert not _told(await desk.does(f"{kind}.rename", name=fresh, to="something else"))
    assert _told(await desk.does(f"{kind}.rename", name="something else", to=fresh)) == told
    await desk.does(f"{kind}.remove", name=fresh)
    assert not _told(await desk.does(f"{kind}.rename", name=there, to=fresh))


def _told(result: dict[str, Any]) -> list[str]:
    return [warning for warning in result["warnings"] if "Unicode form" in warning]
