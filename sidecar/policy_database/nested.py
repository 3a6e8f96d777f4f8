"""Rows to the plain data that the configuration is written in, in the order of names, defaults left out."""

from collections import defaultdict
from typing import Any

from sidecar.policy.model import EVERYONE
from sidecar.policy_database import tables
from sidecar.policy_database.rows import Row, Rows

Nested = dict[str, Any]


def nested_of(rows: Rows) -> Nested:
    """The sections `groups`, `users`, `app_connectors`, `filter_types` and `tokens`, as far as there are rows for them."""
    return _said(
        groups=_groups(rows),
        users={row["name"]: user_of_row(row) for row in _sorted(rows[tables.users.name], "name")},
        app_connectors=_app_connectors(rows),
        filter_types=_filter_types(rows),
        tokens=[token_of_row(row) for row in _sorted(rows[tables.tokens.name], "app_connector", "user_name", "description", "digest")],
    )


def _said(**values: Any) -> Nested:
    """What is other than nothing; a key that says nothing is left out."""
    return {key: value for key, value in values.items() if value is not None and value is not False and value not in ("", [], {})}


def _sorted(rows: list[Row], *columns: str) -> list[Row]:
    """Here and not by the database, which has an order of its own for texts."""
    return sorted(rows, key=lambda row: tuple(row[column] for column in columns))


def _by_owner(rows: list[Row], owner: str, column: str) -> dict[str, list[Row]]:
    owned: dict[str, list[Row]] = defaultdict(list)
    for row in _sorted(rows, owner, column):
        owned[row[owner]].append(row)
    return owned


def _groups(rows: Rows) -> Nested:
    members = _by_owner(rows[tables.members.name], "group_name", "user_name")
    return {
        row["name"]: "all" if row["all_users"] else [member["user_name"] for member in members.get(row["name"], ())]
        for row in _sorted(rows[tables.groups.name], "name")
        if row["name"] != EVERYONE
    }


def user_of_row(row: Row) -> Nested:
    """A user without his groups."""
    return _said(
        email=row["email"],
        applications=row["applications"],
        blocked=row["blocked"],
        system=row["system"],
        attributes=row["attributes"],
    )


def _app_connectors(rows: Rows) -> Nested:
    get_connectors = _by_owner(rows[tables.get_connectors.name], "app_connector", "name")
    update_connectors = _by_owner(rows[tables.update_connectors.name], "app_connector", "name")
    special_connectors = _by_owner(rows[tables.special_connectors.name], "app_connector", "kind")
    reports = _by_owner(rows[tables.reports.name], "app_connector", "report")
    addresses = _by_owner(rows[tables.addresses.name], "app_connector", "network")
    nested: Nested = {}
    for row in _sorted(rows[tables.app_connectors.name], "name"):
        name = row["name"]
        connectors = get_connectors.get(name, ())
        networks = addresses.get(name, ())
        nested[name] = {
            "environment": row["environment"],
            "group": row["group_name"],
            "blocked": row["blocked"],  # always said: it is what matters most
            **_said(
                description=row["description"],
                valid_from=_moment(row["valid_from"]),
                valid_until=_moment(row["valid_until"]),
                get_connectors=[each["name"] for each in connectors if not each["unfiltered"]],
                unfiltered_get_connectors=[each["name"] for each in connectors if each["unfiltered"]],
                update_connectors={each["name"]: _actions(each) for each in update_connectors.get(name, ())},
                special_connectors={each["kind"]: _rule(each, reports.get(name, [])) for each in special_connectors.get(name, ())},
                enforcement=row["enforcement"] if row["enforcement"] != "enforce" else None,
                row_guard=row["row_guard"] if row["row_guard"] != "off" else None,
                ip=_said(
                    allow=[each["network"] for each in networks if not each["denied"]],
                    deny=[each["network"] for each in networks if each["denied"]],
                ),
                client_certificate=row["client_certificate"],
                otp_keys=_otp_keys(row),
            ),
        }
    return nested


def _actions(row: Row) -> list[str]:
    return [action for action in ("insert", "update", "delete") if row[f"may_{action}"]]


def _rule(row: Row, reports: list[Row]) -> Nested | str | None:
    match row["rule"]:
        case "rows":
            return _said(get_connector=row["get_connector"], field=row["field"], file_field=row["file_field"])
        case "reports":
            return _said(
                reports=[each["report"] for each in reports if not each["unchecked"]],
                unchecked=[each["report"] for each in reports if each["unchecked"]],
            )
        case rule:
            return str(rule) if rule is not None else None


def _otp_keys(row: Row) -> Nested | None:
    if row["otp_api_key_sha256"] is None:
        return None
    return _said(
        api_key_sha256=row["otp_api_key_sha256"].hex(),
        environment_key_sha256=row["otp_environment_key_sha256"].hex(),
        language=row["otp_language"],
    )


def _filter_types(rows: Rows) -> Nested:
    connectors = _by_owner(rows[tables.filter_connectors.name], "filter_type", "get_connector")
    reports = _by_owner(rows[tables.filter_reports.name], "filter_type", "report")
    filters = _by_owner(rows[tables.filters.name], "filter_type", "group_name")
    return {
        row["name"]: _said(
            fields={each["get_connector"]: each["fields"] for each in connectors.get(row["name"], ())},
            reports={each["report"]: each["fields"] for each in reports.get(row["name"], ())},
            filters={each["group_name"]: each["expression"] for each in filters.get(row["name"], ())},
        )
        for row in _sorted(rows[tables.filter_types.name], "name")
    }


def token_of_row(row: Row) -> Nested:
    """A token that stands apart from its app connector."""
    return _said(
        app_connector=row["app_connector"],
        user=row["user_name"],
        description=row["description"],
        sha256=row["digest"].hex(),
        expires=_moment(row["expires"]),
    )


def _moment(value: Any) -> str | None:
    return None if value is None else value.isoformat()
