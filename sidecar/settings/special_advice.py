"""What `sidecar check` says about special connectors: what lacks a rule is denied, and what is let through unchecked is said aloud."""

from collections.abc import Iterator, Mapping

from sidecar.dialects.call import Special
from sidecar.policy.model import AppConnector, GetConnector, ListedReport, OwnedRows, Policy, Reports, Unchecked
from sidecar.policy.special import NEEDS_NO_RULE
from sidecar.settings.model import Settings
from sidecar.settings.problem import KeyPath
from sidecar.settings.report import Report
from sidecar.settings.special import ReportRule, rules_of, step_to

_FETCHED = {Special.FILE: "file", Special.SUBJECT: "attachment", Special.IMAGE: "image"}
_OWNERSHIP = "name a GetConnector and its field with the id, {get_connector: …, field: …}, or say `unchecked`"
_REPORTS = "list them, {reports: […]}, or say `unchecked`"


def advise_on_special_connectors(settings: Settings, app_connector: AppConnector, policy: Policy, report: Report) -> None:
    """Errors for what is denied for want of a rule, warnings for what is let through."""
    listing = settings.app_connectors[app_connector.name].special_connectors
    for special, rule in app_connector.special_connectors.items():
        path: KeyPath = ("app_connectors", app_connector.name, "special_connectors", step_to(listing, special))
        match rule:
            case Unchecked():
                report.warn(path, f"every member can fetch every {_FETCHED[special]} whose id he knows")
            case OwnedRows():
                _owned(path, special, rule, app_connector, policy, report)
            case Reports():
                _reports(path, rules_of(listing)[special], rule, app_connector, policy, report)
            case None if special is Special.REPORT:
                report.error(path, "nothing says which reports may be run; all are denied", _REPORTS, fatal=False)
            case None if special not in NEEDS_NO_RULE:
                message = f"nothing says who may fetch which {_FETCHED[special]}; all are denied"
                report.error(path, message, _OWNERSHIP, fatal=False)


def _owned(path: KeyPath, special: Special, rule: OwnedRows, app_connector: AppConnector, policy: Policy, report: Report) -> None:
    connector, place = rule.get_connector, (*path, "get_connector")
    if not connector.guarded:
        message = f"no filter type guards `{connector.name}`, so nothing tells whose {_FETCHED[special]} it is; all are denied"
        report.error(place, message, "name it in `fields` of a filter type, or say `unchecked`", fatal=False)
    elif connector.unfiltered:
        report.warn(place, f"every member sees every row of `{connector.name}`, so the rule keeps no {_FETCHED[special]} from anybody")
    warn_where_nobody_sees_a_row(place, connector, app_connector, policy, report)
    if special is Special.SUBJECT and rule.file_field is None:
        message = "only the dossier item is checked; that the file is one of its attachments is left to the backend"
        report.warn(path, message, "name the field with the file's id under `file_field`, if the GetConnector has one")


def _reports(path: KeyPath, written: object, rule: Reports, app_connector: AppConnector, policy: Policy, report: Report) -> None:
    if not isinstance(written, ReportRule):
        which = "report that no filter type names and" if rule.listed else "report"
        report.warn(path, f"every member can run every {which} whose id he knows, with all that it shows")
        for each in rule.listed.values():
            warn_where_nobody_sees_a_row(path, each, app_connector, policy, report)
        return
    if not rule.listed:
        report.error(path, "nothing says which reports may be run; all are denied", _REPORTS, fatal=False)
    listed = list(rule.listed.values())
    for position, each in enumerate(listed):
        among = "reports" if position < len(written.reports) else "unchecked"
        place = (*path, among, position if among == "reports" else position - len(written.reports))
        if not each.guarded:
            message = f"no filter type guards the report `{each.name}`; it is denied"
            report.error(place, message, "name it in `reports` of a filter type, or under `unchecked`", fatal=False)
        elif each.unchecked:
            report.warn(place, "every member can run this report, with all that it shows")
        elif among == "unchecked":
            message = f"the report is guarded by filter type `{each.filter_types[0]}`, which still applies"
            report.warn(place, message, "take it from one of the two places")
        warn_where_nobody_sees_a_row(place, each, app_connector, policy, report)


def warn_where_nobody_sees_a_row(
    path: KeyPath, connector: GetConnector | ListedReport, app_connector: AppConnector, policy: Policy, report: Report
) -> None:
    """What is guarded by a filter type in which no member has a filter."""
    members = [user for user in policy.users.values() if app_connector.group in user.groups]
    for name in connector.filter_types:
        with_filter = policy.filter_types[name].filters.keys()
        if members and not any(user.groups & with_filter for user in members):
            message = f"no member of group `{app_connector.group}` sees a row of `{connector.name}`"
            report.warn(path, message, f"give one of their groups a filter in filter type `{name}`")


def connectors_asked(app_connector: AppConnector) -> Iterator[GetConnector]:
    """The GetConnectors that ownership rules name."""
    for rule in app_connector.special_connectors.values():
        if isinstance(rule, OwnedRows):
            yield rule.get_connector


def reports_of(app_connector: AppConnector) -> Mapping[str, ListedReport]:
    """The reports that it lists, by canonical id."""
    rule = app_connector.special_connectors.get(Special.REPORT)
    return rule.listed if isinstance(rule, Reports) else {}
