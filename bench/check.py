"""Whether a proxy does the work at all: who is quick because he forwards what he should have narrowed is not measured."""

import http.client
from collections.abc import Iterator
from typing import NamedTuple

from bench import work
from bench.checking_backend import Arrived, CheckingBackend
from bench.question import Conditions, UnreadableError, groups_of, parameters_of

_CALLER = 7
_OTHER_CALLER = 8
_KEPT = {"orderbyfieldids": "-Datum", "take": "100", "skip": "40"}
_PLAIN = work.target_of(work.HOURS) + "40"
_BARE = f"{work.BASE}/connectors/{work.HOURS}"
_HOSTILE = {
    "a repeated parameter": f"{_BARE}?filterfieldids=Uren&filtervalues=4&filtervalues=5&operatortypes=2",
    "an encoded letter in a parameter's name": f"{_BARE}?filterfieldids=Uren&filter%76alues=4&operatortypes=2",
    "an OR in the filter": f"{_BARE}?filterfieldids=Uren;Datum&filtervalues=4;2026-01-01T00:00:00&operatortypes=2;2",
    "an encoded OR in the filter": f"{_BARE}?filterfieldids=Uren%3BDatum&filtervalues=4%3B2026-01-01T00:00:00&operatortypes=2%3B2",
}


class _Answer(NamedTuple):
    status: int
    body: bytes


def complaints_about(port: int, backend: CheckingBackend) -> list[str]:
    """What the proxy at this port does wrong of the work, each as a sentence; empty when all is right."""
    return [*_narrowing(port, backend), *_refusing(port, backend), *_hostile(port, backend)]


def complaints_about_forwarding(port: int, backend: CheckingBackend) -> list[str]:
    """The same for one that only forwards: target and credential arrive as they were sent."""
    answer, arrived = _ask(port, backend, _PLAIN, _authorization(_CALLER))
    if answer != (200, backend.answer):
        return [f"the answer was {answer.status} with {len(answer.body)} bytes"]
    if len(arrived) != 1 or arrived[0].target != _PLAIN or arrived[0].headers.get("authorization") != _authorization(_CALLER):
        return ["the request did not arrive as it was sent"]
    return []


def _narrowing(port: int, backend: CheckingBackend) -> Iterator[str]:
    for caller in (_CALLER, _OTHER_CALLER):
        own = (work.DEPARTMENT_FIELD, "1", work.department_of(caller))
        for target, groups, kept in ((_PLAIN, {work.ASKED | {own}}, _KEPT), (_BARE, {frozenset({own})}, {})):
            answer, arrived = _ask(port, backend, target, _authorization(caller))
            if answer != (200, backend.answer):
                yield f"an allowed call was answered {answer.status} with {len(answer.body)} bytes"
            if len(arrived) != 1:
                yield f"an allowed call reached the backend {len(arrived)} times"
                continue
            yield from _complaints_about_arrival(arrived[0], caller, groups, kept)


def _complaints_about_arrival(arrived: Arrived, caller: int, groups: set[Conditions], kept: dict[str, str]) -> Iterator[str]:
    if arrived.target.partition("?")[0] != _BARE:
        yield f"the backend was asked for {arrived.target.partition('?')[0]}"
    try:
        parameters = parameters_of(arrived.target)
        if groups_of(parameters) != groups:
            yield f"the filter that reached the backend is not the narrowed one: {arrived.target}"
    except (UnreadableError, ValueError, KeyError) as problem:
        yield f"the query that reached the backend is unreadable ({problem}): {arrived.target}"
        return
    if {name: value for name, value in parameters.items() if "filter" not in name and name != "operatortypes"} != kept:
        yield f"paging or sorting did not arrive as asked: {arrived.target}"
    if arrived.headers.get("authorization") != work.authorization_of(work.BACKEND_TOKEN):
        yield "the backend did not get its own credential"
    if any(_authorization(caller).split()[1] in value for value in arrived.headers.values()):
        yield "the client's token reached the backend"


def _refusing(port: int, backend: CheckingBackend) -> Iterator[str]:
    cases: dict[str, tuple[str, str | None, set[int]]] = {
        "an unknown token": (_PLAIN, work.authorization_of(work.UNKNOWN_TOKEN), {401}),
        "no token": (_PLAIN, None, {401}),
        "an unlisted connector": (_PLAIN.replace(work.HOURS, "Profit_Salaries"), _authorization(_CALLER), {401, 403, 404}),
    }
    for what, (target, authorization, statuses) in cases.items():
        answer, arrived = _ask(port, backend, target, authorization)
        if answer.status not in statuses:
            yield f"{what} was answered {answer.status}"
        if arrived:
            yield f"a call with {what} reached the backend"


def _hostile(port: int, backend: CheckingBackend) -> Iterator[str]:
    """Each must be refused, or arrive with every OR group narrowed."""
    own = (work.DEPARTMENT_FIELD, "1", work.department_of(_CALLER))
    for what, target in _HOSTILE.items():
        answer, arrived = _ask(port, backend, target, _authorization(_CALLER))
        if not arrived:
            if not 400 <= answer.status < 500:
                yield f"{what} was answered {answer.status}"
            continue
        try:
            narrowed = all(own in group for each in arrived for group in groups_of(parameters_of(each.target)))
        except (UnreadableError, ValueError, KeyError):
            narrowed = False
        if not narrowed:
            yield f"{what} got past the filter: {arrived[0].target}"


def _authorization(caller: int) -> str:
    return next(work.tokens_of(caller)).authorization


def _ask(port: int, backend: CheckingBackend, target: str, authorization: str | None) -> tuple[_Answer, list[Arrived]]:
    """Ask once on a connection of its own.

    :returns: the answer (status 0 without any), and what reached the backend meanwhile.
    """
    backend.arrived.clear()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("GET", target, headers={"Authorization": authorization} if authorization else {})
        answer = connection.getresponse()
        return _Answer(answer.status, answer.read()), list(backend.arrived)
    except (OSError, http.client.HTTPException) as problem:
        return _Answer(0, str(problem).encode()), list(backend.arrived)
    finally:
        connection.close()
