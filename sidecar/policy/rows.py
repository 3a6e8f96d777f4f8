"""Which rows of a GetConnector a user may see: OR over his groups within a filter type, AND across filter types (wire reference 5.4)."""

from collections.abc import Mapping
from functools import reduce

from sidecar.filters.predicate import EVERYTHING, conjoin, union
from sidecar.filters.simplify import simplify
from sidecar.policy.bind import bind
from sidecar.policy.decision import Grant, Rows, TypeRows
from sidecar.policy.model import FilterType, GetConnector, User

ALL_ROWS = Rows((), EVERYTHING)


def rows_for(user: User, connector: GetConnector, filter_types: Mapping[str, FilterType], limit: int) -> Rows:
    """The rows of `connector` that `user` may see.

    Filters of all groups of the user count, not only those of the app connector's group.

    :param limit: how many OR groups the product of the filter types may have.
    :raises TooManyGroups: when it would have more.
    """
    if not connector.filter_types:
        return ALL_ROWS
    by_type = tuple(_rows_of_type(user, connector, filter_types[name]) for name in connector.filter_types)
    predicates = (each.predicate for each in by_type)
    return Rows(by_type, reduce(lambda left, right: simplify(conjoin(left, right, limit)), predicates, EVERYTHING))


def _rows_of_type(user: User, connector: GetConnector, filter_type: FilterType) -> TypeRows:
    fields = filter_type.fields[connector.name.lower()]
    grants = tuple(
        Grant(group, where.text, simplify(bind(where, user.attributes, fields)))
        for group, where in filter_type.filters.items()
        if group in user.groups
    )
    return TypeRows(filter_type.name, grants, simplify(union(grant.predicate for grant in grants)))
