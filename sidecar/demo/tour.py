"""The guided tour: real calls through the sidecar, and for each who asked what, what came back and what the backend got to see.

Every figure that it prints is counted in an answer. One thing is staged, and said: in chapter 9 the backend is made to ignore filters.
"""

import asyncio
import json
import shutil
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from aiohttp import ClientSession
from rich.console import Console

from sidecar.demo.launch import launched
from sidecar.demo.page import Page
from sidecar.demo.running import Asker, Held, Reply, Running

CONSULTANT = Held("j.devries", "hours")
GUARDED = Held("j.devries", "guarded")
MANAGER = Held("m.jansen", "hours")
MANAGER_IN_PAYROLL = Held("m.jansen", "payroll")

_HOURS = "/connectors/Profit_Hours"
_SINCE_JUNE = f"{_HOURS}?take=1000&filterfieldids=Datum&filtervalues=2026-06-01&operatortypes=2"
_OR_TRICK = f"{_HOURS}?take=-1&skip=-1&filterfieldids=Afdeling;Uren&filtervalues=FIN;0&operatortypes=1;2"
_APPENDED = f"{_HOURS}?take=-1&skip=-1&filterfieldids=Afdeling;Uren,Afdeling&filtervalues=FIN;0,CONS&operatortypes=1;2,1"
_MIXED = f"{_HOURS}?filterfieldids=Project;Uren,Naam&filtervalues=C2601;8,Joost&operatortypes=1;4,10"
_SINCE_JUNE_XML = '<Filters><Filter FilterId="1"><Field FieldId="Datum" OperatorType="2">2026-06-01</Field></Filter></Filters>'
_SALARIES = "/connectors/Profit_Salaries?take=10"
_REALIZATION = "/connectors/PtRealization"
_BOOKING = {"DaTi": "2026-07-01", "EmId": "1001", "Qu": 7.5, "Ds": "Workshop", "PrId": "C2601"}
_HIDDEN_DELETE = {"Id": 1, "@Action": "delete"}
_ATTACHMENTS = "/connectors/Profit_Attachments?take=1&filterfieldids=Afdeling&filtervalues={}&operatortypes=1"


async def guided_tour(console: Console, *, keep: bool = False) -> None:
    """Start backend and sidecar on free ports, show what there is to see, and stop them.

    :param keep: leave them running at the end, until cancelled, and say how to ask them.
    """
    async with launched() as running, ClientSession() as session:
        page = Page(console)
        await _show(page, Asker(session, running), running)
        if keep:
            _invite(page, running)
            await asyncio.Event().wait()
        else:
            _say_where_to_go(page)


async def _show(page: Page, ask: Asker, running: Running) -> None:
    page.plain("connector sidecar: a guided tour. All calls below are real ones, over HTTP.", "bold")
    page.say("backend", f"{running.backend_url}  (a stand-in, 3,000 lines of hours)")
    page.say("sidecar", f"{running.sidecar_url}  (policy: sidecar/demo/demo.yaml)")
    over_rest = await _two_users(page, ask)
    await _soap(page, ask, over_rest)
    await _or_trick(page, ask)
    await _refused_connectors(page, ask)
    await _unclear_filters(page, ask)
    await _updates(page, ask)
    await _attachments(page, ask)
    await _row_guard(page, ask, running)
    _decision_log(page, running)


async def _two_users(page: Page, ask: Asker) -> Reply:
    """Gives the consultant's answer."""
    page.title("1  The same URL, two users, different rows")
    page.target("both ask", f"GET {_SINCE_JUNE}")
    replies = {}
    for held, who in ((CONSULTANT, "consultant, department CONS"), (MANAGER, "manager")):
        reply = replies[held] = await ask.through(held, _SINCE_JUNE)
        page.say(held.user, f"{len(reply.rows)} rows for the {who}: {_by_department(reply)}", "green")
        page.hour_line("such as", reply.rows[len(reply.rows) // 2])
    page.title("2  Why: the sidecar narrowed the question before the backend saw it")
    for held, reply in replies.items():
        page.target(f"for {held.user}", _asked_of_backend(reply), "yellow")
    return replies[CONSULTANT]


async def _soap(page: Page, ask: Asker, over_rest: Reply) -> None:
    page.title("3  The same over SOAP: another spelling, the same rows")
    page.say("j.devries asks", "GetData of Profit_Hours, with the filter of chapter 1 as XML", "cyan")
    reply = await ask.over_soap(CONSULTANT, "Profit_Hours", _SINCE_JUNE_XML)
    same = [row["Id"] for row in reply.rows] == [str(row["Id"]) for row in over_rest.rows]
    page.say("gets", f"{len(reply.rows)} rows, {'the same ones' if same else 'NOT the same ones'}: {_by_department(reply)}", "green")
    page.target("backend saw", _asked_of_backend(reply), "yellow")


async def _or_trick(page: Page, ask: Asker) -> None:
    page.title("4  The OR trick: `;` means OR, so does it lead around the policy?")
    page.target("j.devries asks", f"GET {_OR_TRICK}")
    reply = await ask.through(CONSULTANT, _OR_TRICK)
    page.say("gets", f"{len(reply.rows)} rows: {_by_department(reply)}", "green")
    page.target("backend saw", _asked_of_backend(reply), "yellow")
    leaked = await ask.around(_APPENDED)
    page.say("otherwise", f"had the rule been appended to the lists, this would have come out: {_by_department(leaked)}", "red")


async def _refused_connectors(page: Page, ask: Asker) -> None:
    page.title("5  A connector that `hours` does not list; and `payroll` lists it, but that app is blocked")
    page.target("m.jansen asks", f"GET {_SALARIES}")
    unlisted, blocked = [await ask.through(held, _SALARIES) for held in (MANAGER, MANAGER_IN_PAYROLL)]
    _answer(page, "in hours", unlisted)
    _answer(page, "in payroll", blocked, "the same words" if blocked.message == unlisted.message else blocked.message)


async def _unclear_filters(page: Page, ask: Asker) -> None:
    page.title("6  A filter that could mean two things is refused, with what to send instead")
    page.target("j.devries asks", f"GET {_MIXED}")
    _answer(page, "answer", await ask.through(CONSULTANT, _MIXED))


async def _updates(page: Page, ask: Asker) -> None:
    page.title("7  Updates: booking hours is allowed, a delete hidden inside a POST is not")
    for fields in (_BOOKING, _HIDDEN_DELETE):
        body = {"PtRealization": {"Element": {"Fields": fields}}}
        page.target("j.devries sends", f"POST {_REALIZATION} {_terse(fields)}")
        _answer(page, "answer", await ask.through(CONSULTANT, _REALIZATION, "POST", body))


async def _attachments(page: Page, ask: Asker) -> None:
    page.title("8  An attachment goes to those who may see the row that names it")
    for department in ("CONS", "HR"):
        [row] = (await ask.around(_ATTACHMENTS.format(department))).rows
        target = f"/subjectconnector/{row['SubjectId']}/{row['AttachmentId']}"
        page.target("j.devries asks", f"GET {target}  (of {department})")
        reply = await ask.through(CONSULTANT, target)
        page.outcome("answer", reply.status, reply.message if reply.status >= 400 else reply.body["filename"])
    page.target("backend saw", _asked_of_backend(reply), "yellow")
    reply = await ask.through(MANAGER, target)
    page.outcome("m.jansen gets", reply.status, reply.body["filename"])


async def _row_guard(page: Page, ask: Asker, running: Running) -> None:
    page.title("9  An update makes the backend ignore filters (staged); j.devries asks as in chapter 1")
    running.faults.ignores_filters = True
    leaked = await ask.through(CONSULTANT, _SINCE_JUNE)
    withheld = await ask.through(GUARDED, _SINCE_JUNE)
    running.faults.ignores_filters = False
    page.say("without guard", f"{leaked.status} {len(leaked.rows)} rows: {_by_department(leaked)}", "red")
    page.say("row_guard on", f"{withheld.status} {withheld.message}", "green")


def _decision_log(page: Page, running: Running) -> None:
    page.title("10  The decision log has a line for each; those with a reason (some of their fields)")
    for line in map(json.loads, running.decisions):
        if "reason" in line:
            columns = ((line["decision"], 6), (line["reason"], 22), (line["user"], 10), (line["app_connector"], 8))
            target = f"{line['method']} {line.get('connector', '-')}"
            shown = " ".join(text.ljust(width) for text, width in columns)
            page.plain(f"{shown} {target:<21} {line['status']}  {line['reference'][:8]}…")


def _say_where_to_go(page: Page) -> None:
    page.title("App and backend changed nothing, and each user sees his own rows. Where to go next")
    page.say("play on", f"{_as_called()} demo --keep   (leaves both running, for curl)")
    page.say("your backend", "docs/tutorial.md leads there; docs/index.md: policy in a database, JWT, …")


def _as_called() -> str:
    """How the sidecar can be started from here, where it need not be on the search path."""
    python, here = Path(sys.executable), Path.cwd()
    if shutil.which("sidecar"):
        return "sidecar"
    return f"{python.relative_to(here) if python.is_relative_to(here) else python.name} -m sidecar"


def _invite(page: Page, running: Running) -> None:
    page.title("Both are still running; end them with Ctrl-C. Try:")
    page.say("admin", f"{running.admin_url}/readyz  {running.admin_url}/metrics")
    page.say("SOAP", f"{running.soap_url}/AppConnectorGet.asmx?WSDL")
    for held, authorization in running.authorizations.items():
        page.say(held.user, f"app connector {held.app_connector}:")
        connector = "Profit_Salaries" if held.app_connector == "payroll" else "Profit_Hours"
        page.plain(f'curl -H "Authorization: {authorization}" "{running.sidecar_url}/connectors/{connector}?take=3"')


def _by_department(reply: Reply) -> str:
    counts = Counter(row.get("Afdeling") or "none" for row in reply.rows)
    return ", ".join(f"{department} {count}" for department, count in sorted(counts.items()))


def _asked_of_backend(reply: Reply) -> str:
    return " ".join(reply.forwarded)


def _answer(page: Page, label: str, reply: Reply, words: str = "") -> None:
    by_whom = "the backend carried it out" if reply.forwarded else "the backend was not asked"
    page.outcome(label, reply.status, f"({by_whom}) {words or (reply.message if reply.status >= 400 else _terse(reply.body))}")


def _terse(item: Any) -> str:
    return json.dumps(item, separators=(",", ":"))
