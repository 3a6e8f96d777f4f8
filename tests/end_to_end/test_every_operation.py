"""Every operation of the vendor's own API description, over the socket: one canonical request when listed, none at all when not."""

import re
from collections.abc import Iterator

import pytest

from tests.dialects.test_operations import CONNECTOR_LESS, OPERATIONS, target_of
from tests.end_to_end.harness.configuration import BASE, Configuration, authorization
from tests.end_to_end.harness.stage import Stage, staged
from tests.end_to_end.harness.wire import Wire, request

MINE = authorization("j.devries")
CONNECTORS = sorted({target_of(path, "").split("/")[3] for _, path, _ in OPERATIONS if path.lower().startswith("/connectors/")})
FETCHED = ("file", "image", "subject", "report")
SERVED = [operation for operation in OPERATIONS if operation not in CONNECTOR_LESS]


def listing(content: Configuration, connectors: list[str]) -> None:
    content["app_connectors"]["hours"] |= {
        "get_connectors": [],
        "unfiltered_get_connectors": connectors,
        "update_connectors": {name: ["insert", "update", "delete"] for name in connectors},
        "special_connectors": {"version": None, **dict.fromkeys(FETCHED, "unchecked")} if connectors else ["data"],
    }
    content["filter_types"] = {}


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("everything"), lambda content: listing(content, CONNECTORS)) as stage:
        yield stage


@pytest.fixture(scope="module")
def nothing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("nothing"), lambda content: listing(content, [])) as stage:
        yield stage


@pytest.fixture(scope="module")
def open_wire(everything: Stage) -> Iterator[Wire]:
    with everything.wire() as wire:
        yield wire


@pytest.fixture(scope="module")
def closed_wire(nothing: Stage) -> Iterator[Wire]:
    with nothing.wire() as wire:
        yield wire


def asked(verb: str, path: str, query: str) -> bytes:
    body = b'{"Any":{"Element":{"Fields":{}}}}' if verb in ("POST", "PUT") else None
    return request(verb, target_of(path, query), MINE, *(["Content-Type: application/json"] if body else []), body=body)


@pytest.mark.parametrize(("verb", "path", "query"), SERVED)
def test_an_operation_that_is_listed_reaches_the_backend_as_one_canonical_request(
    everything: Stage, open_wire: Wire, verb: str, path: str, query: str
) -> None:
    answer = open_wire.ask(asked(verb, path, query))
    assert answer.status in (200, 201), answer
    (received,) = everything.backend.take()
    target = target_of(path, query)
    canonical = re.sub(r"(?<=^/ProfitRestServices/)[A-Za-z]+", lambda word: word[0].lower(), target.partition("?")[0])
    assert (received.method, received.target.partition("?")[0]) == (verb, canonical)
    assert sorted(received.query.lower().split("&")) == sorted(target.partition("?")[2].lower().split("&"))


@pytest.mark.parametrize(("verb", "path", "query"), [operation for operation in OPERATIONS if operation[1].lower() != "/metainfo"])
def test_an_operation_that_is_not_listed_never_reaches_the_backend(
    nothing: Stage, closed_wire: Wire, verb: str, path: str, query: str
) -> None:
    with nothing.wire() as wire:
        answer = wire.ask(asked(verb, path, query))
    assert answer.status == (404 if (verb, path, query) in CONNECTOR_LESS else 403)
    assert nothing.backend.take() == []
    assert closed_wire.ask(request("GET", f"{BASE}/metainfo", MINE)).json["getConnectors"] == []
    assert len(nothing.backend.take()) == 1
