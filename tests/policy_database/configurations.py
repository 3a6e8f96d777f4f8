"""Valid configurations of every shape that the model knows, written in any of the ways that mean the same."""

import random
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from hypothesis import strategies as st

from sidecar.policy.where import why_not_literal
from tests.settings.sample import SAMPLE, bent

_TRICKY = st.sampled_from(["no", "0123", "2027-01-01", "é", "🎉"])
_TEXTS = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=8) | st.sampled_from(
    ["no", "0123", "2027-01-01", "é", "🎉"]
)
_NAMES = _TEXTS.filter(lambda text: why_not_literal(text) is None and text != "everyone")
_CONNECTORS = st.from_regex(r"[A-Z][A-Za-z0-9_]{0,6}", fullmatch=True)
_FIELDS = st.from_regex(r"[A-Z][A-Za-z0-9_]{0,6}", fullmatch=True)
_REPORTS = st.from_regex(r"[1-9][0-9]{0,4}|[0-9A-F]{32}", fullmatch=True)
_DIGESTS = st.binary(min_size=32, max_size=32).map(bytes.hex)
_ZONES = st.sampled_from([UTC, timezone(timedelta(hours=2)), timezone(timedelta(hours=-11, minutes=-30))])
_MOMENTS = st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=_ZONES)  # noqa: DTZ001  the zone is drawn
_NETWORKS = st.ip_addresses().map(str) | st.sampled_from(["192.0.2.0/24", "2001:db8::/32", "0.0.0.0/0", "::ffff:192.0.2.0/120"])
_FILTERS = ["everything", "nothing", "a = @user.a", "a in @user.b or b = 'x'", "b = 'é' and a <> 'y'"]
_CERTIFICATES = st.fixed_dictionaries(
    {},
    optional={
        "sha256": st.lists(_DIGESTS, max_size=2),
        "dns_names": st.lists(st.sampled_from(["A.example", "b.example"]), max_size=3),
        "uris": st.lists(st.sampled_from(["spiffe://e/A", "spiffe://e/b"]), max_size=3),
        "common_names": st.lists(_NAMES.filter(lambda name: "*" not in name), max_size=2),
    },
).filter(lambda rule: any(rule.values()))

FULL: dict[str, Any] = bent(
    "app_connectors/hours",
    {
        **SAMPLE["app_connectors"]["hours"],
        "special_connectors": {
            "subject": {"get_connector": "Profit_Dossiers", "field": "SubjectId", "file_field": "FileId"},
            "report": {"reports": ["1001"], "unchecked": ["1002"]},
        },
        "ip": {"allow": ["192.0.2.0/24"], "deny": ["192.0.2.66"]},
        "client_certificate": {"sha256": ["ef" * 32], "dns_names": ["hours.example"]},
        "otp_keys": {"api_key_sha256": "ab" * 32, "environment_key_sha256": "cd" * 32},
    },
)
"""A policy with something in every table."""
FULL["filter_types"]["department"]["reports"] = {"1001": {"department": "1"}}


def _lists(items: st.SearchStrategy[Any], most: int = 3) -> st.SearchStrategy[list[Any]]:
    return st.lists(items, max_size=most, unique_by=lambda item: item.lower())


def _maybe(draw: st.DrawFn, part: dict[str, Any], **values: st.SearchStrategy[Any]) -> dict[str, Any]:
    for key, strategy in values.items():
        if draw(st.booleans()):
            part[key] = draw(strategy)
    return part


@st.composite
def configurations(draw: st.DrawFn) -> dict[str, Any]:
    """Sections of policy, and one environment."""
    users = draw(_lists(_NAMES, 4))
    members = st.just("all") | (st.lists(st.sampled_from(users), max_size=5) if users else st.just([]))
    groups = {name: draw(members) for name in draw(_lists(_NAMES))}
    known = st.sampled_from([*groups, "everyone"])
    apps = draw(_lists(_NAMES))
    digests = draw(st.lists(_DIGESTS, max_size=6, unique=True)) if users and apps else []
    connectors = {name: _app_connector(draw, known) for name in apps}
    apart = []
    for digest in digests:
        token = _maybe(draw, {"user": draw(st.sampled_from(users)), "sha256": digest}, description=_TEXTS, expires=_MOMENTS)
        app = draw(st.sampled_from(apps))
        if draw(st.booleans()):
            connectors[app].setdefault("tokens", []).append(token)
        else:
            apart.append({**token, "app_connector": app})
    everyone = {"everyone": "all"} if draw(st.booleans()) else {}
    return {
        "environments": {"E": {"rest": "https://backend.example/rest", "credential": {"passthrough": True}}},
        "groups": groups | everyone,
        "users": {name: _user(draw) for name in users},
        "app_connectors": connectors,
        "filter_types": {name: _filter_type(draw, known) for name in draw(_lists(_NAMES))},
        "tokens": apart,
    }


def _user(draw: st.DrawFn) -> dict[str, Any]:
    # `a` is compared with one value, `b` with several.
    attributes = st.fixed_dictionaries(
        {}, optional={"a": _NAMES, "b": _NAMES | st.lists(_NAMES, max_size=3), "c": st.lists(_TEXTS, max_size=2)}
    )
    applications = st.lists(_NAMES, max_size=3)
    return _maybe(draw, {}, email=_TEXTS, applications=applications, blocked=st.booleans(), system=st.booleans(), attributes=attributes)


def _app_connector(draw: st.DrawFn, groups: st.SearchStrategy[str]) -> dict[str, Any]:
    names = draw(_lists(_CONNECTORS, 4))
    some = st.lists(st.sampled_from(names), max_size=5) if names else st.just([])
    actions = st.lists(st.sampled_from(["insert", "update", "delete"]), max_size=4)
    keys = st.fixed_dictionaries(
        {"api_key_sha256": _DIGESTS, "environment_key_sha256": _DIGESTS}, optional={"language": st.sampled_from(["nl", "en"])}
    )
    return _maybe(
        draw,
        {"environment": "E", "group": draw(groups)},
        description=_TEXTS,
        blocked=st.booleans(),
        valid_from=_MOMENTS,
        valid_until=_MOMENTS,
        get_connectors=some,
        unfiltered_get_connectors=some,
        update_connectors=_lists(_CONNECTORS).flatmap(lambda names: st.fixed_dictionaries(dict.fromkeys(names, actions))),
        special_connectors=_special_connectors(names),
        enforcement=st.sampled_from(["enforce", "shadow"]),
        row_guard=st.sampled_from(["off", "sample", "enforce"]),
        ip=st.fixed_dictionaries({}, optional={"allow": st.lists(_NETWORKS, max_size=3), "deny": st.lists(_NETWORKS, max_size=3)}),
        client_certificate=_CERTIFICATES,
        otp_keys=keys,
    )


def _special_connectors(names: list[str]) -> st.SearchStrategy[Any]:
    connector = st.sampled_from(names or ["Profit_Dossiers"])
    owned = st.fixed_dictionaries({"get_connector": connector, "field": _FIELDS})
    subject = st.fixed_dictionaries({"get_connector": connector, "field": _FIELDS}, optional={"file_field": _FIELDS})
    word = st.none() | st.just("unchecked")
    reports = st.lists(_REPORTS, max_size=4, unique_by=lambda text: text.upper()).map(
        lambda ids: {key: part for key, part in (("reports", ids[::2]), ("unchecked", ids[1::2])) if part}
    )
    rules = st.fixed_dictionaries(
        {},
        optional={
            "subject": word | subject,
            "file": word | owned,
            "image": word | owned,
            "report": word | reports,
            "data": st.none(),
            "version": st.none(),
        },
    )
    return st.lists(st.sampled_from(["subject", "file", "image", "report", "data", "version"]), max_size=4, unique=True) | rules


def _filter_type(draw: st.DrawFn, groups: st.SearchStrategy[str]) -> dict[str, Any]:
    mapping = st.fixed_dictionaries({"a": _FIELDS, "b": _FIELDS}, optional={"c": _FIELDS})
    return _maybe(
        draw,
        {},
        fields=_lists(_CONNECTORS).flatmap(lambda names: st.fixed_dictionaries(dict.fromkeys(names, mapping))),
        reports=_lists(_REPORTS).flatmap(lambda names: st.fixed_dictionaries(dict.fromkeys(names, mapping))),
        filters=st.dictionaries(groups, st.sampled_from(_FILTERS), max_size=3),
    )


def shuffled(value: Any, seed: random.Random) -> Any:
    """The same mapping, its keys in another order, at every depth."""
    if not isinstance(value, dict):
        return value
    keys = list(value)
    seed.shuffle(keys)
    return {key: shuffled(value[key], seed) for key in keys}
