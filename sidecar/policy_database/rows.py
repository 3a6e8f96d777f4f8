"""Settings to rows: one form for all ways to write the same policy, so that what comes out again depends on its meaning only."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sidecar.dialects.call import Action
from sidecar.policy.model import EVERYONE
from sidecar.policy_database import tables
from sidecar.policy_database.storable import is_storable
from sidecar.settings.compile import all_tokens
from sidecar.settings.model import AppConnector, FilterType, Settings, User
from sidecar.settings.problem import KeyPath
from sidecar.settings.special import OwnershipRule, ReportRule, Rule, SubjectRule, rules_of
from sidecar.settings.tls import CertificateRule

Row = dict[str, Any]
Rows = Mapping[str, list[Row]]
"""Rows by the name of their table."""


class UnstorableError(ValueError):
    """A text that no database keeps. The message names its place and doesn't repeat it."""


def rows_of(settings: Settings) -> Rows:
    """The rows of groups, users, app connectors, filter types and tokens. They may be used only where the settings have no fatal problem.

    :raises UnstorableError: a text holds what PostgreSQL can't keep.
    """
    rows: dict[str, list[Row]] = {table.name: [] for part in tables.PARTS.values() for table in part}

    def add(table: Any, made: Iterable[Row]) -> None:
        rows[table.name] += made

    everyone = {EVERYONE: "all"}
    add(tables.groups, ({"name": name, "all_users": members == "all"} for name, members in (settings.groups | everyone).items()))
    for name, members in settings.groups.items():
        known = sorted(settings.users.keys() & set(members)) if members != "all" else []
        add(tables.members, ({"group_name": name, "user_name": user} for user in known))
    add(tables.users, (_user(name, part) for name, part in settings.users.items()))
    for name, app_connector in settings.app_connectors.items():
        add(tables.app_connectors, [_app_connector(name, app_connector)])
        add(tables.get_connectors, _get_connectors(name, app_connector))
        add(tables.update_connectors, _update_connectors(name, app_connector))
        for special, rule in rules_of(app_connector.special_connectors).items():
            add(tables.special_connectors, [{"app_connector": name, "kind": special.value, **rule_row(rule)}])
            add(tables.reports, ({"app_connector": name, **report} for report in report_rows(rule)))
        for denied, networks in ((False, app_connector.ip.allow), (True, app_connector.ip.deny)):
            add(tables.addresses, ({"app_connector": name, "network": str(each), "denied": denied} for each in set(networks)))
    for name, filter_type in settings.filter_types.items():
        add(tables.filter_types, [{"name": name}])
        _add_filter_type(name, filter_type, add)
    add(tables.tokens, _tokens(settings))
    for table, made in rows.items():
        _check_storable(table, made)
    return rows


def left_over(settings: Settings) -> list[KeyPath]:
    """What names a user or app connector that is not there, and so proves nothing to anybody: the database has no place for it."""
    return [
        ("groups", group, number)
        for group, members in settings.groups.items()
        for number, user in enumerate(members if members != "all" else ())
        if user not in settings.users
    ] + [
        path
        for path, app_connector, token in all_tokens(settings)
        if app_connector not in settings.app_connectors or token.user not in settings.users
    ]


def _user(name: str, part: User) -> Row:
    return {
        "name": name,
        "email": part.email.strip(),
        "applications": sorted(set(part.applications)),
        "blocked": part.blocked,
        "system": part.system,
        "attributes": {name: value if isinstance(value, str) else list(value) for name, value in sorted(part.attributes.items())},
    }


def _app_connector(name: str, part: AppConnector) -> Row:
    keys = part.otp_keys
    return {
        "name": name,
        "description": part.description,
        "environment": part.environment,
        "group_name": part.group,
        "blocked": part.blocked,
        "valid_from": part.valid_from,
        "valid_until": part.valid_until,
        "enforcement": part.enforcement.value,
        "row_guard": part.row_guard.value,
        "otp_api_key_sha256": bytes.fromhex(keys.api_key_sha256) if keys else None,
        "otp_environment_key_sha256": bytes.fromhex(keys.environment_key_sha256) if keys else None,
        "otp_language": keys.language.value if keys and keys.language else None,
        "client_certificate": None if part.client_certificate is None else certificates_row(part.client_certificate),
    }


def certificates_row(part: CertificateRule) -> Row:
    """The client certificates of an app connector: names by their kind, in order."""
    return {kind: sorted(set(names)) for kind, names in part.model_dump().items() if names}


def _get_connectors(name: str, part: AppConnector) -> Iterator[Row]:
    for connector in {*part.get_connectors, *part.unfiltered_get_connectors}:
        yield {"app_connector": name, "name": connector, "unfiltered": connector in part.unfiltered_get_connectors}


def _update_connectors(name: str, part: AppConnector) -> Iterator[Row]:
    for connector, actions in part.update_connectors.items():
        yield {"app_connector": name, "name": connector, **{f"may_{action.value}": action in actions for action in Action}}


def rule_row(rule: Rule) -> Row:
    """The columns that say who may fetch what of a special connector."""
    row: Row = {"rule": None, "get_connector": None, "field": None, "file_field": None}
    match rule:
        case OwnershipRule():
            file_field = rule.file_field if isinstance(rule, SubjectRule) else None
            return {"rule": "rows", "get_connector": rule.get_connector, "field": rule.field, "file_field": file_field}
        case ReportRule():
            return row | {"rule": "reports"}
        case _:
            return row | {"rule": rule}


def report_rows(rule: Rule) -> Iterator[Row]:
    """The reports of such a rule, each with whether it is unchecked."""
    if isinstance(rule, ReportRule):
        for report in {*rule.reports, *rule.unchecked}:
            yield {"report": report, "unchecked": report in rule.unchecked}


def _add_filter_type(name: str, part: FilterType, add: Any) -> None:
    own = {"filter_type": name}
    for connector, fields in part.fields_.items():
        add(tables.filter_connectors, [{**own, "get_connector": connector, "fields": dict(sorted(fields.items()))}])
    for report, fields in part.reports.items():
        add(tables.filter_reports, [{**own, "report": report, "fields": dict(sorted(fields.items()))}])
    add(tables.filters, ({**own, "group_name": group, "expression": text} for group, text in part.filters.items()))


def _tokens(settings: Settings) -> Iterator[Row]:
    for _path, app_connector, token in all_tokens(settings):
        if app_connector in settings.app_connectors and token.user in settings.users:
            yield {
                "digest": bytes.fromhex(token.sha256),
                "app_connector": app_connector,
                "user_name": token.user,
                "description": token.description,
                "expires": token.expires,
            }


def _check_storable(table: str, rows: Iterable[Row]) -> None:
    for row in rows:
        for column, value in row.items():
            if not is_storable(value):
                raise UnstorableError(f"{table}.{column} of `{_told(row)}` holds a character that no database keeps: a NUL or half a pair")


def _told(row: Row) -> str:
    return " ".join(str(value) for key, value in row.items() if key in ("name", "user_name", "filter_type") and is_storable(value))
