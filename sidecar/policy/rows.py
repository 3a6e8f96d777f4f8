"""Which rows a user may see of a connector or report: OR over his groups in a filter type, AND across types (wire reference 5.4)."""

from collections.abc import Iterable, Mapping
from functools import reduce

from sidecar.filters.predicate import EVERYTHING, conjoin, union
from sidecar.filters.simplify import simplify
from sidecar.policy.bind import bind
from sidecar.policy.decision import Grant, Rows, TypeRows
from sidecar.policy.ids import canonical_id
from sidecar.policy.model import FilterType, GetConnector, ListedReport, User

ALL_ROWS = Rows((), EVERYTHING)


def rows_for(user: User, connector: GetConnector, filter_types: Mapping[str, FilterType], limit: int) -> Rows:
    """The rows of `connector` that `user` may see.

    Filters of all groups of the user count, not only those of the app connector's group.

    :param limit: how many OR groups the product of the filter types may have.
    :raises TooManyGroups: when it would have more.
    """
    guards = (filter_types[name] for name in connector.filter_types)
    return _rows(user, ((guard, guard.fields[connector.name.lower()]) for guard in guards), limit)


def rows_of_report(user: User, report: ListedReport, filter_types: Mapping[str, FilterType], limit: int) -> Rows:
    """What of `report` the user may see, over its field codes; otherwise as `rows_for`."""
    guards = (filter_types[name] for name in report.filter_types)
    return _rows(user, ((guard, guard.reports[canonical_id(report.name)]) for guard in guards), limit)


def _rows(user: User, guards: Iterable[tuple[FilterType, Mapping[str, str]]], limit: int) -> Rows:
    by_type = tuple(_rows_of_type(user, filter_type, fields) for filter_type, fields in guards)
    if not by_type:
        return ALL_ROWS
    predicates = (each.predicate for each in by_type)
    return Rows(by_type, reduce(lambda left, right: simplify(conjoin(left, right, limit)), predicates, EVERYTHING))


def _rows_of_type(user: User, filter_type: FilterType, fields: Mapping[str, str]) -> TypeRows:
    grants = tuple(
        Grant(group, where.text, simplify(bind(where, user.attributes, fields)))
        for group, where in filter_type.filters.items()
        if group in user.groups
    )
    return TypeRows(filter_type.name, grants, simplify(union(grant.predicate for grant in grants)))
