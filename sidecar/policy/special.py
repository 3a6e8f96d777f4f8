"""Whether a caller may use a special connector: what must be said about files, images, dossier items and reports before he gets one.

An attachment can hold other people's dossiers, so who may fetch it follows from rows: those in which its id occurs.
"""

from sidecar.dialects.call import SPECIAL_OF, FetchFile, FetchImage, FetchSubject, FetchSubjectFile, RunReport, Special, SpecialCall
from sidecar.errors import Reason, Refusal
from sidecar.filters.predicate import TooManyGroups
from sidecar.policy.decision import Allow, Claim, Decision, Deny
from sidecar.policy.ids import canonical_id
from sidecar.policy.model import Caller, OwnedRows, Policy, Reports, Unchecked
from sidecar.policy.narrow import MOST_GROUPS, narrow
from sidecar.policy.rows import rows_for, rows_of_report

NEEDS_NO_RULE = frozenset({Special.DATA, Special.VERSION})
"""They give schemas and the version, which are nobody's."""


def decide_special(policy: Policy, caller: Caller, call: SpecialCall) -> Decision:
    """Allow, maybe with a claim that the backend must confirm or with the rows of a report; or deny."""
    special = SPECIAL_OF[type(call)]
    rules = caller.app_connector.special_connectors
    if special not in rules:
        return Deny(Reason.CONNECTOR_NOT_LISTED)
    rule = rules[special]
    if special in NEEDS_NO_RULE or isinstance(rule, Unchecked):
        return Allow(special.value)
    try:
        if isinstance(rule, Reports) and isinstance(call, RunReport):
            return _report(policy, caller, call, rule)
        if isinstance(rule, OwnedRows) and not isinstance(call, RunReport):
            return _owned(policy, caller, call, rule)
    except TooManyGroups:
        return Deny(Reason.FILTER_TOO_LARGE)
    return Deny(Reason.SPECIAL_CONNECTOR_UNGUARDED)


def _owned(policy: Policy, caller: Caller, call: SpecialCall, rule: OwnedRows) -> Decision:
    ids = _ids(call, rule)
    if not ids or not rule.get_connector.guarded:
        return Deny(Reason.SPECIAL_CONNECTOR_UNGUARDED)
    rows = rows_for(caller.user, rule.get_connector, policy.filter_types, MOST_GROUPS)
    return Allow(SPECIAL_OF[type(call)].value, claim=Claim(rule.get_connector.name, ids, rows))


def _ids(call: SpecialCall, rule: OwnedRows) -> tuple[tuple[str, str], ...]:
    """What must stand in a row, and where; nothing where the rule can't tell."""
    match call:
        case FetchFile(guid, _):
            return ((rule.field, guid),)
        case FetchImage(image):
            return ((rule.field, image),)
        case FetchSubjectFile(subject, file):
            return ((rule.field, subject), *(((rule.file_field, file),) if rule.file_field is not None else ()))
        case FetchSubject(subject) if rule.file_field is None:
            return ((rule.field, subject),)
        case _:  # among it all attachments of a dossier item, where each is checked: one row does not speak for the others
            return ()


def _report(policy: Policy, caller: Caller, call: RunReport, rule: Reports) -> Decision:
    report = rule.listed.get(canonical_id(call.report))
    if report is None:
        return Allow(Special.REPORT.value) if rule.others else Deny(Reason.CONNECTOR_NOT_LISTED)
    if not report.guarded:
        return Deny(Reason.SPECIAL_CONNECTOR_UNGUARDED)
    rows = rows_of_report(caller.user, report, policy.filter_types, MOST_GROUPS)
    return Deny(Reason.REPORT_WITHOUT_ROWS) if rows.predicate.is_nothing else Allow(report.name, rows)


def narrow_report(call: RunReport, allowed: Allow) -> RunReport:
    """The report as the backend is asked for it: under its listed id, with the filter narrowed to the rows that the caller may see.

    :raises Refusal: REPORT_WITHOUT_ROWS where that leaves none, since an empty report cannot be made up; FILTER_TOO_LARGE.
    """
    if allowed.rows is None:  # unchecked, and not listed
        return call
    narrowed = narrow(call.filter, allowed.rows.predicate)
    if narrowed.is_nothing and not call.filter.is_nothing:
        raise Refusal(Reason.REPORT_WITHOUT_ROWS)
    return RunReport(allowed.connector, narrowed)
