"""The API does what its description says, and nothing that it does not say: schemathesis calls each operation as the description allows,
and in ways that it doesn't, and holds every answer against it.
"""

import asyncio
import json
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode

from sidecar.admin.api.describe import description
from sidecar.admin.api.routes import ROUTES
from sidecar.administration.catalogue import OPERATIONS
from sidecar.policy_database.migrate import migrate
from tests.admin.api.port import KEY, READER, Port, port_of
from tests.administration.stage import sample_in
from tests.databases import opened

_UNHURRIED = settings(
    max_examples=6, deadline=None, database=None, suppress_health_check=list(HealthCheck), phases=[Phase.explicit, Phase.generate]
)
_MEANINGFUL = "^/(tokens|apps/.app./address/.*|apps/.app./(special|client-certificate)/set|filters/.name./set)$"
_CONFIG = {
    # A schema can't say which code points have no character assigned yet; these have all.
    "generation": {"codec": "latin-1", "allow-x00": True},
    "checks": {"positive_data_acceptance": {"expected-statuses": ["2xx", 404, 409, 412]}},
    # What is wrong with these can't be said in a schema: a moment in the past, a network with bits of a host, an expression, a pair,
    # one of several lists.
    "operations": [
        {"include-path-regex": _MEANINGFUL, "checks": {"positive_data_acceptance": {"expected-statuses": ["2xx", 404, 409, 412, 422]}}}
    ],
}


def called(url: str, key: str, mode: GenerationMode) -> tuple[int, list[str]]:
    """How many requests were made, and what was wrong with answers, whatever operation they are of."""
    headers = {"Authorization": f"Bearer {key}"}
    schema = schemathesis.openapi.from_url(f"{url}/api/v1/openapi.json", config=SchemathesisConfig.from_dict(_CONFIG), headers=headers)
    calls = 0
    wrong: list[str] = []
    for found in schema.get_all_operations():
        assert isinstance(found, Ok)
        operation = found.ok()

        @seed(20261101)
        @settings(_UNHURRIED)
        @given(operation.as_strategy(generation_mode=mode))
        def call(case: schemathesis.Case[Any]) -> None:
            nonlocal calls
            calls += 1
            answer = case.call(headers=headers)
            try:
                case.validate_response(answer, headers=headers)
            except (FailureGroup, Failure) as failures:
                found_wrong = getattr(failures, "exceptions", [failures])
                wrong.extend(f"{case.operation.label}: {each}\n{case.as_curl_command()}\n{answer.text}" for each in found_wrong)

        call()
    return calls, wrong


@pytest.mark.parametrize("mode", GenerationMode)
async def test_every_answer_is_as_described_whatever_is_asked(empty: str, mode: GenerationMode) -> None:
    await migrate(empty)
    async with opened(empty) as database, port_of(await sample_in(database), most_failures=1_000_000) as api:
        calls, wrong = await asyncio.to_thread(called, api.url, KEY, mode)
    assert wrong == []
    assert calls > 3 * len(ROUTES) * (mode is GenerationMode.POSITIVE)
    assert not api.results["fault"]


async def test_a_key_for_reading_changes_nothing_whatever_is_asked(light: Port) -> None:
    async def content() -> object:
        return [(await light.ask("GET", path, key=READER)).json for path in ("/users", "/groups", "/tokens")]

    before = await content()
    await asyncio.to_thread(called, light.url, READER, GenerationMode.POSITIVE)
    assert await content() == before
    assert await light.desk.audited() == []
    assert light.results["read_only"] > 50


def test_every_operation_of_the_catalogue_has_its_place_and_no_place_has_two() -> None:
    places = [(route.method, route.path) for route in ROUTES]
    assert len(places) == len({*places}) == len(OPERATIONS)
    described = [each["operationId"] for path in description()["paths"].values() for each in path.values()]
    assert sorted(described) == sorted(OPERATIONS)


async def test_the_description_is_told_to_whoever_has_a_key(light: Port) -> None:
    answer = await light.ask("GET", "/openapi.json", key=READER)
    assert (answer.status, answer.json) == (200, json.loads(json.dumps(description())))
    assert (await light.ask("GET", "/openapi.json", key=None)).status == 401
    assert (await light.ask("POST", "/openapi.json")).status == 405
