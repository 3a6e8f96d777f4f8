"""From settings to the immutable policy: users with their groups, compiled filters, GetConnectors with what guards them."""

from collections import defaultdict
from collections.abc import Mapping, Set
from typing import NamedTuple

from sidecar.dialects.call import Special
from sidecar.policy.ids import canonical_id
from sidecar.policy.model import (
    EVERYONE,
    AddressRule,
    AppConnector,
    CertificateRule,
    FilterType,
    GetConnector,
    ListedReport,
    OwnedRows,
    Policy,
    Reports,
    SpecialRule,
    Unchecked,
    UpdateConnector,
    User,
    UserToken,
)
from sidecar.policy.where import Where, WhereError, compile_where
from sidecar.settings import model, tls
from sidecar.settings.model import Settings
from sidecar.settings.problem import KeyPath
from sidecar.settings.report import Report
from sidecar.settings.special import OwnershipRule, ReportRule, Rule, SubjectRule, rules_of


def compile_policy(settings: Settings, report: Report) -> Policy:
    """The policy, without version. It may be used only where the report prevents no loading: parts with errors are left out."""
    filter_types = {name: _filter_type(name, part, report) for name, part in settings.filter_types.items()}
    of_all = frozenset({EVERYONE, *(group for group, members in settings.groups.items() if members == "all")})
    users = _users(settings, of_all)
    for filter_type in filter_types.values():
        check_single_attributes(filter_type, users, report)
    guards = _Guards(defaultdict(list), defaultdict(list), {})
    for name in sorted(filter_types):
        for connector in filter_types[name].fields:
            guards.of_connectors[connector].append(name)
        for number in filter_types[name].reports:
            guards.of_reports[number].append(name)
        for number in settings.filter_types[name].reports:
            guards.report_names.setdefault(canonical_id(number), number)
    app_connectors = {name: _app_connector(name, part, guards) for name, part in settings.app_connectors.items()}
    return Policy("", users, app_connectors, filter_types, _tokens(settings, report), of_all)


def _users(settings: Settings, of_all: frozenset[str]) -> dict[str, User]:
    groups_of: dict[str, set[str]] = defaultdict(set)
    for group, members in settings.groups.items():
        for user in members if members != "all" else ():
            groups_of[user].add(group)
    return {name: compile_user(name, part, of_all | groups_of[name]) for name, part in settings.users.items()}


def compile_user(name: str, part: model.User, groups: Set[str]) -> User:
    """The user, with all groups that he is a member of."""
    return User(
        name=name,
        email=part.email.strip(),
        applications=frozenset(part.applications),
        blocked=part.blocked,
        system=part.system,
        attributes=part.attributes,
        groups=frozenset(groups),
    )


def _filter_type(name: str, part: model.FilterType, report: Report) -> FilterType:
    path: KeyPath = ("filter_types", name)
    filters: dict[str, Where] = {}
    for group, text in part.filters.items():
        try:
            filters[group] = compile_where(text)
        except WhereError as error:
            report.error((*path, "filters", group), str(error))
    mappings = [((*path, "fields", connector), mapped) for connector, mapped in part.fields_.items()]
    mappings += [((*path, "reports", number), mapped) for number, mapped in part.reports.items()]
    for mapping, mapped in mappings:
        for group, where in filters.items():
            for field in sorted(where.fields - mapped.keys()):
                if report.complained_of((*mapping, field)):  # there, but wrong
                    continue
                report.error(
                    mapping,
                    f"maps no field `{field}`, which the filter of group `{group}` uses",
                    report.did_you_mean(field, mapped.keys()) or f"add `{field}: <field id>`",
                )
    fields = {connector.lower(): mapped for connector, mapped in part.fields_.items()}
    return FilterType(name, fields, filters, {canonical_id(number): mapped for number, mapped in part.reports.items()})


def check_single_attributes(filter_type: FilterType, users: Mapping[str, User], report: Report) -> None:
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


class _Guards(NamedTuple):
    """The filter types that guard a GetConnector, by its name in lower case, or a report, by its canonical id; and how that is written."""

    of_connectors: Mapping[str, list[str]]
    of_reports: Mapping[str, list[str]]
    report_names: dict[str, str]


def _app_connector(name: str, part: model.AppConnector, guards: _Guards) -> AppConnector:
    unfiltered = frozenset(connector.lower() for connector in part.unfiltered_get_connectors)
    names = (*part.get_connectors, *part.unfiltered_get_connectors)
    get_connectors = {connector.lower(): _get_connector(connector, unfiltered, guards) for connector in names}
    rules = rules_of(part.special_connectors)
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
        special_connectors={special: _special(special, rule, unfiltered, guards) for special, rule in rules.items()},
        row_guard=part.row_guard,
        enforcement=part.enforcement,
        addresses=AddressRule(tuple(sorted(set(part.ip.allow), key=str)), tuple(sorted(set(part.ip.deny), key=str))),
        client_certificate=None if part.client_certificate is None else _certificates(part.client_certificate),
    )


def _certificates(part: tls.CertificateRule) -> CertificateRule:
    return CertificateRule(
        frozenset(map(bytes.fromhex, part.sha256)), frozenset(part.dns_names), frozenset(part.uris), frozenset(part.common_names)
    )


def _get_connector(connector: str, unfiltered: frozenset[str], guards: _Guards) -> GetConnector:
    filter_types = tuple(guards.of_connectors.get(connector.lower(), ()))
    # Where both are said, the filter wins: too few rows are noticed, too many are not.
    return GetConnector(connector, filter_types, connector.lower() in unfiltered and not filter_types)


def _special(special: Special, rule: Rule, unfiltered: frozenset[str], guards: _Guards) -> SpecialRule | None:
    match rule:
        case OwnershipRule():
            file_field = rule.file_field if isinstance(rule, SubjectRule) else None
            return OwnedRows(_get_connector(rule.get_connector, unfiltered, guards), rule.field, file_field)
        case ReportRule():
            unchecked = {canonical_id(number) for number in rule.unchecked}
            listed = {}
            for number in (*rule.reports, *rule.unchecked):
                key = canonical_id(number)
                filter_types = tuple(guards.of_reports.get(key, ()))
                listed[key] = ListedReport(number, filter_types, key in unchecked and not filter_types)
            return Reports(listed)
        case "unchecked" if special is Special.REPORT:
            # Here too the filter wins, where there is one.
            guarded = {key: ListedReport(guards.report_names[key], tuple(names)) for key, names in guards.of_reports.items()}
            return Reports(guarded, others=True)
        case _:
            return Unchecked() if rule == "unchecked" else None


def _tokens(settings: Settings, report: Report) -> dict[bytes, UserToken]:
    """The tokens by digest; those of app connectors that don't exist are left out."""
    tokens: dict[bytes, UserToken] = {}
    paths: dict[bytes, KeyPath] = {}
    for path, app_connector, part in all_tokens(settings):
        digest = bytes.fromhex(part.sha256)
        if digest in tokens:
            message = f"the same token stands in {report.whereabouts(paths[digest])}; one token belongs to one user and app connector"
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
