"""What a line of the decision log tells, and how it looks: for people, or for machines."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from time import time_ns
from typing import Any

from sidecar.record.exchange import Exchange

_LONGEST_PREDICATE = 1000
_COMMON = (
    "decision",
    "reason",
    "environment",
    "app_connector",
    "user",
    "device",
    "issuer",
    "client",
    "method",
    "call",
    "connector",
    "predicate",
    "policy",
)
"""Fields that are the same in many lines: how they look is remembered."""


def fields(exchange: Exchange) -> dict[str, Any]:
    """What a line tells, in order; empty ones are left out."""
    line = {
        "time": moment(),
        "event": "decision",
        "reference": exchange.reference,
        **dict(zip(_COMMON, _common(exchange), strict=True)),
        "status": exchange.status,
        "bytes": exchange.sent,
        "ms": round(exchange.seconds * 1000, 2),
        "backend_ms": None if exchange.backend_seconds is None else round(exchange.backend_seconds * 1000, 2),
        **_further(exchange),
        "detail": exchange.detail,
    }
    return {name: value for name, value in line.items() if value not in ("", None)}


def json_line(exchange: Exchange) -> str:
    """An object of JSON with the fields."""
    backend = exchange.backend_seconds
    backend_ms = "" if backend is None else f',"backend_ms":{backend * 1000:.2f}'
    further = _more_json(_further(exchange)) if _has_more(exchange) else ""
    detail = f',"detail":{_in_json(exchange.detail)}' if exchange.detail else ""
    return (
        f'{{"time":"{moment()}","event":"decision","reference":"{exchange.reference}",{_json_common(*_common(exchange))}'
        f'"status":{exchange.status},"bytes":{exchange.sent},"ms":{exchange.seconds * 1000:.2f}{backend_ms}{further}{detail}}}\n'
    )


def text_line(exchange: Exchange) -> str:
    """The fields as name=value, quoted where a value could be taken for more than one."""
    backend = exchange.backend_seconds
    backend_ms = "" if backend is None else f" backend_ms={backend * 1000:.2f}"
    further = _more_text(_further(exchange)) if _has_more(exchange) else ""
    detail = f" detail={_plain(exchange.detail)}" if exchange.detail else ""
    return (
        f"time={moment()} event=decision reference={exchange.reference} {_text_common(*_common(exchange))}"
        f"status={exchange.status} bytes={exchange.sent} ms={exchange.seconds * 1000:.2f}{backend_ms}{further}{detail}\n"
    )


def json_event(event: str, values: Mapping[str, str]) -> str:
    """An object of JSON about something else than a request; empty values are left out."""
    line = {"time": moment(), "event": event, **{name: value for name, value in values.items() if value}}
    return json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n"


def text_event(event: str, values: Mapping[str, str]) -> str:
    """The same as name=value."""
    pairs = "".join(f" {name}={_plain(value)}" for name, value in values.items() if value)
    return f"time={moment()} event={event}{pairs}\n"


def moment() -> str:
    """Now, in UTC, to the millisecond, as ISO 8601 has it."""
    milliseconds = time_ns() // 1_000_000
    return f"{_to_the_second(milliseconds // 1000)}.{milliseconds % 1000:03}+00:00"


@lru_cache(maxsize=4)
def _to_the_second(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _common(exchange: Exchange) -> tuple[str, ...]:
    return (
        exchange.outcome,
        exchange.reason or "",
        exchange.environment,
        exchange.app_connector,
        exchange.user,
        exchange.device,
        exchange.issuer,
        exchange.client,
        exchange.method,
        exchange.call,
        exchange.connector,
        exchange.predicate[:_LONGEST_PREDICATE],
        exchange.policy_version,
    )


@lru_cache(maxsize=1024)
def _json_common(*values: str) -> str:
    return "".join(f'"{name}":{_in_json(value)},' for name, value in zip(_COMMON, values, strict=True) if value)


@lru_cache(maxsize=1024)
def _text_common(*values: str) -> str:
    return "".join(f"{name}={_plain(value)} " for name, value in zip(_COMMON, values, strict=True) if value)


def _has_more(exchange: Exchange) -> bool:
    return exchange.checked is not None or exchange.shadowed is not None or exchange.certificate is not None or exchange.bound_to != ""


def _further(exchange: Exchange) -> dict[str, Any]:
    """What few lines tell."""
    return {
        **({} if exchange.bound_to == "" else {"bound_to": exchange.bound_to}),
        **({} if exchange.certificate is None else {"certificate": exchange.certificate.sha256.hex()}),
        **({} if exchange.shadowed is None else exchange.shadowed.fields()),
        **({} if exchange.checked is None else exchange.checked.fields()),
    }


def _more_json(more: dict[str, Any]) -> str:
    return "".join(f',"{name}":{json.dumps(value, ensure_ascii=False)}' for name, value in more.items())


def _more_text(more: dict[str, Any]) -> str:
    return "".join(f" {name}={_plain(str(value))}" for name, value in more.items())


def _in_json(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _plain(text: str) -> str:
    return text if text.isprintable() and not any(character in ' "=' for character in text) else _in_json(text)
