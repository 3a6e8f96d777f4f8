"""From settings to the immutable policy: users with their groups, compiled filters, GetConnectors with what guards them."""

from collections import defaultdict
from collections.abc import Mapping

from sidecar.policy.model import (
    EVERYONE,
    AddressRule,
    AppConnector,
    FilterType,
    GetConnector,
    Policy,
    UpdateConnector,
    User,
    UserToken,
)
from sidecar.policy.where import Where, WhereError, compile_where
from sidecar.settings import model
from sidecar.settings.model import Settings
from sidecar.settings.problem import KeyPath
from sidecar.settings.report import Report


def compile_policy(settings: Settings, report: Report) -> Policy:
    """The policy, without version. It may be used only where the report prevents no loading: parts with errors are left out."""
    filter_types = {name: _filter_type(name, part, report) for name, part in settings.filter_types.items()}
    users = _users(settings)
    for filter_type in filter_types.values():
        _check_single_attributes(filter_type, users, report)
    guards = defaultdict(list)
    for name in sorted(filter_types):
        for connector in filter_types[name].fields:
            guards[connector].append(name)
    app_connectors = {name: _app_connector(name, part, guards) for name, part in settings.app_connectors.items()}
    return Policy("", users, app_connectors, filter_types, _tokens(settings, report))


def _users(settings: Settings) -> dict[str, User]:
    groups_of: dict[str, set[str]] = defaultdict(set)
    of_all = {EVERYONE, *(group for group, members in settings.groups.items() if members == "all")}
    for group, members in settings.groups.items():
        for user in members if members != "all" else ():
            groups_of[user].add(group)
    return {
        name: User(
            name=name,
            email=part.email.strip(),
            applications=frozenset(part.applications),
            blocked=part.blocked,
            system=part.system,
            attributes=part.attributes,
            groups=frozenset(of_all | groups_of[name]),
        )
        for name, part in settings.users.items()
    }


def _filter_type(name: str, part: model.FilterType, report: Report) -> FilterType:
    path: KeyPath = ("filter_types", name)
    filters: dict[str, Where] = {}
    for group, text in part.filters.items():
        try:
            filters[group] = compile_where(text)
        except WhereError as error:
            report.error((*path, "filters", group), str(error))
    for connector, mapped in part.fields_.items():
        for group, where in filters.items():
            for field in sorted(where.fields - mapped.keys()):
                mapping: KeyPath = (*path, "fields", connector)
                if report.complained_of((*mapping, field)):  # there, but wrong
                    continue
                report.error(
                    mapping,
                    f"maps no field `{field}`, which the filter of group `{group}` uses",
                    report.did_you_mean(field, mapped.keys()) or f"add `{field}: <field id>`",
                )
    return FilterType(name, {connector.lower(): mapped for connector, mapped in part.fields_.items()}, filters)


def _check_single_attributes(filter_type: FilterType, users: Mapping[str, User], report: Report) -> None:
    """An attribute beside `=` or `<` must be one value for each user whom the filter is about."""
    for group, where in filter_type.filters.items():
        for attribute in sorted(where.single_attributes):
            for user in users.values():
                values = user.attributes.get(attribute, "")
                if group not in user.groups or isinstance(values, str):
                    continue
                path = ("users", user.name, "attributes", attribute)
                message = f"is a list, but the filter of group `{group}` in filter type `{filter_type.name}` compares it with one value"
                remedy = f"write `in @user.{attribute}` in the filter, or a single value here"
                if len(values) > 1:
                    report.error(path, message, remedy)
                else:
                    report.warn(path, message, remedy)


def _app_connector(name: str, part: model.AppConnector, guards: Mapping[str, list[str]]) -> AppConnector:
    unfiltered = {connector.lower() for connector in part.unfiltered_get_connectors}
    get_connectors = {}
    for connector in (*part.get_connectors, *part.unfiltered_get_connectors):
        key = connector.lower()
        filter_types = tuple(guards.get(key, ()))
        # Where both are said, the filter wins: too few rows are noticed, too many are not.
        get_connectors[key] = GetConnector(connector, filter_types, key in unfiltered and not filter_types)
    return AppConnector(
        name=name,
        environment=part.environment,
        group=part.group,
        description=part.description,
        blocked=part.blocked,
        valid_from=part.valid_from,
        valid_until=part.valid_until,
        get_connectors=get_connectors,
        update_connectors={
            connector.lower(): UpdateConnector(connector, frozenset(actions)) for connector, actions in part.update_connectors.items()
        },
        special_connectors=frozenset(part.special_connectors),
        row_guard=part.row_guard,
        enforcement=part.enforcement,
        addresses=AddressRule(tuple(sorted(part.ip.allow, key=str)), tuple(sorted(part.ip.deny, key=str))),
    )


def _tokens(settings: Settings, report: Report) -> dict[bytes, UserToken]:
    """The tokens by digest; those of app connectors that don't exist are left out."""
    tokens: dict[bytes, UserToken] = {}
    paths: dict[bytes, KeyPath] = {}
    for path, app_connector, part in all_tokens(settings):
        digest = bytes.fromhex(part.sha256)
        if digest in tokens:
            first = report.place(paths[digest])
            message = f"the same token stands in {first.file}:{first.line}; one token belongs to one user and app connector"
            report.error(path, message, "keep one of the entries")
        elif app_connector in settings.app_connectors:
            tokens[digest] = UserToken(digest, app_connector, part.user, part.description, part.expires)
            paths[digest] = path
    return tokens


def all_tokens(settings: Settings) -> list[tuple[KeyPath, str, model.AppToken]]:
    """Every token entry with its path and its app connector, wherever it stands."""
    apart: list[tuple[KeyPath, str, model.AppToken]] = [
        (("tokens", number), token.app_connector, token) for number, token in enumerate(settings.tokens)
    ]
    inside: list[tuple[KeyPath, str, model.AppToken]] = [
        (("app_connectors", name, "tokens", number), name, token)
        for name, part in settings.app_connectors.items()
        for number, token in enumerate(part.tokens)
    ]
    return apart + inside
