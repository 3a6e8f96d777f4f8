"""Every operation of the vendor's own API description, twice: allowed when listed, refused when not."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sidecar.dialects.call import SPECIAL_OF, Action, Call, DescribeGet, DescribeUpdate, GetRows, Metainfo, Special, Update
from sidecar.dialects.rest.read import read
from sidecar.dialects.rest.write import verb_of, write_call, write_rows
from sidecar.errors import Reason, Refusal
from sidecar.policy.decide import decide
from sidecar.policy.decision import Allow, Deny
from sidecar.policy.model import EVERYONE, AppConnector, Caller, GetConnector, Policy, SpecialRule, Unchecked, UpdateConnector, User

NOW = datetime(2026, 1, 1, tzinfo=UTC)
POLICY = Policy("v", {}, {}, {}, {})
GUID = "0123456789ABCDEF0123456789ABCDEF"


def operations() -> list[tuple[str, str, str]]:
    lines = (Path(__file__).parent / "operations.tsv").read_text().splitlines()[1:]
    return [(verb, path, query) for verb, path, query in (line.split("\t") for line in lines)]


def target_of(path: str, query: str) -> str:
    """A target with believable values in place of the description's placeholders."""
    believable = {"{Type}": "get", "{Endpoint}": "Profit_Hours", "{id}": GUID}
    filled = re.sub(r"\{[^}]*\}", lambda match: believable.get(match[0], "7"), path)
    values = {"fileid": GUID, "filename": "a.pdf", "format": "1", "skip": "0", "take": "5", "operatortypes": "1"}
    parameters = "&".join(f"{name}={values.get(name, '7')}" for name in query.split(",") if name)
    return f"/ProfitRestServices{filled}" + (f"?{parameters.replace('ids=7', 'ids=Field')}" if parameters else "")


OPERATIONS = operations()
CONNECTOR_LESS = [operation for operation in OPERATIONS if operation[1].startswith("/Otp")]
SERVED = [operation for operation in OPERATIONS if operation not in CONNECTOR_LESS]


def caller(call: Call, *, listed: bool) -> Caller:
    """A member of an app connector that lists the call's connector, or all others than that."""
    name = getattr(call, "connector", "").lower()
    special = SPECIAL_OF.get(type(call))  # type: ignore[arg-type]
    rows = {name: GetConnector(name, unfiltered=True)} if isinstance(call, GetRows | DescribeGet) else {}
    updates = {name: UpdateConnector(name, frozenset(Action))} if isinstance(call, Update | DescribeUpdate) else {}
    specials: dict[Special, SpecialRule | None] = {special: Unchecked()} if special else {}
    if not listed:
        rows, updates = {"other": GetConnector("other", unfiltered=True)}, {"other": UpdateConnector("other", frozenset(Action))}
        specials = {each: Unchecked() for each in Special if each not in specials}
    app = AppConnector("app", "env", EVERYONE, blocked=False, get_connectors=rows, update_connectors=updates, special_connectors=specials)
    return Caller(User("u", "u@example.com", frozenset({"pocket"})), app, "phone", "127.0.0.1")


def test_the_list_is_the_whole_description() -> None:
    assert len(OPERATIONS) == 516
    assert len(CONNECTOR_LESS) == 2


@pytest.mark.parametrize(("verb", "path", "query"), SERVED)
def test_an_operation_is_allowed_when_listed_and_written_as_the_same_operation(verb: str, path: str, query: str) -> None:
    call = read(verb, target_of(path, query))
    decision = decide(POLICY, caller(call, listed=True), call, NOW)
    assert isinstance(decision, Allow)
    written = write_rows(call, decision.connector, call.filter) if isinstance(call, GetRows) else write_call(call, decision.connector)
    again = read(verb_of(call), f"/ProfitRestServices{written}")
    assert again == (call if not hasattr(call, "connector") else _renamed(call, decision.connector))


def _renamed(call: Call, connector: str) -> Call:
    from dataclasses import replace

    return replace(call, connector=connector)  # type: ignore[arg-type]


@pytest.mark.parametrize(("verb", "path", "query"), [operation for operation in SERVED if operation[1].lower() != "/metainfo"])
def test_an_operation_is_refused_when_not_listed(verb: str, path: str, query: str) -> None:
    call = read(verb, target_of(path, query))
    assert decide(POLICY, caller(call, listed=False), call, NOW) == Deny(Reason.CONNECTOR_NOT_LISTED)


@pytest.mark.parametrize(("verb", "path", "query"), CONNECTOR_LESS)
def test_one_time_passwords_are_not_served(verb: str, path: str, query: str) -> None:
    with pytest.raises(Refusal) as refused:
        read(verb, target_of(path, query))
    assert refused.value.reason is Reason.UNKNOWN_PATH


def test_the_list_of_connectors_needs_no_listing_since_its_answer_is_reduced() -> None:
    assert decide(POLICY, caller(Metainfo(), listed=False), Metainfo(), NOW) == Allow()


@pytest.mark.parametrize(("verb", "path", "query"), [operation for operation in SERVED if operation[0] != "GET"])
def test_a_write_is_refused_when_the_connector_is_listed_for_other_actions(verb: str, path: str, query: str) -> None:
    call = read(verb, target_of(path, query))
    assert isinstance(call, Update)
    connector = UpdateConnector(call.connector, frozenset(Action) - call.actions)
    app = AppConnector("app", "env", EVERYONE, blocked=False, update_connectors={call.connector.lower(): connector})
    someone = Caller(User("u", "u@example.com", frozenset({"pocket"})), app, "phone")
    assert decide(POLICY, someone, call, NOW) == Deny(Reason.ACTION_NOT_ALLOWED)
