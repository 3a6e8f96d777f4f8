"""The guided tour says what it promises, briefly, and gives no secret away."""

import asyncio
import re
from io import StringIO

import pytest
from aiohttp import ClientSession
from rich.console import Console

from sidecar.demo.launch import launched
from sidecar.demo.running import Held
from sidecar.demo.tour import guided_tour


@pytest.fixture(scope="module")
def lines() -> list[str]:
    """One tour is enough for all tests that only read it."""
    text = StringIO()
    asyncio.run(guided_tour(Console(file=text, width=100)))
    return text.getvalue().splitlines()


def section(lines: list[str], number: int) -> str:
    start = next(index for index, line in enumerate(lines) if line.startswith(f"{number}  "))
    return "\n".join(lines[start : lines.index("", start)])


def test_it_fits_on_a_screen_or_two_and_needs_no_colours(lines: list[str]) -> None:
    assert len(lines) <= 80
    assert [line for line in lines if len(line) > 100] == []
    assert "\x1b" not in "\n".join(lines)


def test_it_shows_no_secret(lines: list[str]) -> None:
    assert re.search("[0-9A-Fa-f]{64}|AfasToken|PHRva2Vu", "\n".join(lines)) is None


def test_two_users_see_different_rows_and_why(lines: list[str]) -> None:
    rows, why = section(lines, 1), section(lines, 2)
    assert re.search(r"j\.devries +205 rows .*: CONS 205\n", rows)
    assert re.search(r"m\.jansen +463 rows .*: CONS 205, DIR", rows)
    assert "filtervalues=2026-06-01,CONS" in why
    assert re.search(r"for m\.jansen +.*filtervalues=2026-06-01&operatortypes=2", why, re.DOTALL)


def test_over_soap_the_same_user_gets_the_same_rows(lines: list[str]) -> None:
    soap = section(lines, 3)
    assert "gets            205 rows, the same ones: CONS 205\n" in soap
    assert re.search(r"backend saw .*Afdeling\"\s+OperatorType=\"1\">CONS</Field></Filter></Filters>", soap, re.DOTALL)


def test_the_or_trick_brings_own_rows_only_and_what_appending_would_have_leaked(lines: list[str]) -> None:
    trick = section(lines, 4)
    assert re.search(r"gets +\d+ rows: CONS \d+\n", trick)
    assert re.search(r"otherwise .*FIN \d+", trick, re.DOTALL)


@pytest.mark.parametrize(("number", "refusals"), [(5, 2), (6, 1), (7, 1)])
def test_what_is_refused_never_reaches_the_backend(lines: list[str], number: int, refusals: int) -> None:
    answers = re.findall(r"(?:answer|in hours|in payroll) +(\d{3})", section(lines, number))
    assert [status[0] for status in answers].count("4") == refusals
    text = " ".join(section(lines, number).split())
    assert text.count("the backend was not asked") == refusals
    assert text.count("the backend carried it out") == len(answers) - refusals


def test_an_attachment_goes_to_those_who_may_see_its_row_and_the_backend_is_not_asked_for_it_otherwise(lines: list[str]) -> None:
    attachments = section(lines, 8)
    assert re.findall(r"(?:answer|m\.jansen gets) +(\d{3})", attachments) == ["200", "404", "200"]
    seen = attachments.split("backend saw")[1].split("m.jansen gets")[0]
    assert "/connectors/Profit_Attachments?" in seen
    assert ",CONS" in seen
    assert "subjectconnector" not in seen


def test_the_row_guard_withholds_what_leaks_without_it(lines: list[str]) -> None:
    guard = section(lines, 9)
    assert re.search(r"without guard +200 1000 rows: CONS \d+, DIR \d+, FIN", guard)
    assert re.search(r"row_guard on +502 ", guard)


def test_every_refusal_has_its_reason_in_the_decision_log(lines: list[str]) -> None:
    shown = [line.split()[:2] for line in section(lines, 10).splitlines()[1:]]
    assert shown == [
        ["deny", "connector_not_listed"],
        ["deny", "app_connector_blocked"],
        ["deny", "filter_ambiguous"],
        ["deny", "action_not_allowed"],
        ["deny", "file_not_owned"],
        ["allow", "rows_not_allowed"],
    ]


async def test_tokens_are_fresh_at_every_start() -> None:
    async with launched() as one, launched() as other:
        assert one.authorizations.keys() == other.authorizations.keys() == set(map(Held._make, HOLDERS))
        assert not set(one.authorizations.values()) & set(other.authorizations.values())
        assert one.backend_authorization != other.backend_authorization


async def test_kept_running_it_prints_commands_that_work() -> None:
    text = StringIO()
    tour = asyncio.create_task(guided_tour(Console(file=text, width=100), keep=True))
    try:
        async with asyncio.timeout(30):
            while text.getvalue().count("curl") < len(HOLDERS):  # noqa: ASYNC110  the console tells nobody when it prints
                await asyncio.sleep(0.02)
        commands = re.findall(r'curl -H "Authorization: (.+)" "(http://127\.0\.0\.1:\d+/.+)"', text.getvalue())
        async with ClientSession() as session:
            statuses = [(await session.get(url, headers={"Authorization": authorization})).status for authorization, url in commands]
        assert statuses == [200, 200, 200, 200, 403]
    finally:
        tour.cancel()
        await asyncio.gather(tour, return_exceptions=True)


HOLDERS = [("j.devries", "hours"), ("j.devries", "guarded"), ("p.bakker", "hours"), ("m.jansen", "hours"), ("m.jansen", "payroll")]
