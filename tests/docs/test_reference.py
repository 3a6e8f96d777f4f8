"""The reference names everything that there is: settings, commands, reasons, metrics, fields of the log, headers, operators."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from aiohttp import ClientSession

from docs.generate import every_command, pages
from docs.remedies import REMEDIES
from sidecar.dialects import call
from sidecar.dialects.otp import OtpCall
from sidecar.errors import Kind, Reason
from sidecar.filters.filterjson import read_filterjson
from sidecar.filters.predicate import Operator
from sidecar.otp.happening import Happening, Operation
from sidecar.otp.happening import Outcome as Ending
from sidecar.policy.model import ClientCertificate
from sidecar.proxy import answer_headers, request_headers
from sidecar.proxy.refusal import STATUS
from sidecar.record.checked import Checked
from sidecar.record.decision_log import LogFormat
from sidecar.record.exchange import Exchange
from sidecar.record.log_line import fields
from sidecar.record.shadowed import Shadowed, Would
from sidecar.service import serve
from sidecar.settings.schema import json_schema
from sidecar.store.reload import PolicyStore
from sidecar.workers.crew import crew_metrics
from tests.databases import sqlite_in
from tests.docs.markdown import DOCS, blocks, prose, rows
from tests.store.policy_in_database import in_database

REFERENCE = DOCS / "reference"
CONFIG = """
listen: 127.0.0.1:0
admin: {listen: 127.0.0.1:0}
environments: {O12345AA: {rest: "http://127.0.0.1:9/ProfitRestServices", credential: {passthrough: true}}}
"""


def properties(part: dict[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    """Every key that the schema knows, with the path of the mapping that it stands in."""
    for name in re.findall(r"'\$ref': '#/\$defs/(\w+)'", str({key: part[key] for key in part if key not in ("properties", "$defs")})):
        yield from properties(json_schema()["$defs"][name], path)
    for key, value in part.get("properties", {}).items():
        yield path, key
        step = ".<name>" if "additionalProperties" in value else "[]" if value.get("type") == "array" else ""
        yield from properties(value, f"{path}.{key}{step}".removeprefix("."))


SETTINGS = sorted(set(properties(json_schema())))


def test_the_schema_is_walked_to_its_ends() -> None:
    assert {("", "listen"), ("app_connectors.<name>.tokens[]", "sha256"), ("environments.<name>.credential.afas_token", "file")} <= {
        *SETTINGS
    }


@pytest.mark.parametrize(("path", "key"), SETTINGS)
def test_every_setting_has_its_row(path: str, key: str) -> None:
    heading = f"## `{path}`" if path else "## Top level"
    assert key in rows(REFERENCE / "configuration.md", heading)


def test_every_command_has_its_heading_and_every_option_is_told() -> None:
    text = (REFERENCE / "commands.md").read_text("utf-8")
    for command, context in every_command():
        assert f"\n## `{context.command_path}`\n" in text
        options = [option for parameter in command.params if isinstance(parameter, click.Option) for option in parameter.opts]
        assert all(option in text for option in options)


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_its_row_below_its_status(reason: Reason) -> None:
    page = REFERENCE / "reasons.md"
    heading = next(line for line in prose(page).splitlines() if line.lower().startswith(f"## {STATUS[reason.kind]}: {reason.kind.value}"))
    assert reason.value in rows(page, heading)


def test_every_kind_of_refusal_is_used_and_every_reason_has_a_remedy() -> None:
    assert {reason.kind for reason in Reason} == {*Kind}
    assert REMEDIES.keys() == {*Reason}


async def test_every_metric_has_its_row_and_there_is_no_other(tmp_path: Path) -> None:
    store = PolicyStore([await in_database(tmp_path, sqlite_in(tmp_path), yaml.safe_load(CONFIG))], {})
    await store.start()
    try:
        assert store.settings is not None
        async with serve(store.settings, store, LogFormat.TEXT, len) as running, ClientSession() as session:
            text = await (await session.get(f"{running.admin_url}/metrics")).text()
    finally:
        await store.stop()
    exposed = set(re.findall(r"^# TYPE (sidecar_\w+)", text, re.MULTILINE))
    with_workers = {f"{each.name}_total" if each.type == "counter" else each.name for each in crew_metrics(2, 2, 0)}
    described = {cell for cell in rows(REFERENCE / "metrics.md") if cell.startswith("sidecar_")}
    assert described == exposed | with_workers


def test_every_field_of_the_decision_log_has_its_row_in_order() -> None:
    full = Exchange(
        client="127.0.0.1",
        certificate=ClientCertificate(bytes(32), "", frozenset(), frozenset(), *[datetime.now(UTC)] * 2),
        method="GET",
        call="GetRows",
        environment="O12345AA",
        app_connector="hours",
        user="j.devries",
        device="iPhone",
        issuer="company",
        connector="Profit_Hours",
        reason=Reason.BACKEND_BROKEN,
        detail="it broke off",
        predicate="everything",
        policy_version="0123456789ab",
        status=200,
        backend_seconds=0.1,
        bound_to="key",
        shadowed=Shadowed(Would.REFUSE, Reason.USER_NOT_MEMBER),
        checked=Checked(3, 1, 1, "an answer with status 206"),
    )
    described = [cell for cell in rows(REFERENCE / "decision-log.md", "# The decision log") if cell not in ("Field", "---")]
    assert described == list(fields(full))


def test_every_part_and_outcome_of_a_one_time_password_s_line_is_told() -> None:
    page = REFERENCE / "decision-log.md"
    described = ", ".join(rows(page, "## One-time passwords")).split(", ")
    assert [*("event", *Happening(Operation.REQUEST, Ending.QUEUED).told())] == [cell for cell in described if cell not in ("Part", "---")]
    text = prose(page)
    assert all(f"`{word}`" in text for word in (*Operation, *Ending))


def test_every_call_that_the_log_may_name_is_named() -> None:
    text = (REFERENCE / "decision-log.md").read_text("utf-8")
    for kind in (*call.Call.__args__, *OtpCall.__args__):
        assert f"`{kind.__name__}`" in text


def test_every_header_that_passes_is_named_and_no_other() -> None:
    section = prose(REFERENCE / "headers.md").partition("These pass as they are")[2].partition("These are the sidecar's own")[0]
    assert {name.lower().encode() for name in re.findall(r"`([A-Za-z-]+)`", section)} == request_headers.PASSED


def test_every_header_that_stays_behind_is_named() -> None:
    text = (REFERENCE / "headers.md").read_text("utf-8").lower()
    ours = answer_headers._DROPPED | request_headers._AT_MOST_ONCE | request_headers._OVERRIDES
    assert [name for name in sorted(ours) if f"`{name.decode()}`" not in text] == []


def test_every_operator_is_named() -> None:
    text = prose(REFERENCE / "rest.md")
    assert all(re.search(rf"\| {operator.value} \|", text) for operator in Operator)


def test_the_example_of_a_filterjson_is_read() -> None:
    [example] = blocks(REFERENCE / "rest.md", "json")
    assert len(read_filterjson(example).groups) == 1


def test_generated_pages_are_current() -> None:
    stale = [path.name for path, text in pages().items() if path.read_text("utf-8") != text]
    assert stale == [], "bring them up to date with: make docs"
