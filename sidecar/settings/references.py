"""Names that one part of the configuration uses and another must define.

A group, environment or GetConnector that nobody defined could mean anything, so it is fatal. What is left over from a user or app
connector that was taken away is not: it proves nothing to anybody, and a revocation must not be what keeps a policy from loading.
"""

from collections.abc import Collection, Mapping

from sidecar.policy.ids import canonical_id
from sidecar.policy.model import EVERYONE
from sidecar.policy.where import Attribute, why_not_literal
from sidecar.settings.model import AppConnector, Settings, User
from sidecar.settings.problem import KeyPath
from sidecar.settings.report import Report
from sidecar.settings.special import OwnershipRule, ReportRule, rules_of


def check_references(settings: Settings, report: Report) -> None:
    """Report every name that is not defined, and names that could be taken for one another."""
    if not report.names("environments"):
        # Mostly a file that was truncated: taken for a policy, it would lock everyone out.
        report.error(("environments",), "is missing: there is no backend", "define one, with `rest` and `credential`")
    users, groups = report.names("users"), {EVERYONE, *report.names("groups")}
    if settings.groups.get(EVERYONE, "all") != "all":
        report.error(("groups", EVERYONE), "is the built-in group of all users", f"write `{EVERYONE}: all`, or leave it out")
    for group, members in settings.groups.items():
        for number, user in enumerate(members if members != "all" else ()):
            if user not in users:
                report.warn(("groups", group, number), f"there is no user `{user}`", report.did_you_mean(user, users))
    check_attributes(settings.users, report)
    for name, app_connector in settings.app_connectors.items():
        _check_app_connector(("app_connectors", name), app_connector, groups, report)
        for number, token in enumerate(app_connector.tokens):
            _check_user_of_token(("app_connectors", name, "tokens", number, "user"), token.user, users, report)
    for number, token in enumerate(settings.tokens):
        path: KeyPath = ("tokens", number)
        _check_user_of_token((*path, "user"), token.user, users, report)
        known = report.names("app_connectors")
        if token.app_connector not in known:
            message = f"there is no app connector `{token.app_connector}`; the token is refused"
            report.error((*path, "app_connector"), message, report.did_you_mean(token.app_connector, known), fatal=False)
    for name, filter_type in settings.filter_types.items():
        _check_report_ids(("filter_types", name, "reports"), list(filter_type.reports), report)
        for group in filter_type.filters:
            _check_name(("filter_types", name, "filters", group), "group", group, groups, report)
        _check_letter_case(("filter_types", name, "fields"), list(filter_type.fields_), report)


def check_attributes(users: Mapping[str, User], report: Report) -> None:
    """Report values that can't be said to the backend."""
    for user, part in users.items():
        for attribute, value in part.attributes.items():
            _check_attribute(("users", user, "attributes", attribute), value, report)


def _check_attribute(path: KeyPath, value: Attribute, report: Report) -> None:
    """Not fatal, since it harms its user only: what can't be said to the backend makes a comparison that holds for no row."""
    for number, text in enumerate((value,) if isinstance(value, str) else value):
        problem = why_not_literal(text)
        if problem:
            place = path if isinstance(value, str) else (*path, number)
            report.error(place, f"{problem}; comparisons with it hold for no row", "leave it out where there is no value", fatal=False)


def _check_app_connector(path: KeyPath, app_connector: AppConnector, groups: Collection[str], report: Report) -> None:
    _check_name((*path, "environment"), "environment", app_connector.environment, report.names("environments"), report)
    _check_name((*path, "group"), "group", app_connector.group, groups, report)
    _check_letter_case((*path, "get_connectors"), app_connector.get_connectors, report)
    _check_letter_case((*path, "unfiltered_get_connectors"), app_connector.unfiltered_get_connectors, report, app_connector.get_connectors)
    _check_letter_case((*path, "update_connectors"), list(app_connector.update_connectors), report)
    listed = (*app_connector.get_connectors, *app_connector.unfiltered_get_connectors)
    for special, rule in rules_of(app_connector.special_connectors).items():
        place: KeyPath = (*path, "special_connectors", special.value)
        if isinstance(rule, OwnershipRule):
            _check_spelling((*place, "get_connector"), rule.get_connector, listed, report)
        elif isinstance(rule, ReportRule):
            _check_report_ids((*place, "reports"), rule.reports, report)
            _check_report_ids((*place, "unchecked"), rule.unchecked, report, rule.reports)


def _check_name(path: KeyPath, what: str, name: str, known: Collection[str], report: Report) -> None:
    if name not in known:
        report.error(path, f"there is no {what} `{name}`", report.did_you_mean(name, known))


def _check_user_of_token(path: KeyPath, user: str, users: Collection[str], report: Report) -> None:
    if user not in users:
        report.error(path, f"there is no user `{user}`; the token is refused", report.did_you_mean(user, users), fatal=False)


def _check_letter_case(path: KeyPath, names: Collection[str], report: Report, others: Collection[str] = ()) -> None:
    """Connectors are looked up without regard to letter case and forwarded as spelled here, so there can be one spelling only."""
    seen = {name.lower(): name for name in others}
    for number, name in enumerate(names):
        known = seen.setdefault(name.lower(), name)
        if known != name:
            step = number if isinstance(names, tuple) else name
            report.error((*path, step), f"`{name}` and `{known}` are the same connector", "spell it in one way, as the backend does")


def _check_spelling(path: KeyPath, name: str, others: Collection[str], report: Report) -> None:
    known = next((other for other in others if other.lower() == name.lower()), name)
    if known != name:
        report.error(path, f"`{name}` and `{known}` are the same connector", "spell it in one way, as the backend does")


def _check_report_ids(path: KeyPath, names: Collection[str], report: Report, others: Collection[str] = ()) -> None:
    """A report's id has many spellings, and what is said about it may stand in one place only."""
    seen = {canonical_id(name): name for name in others}
    for number, name in enumerate(names):
        known = seen.get(canonical_id(name))
        if known is not None:
            step = number if isinstance(names, tuple) else name
            report.error((*path, step), f"`{name}` and `{known}` are the same report", "name it once")
        seen[canonical_id(name)] = name
