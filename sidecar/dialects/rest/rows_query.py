"""The query of a GetConnector: paging, sorting and the filter in either of its spellings (wire reference 2.1 to 2.3)."""

import re
from functools import lru_cache

from sidecar.dialects.call import GetRows, Page, Sort
from sidecar.dialects.rest.target import read_parameters
from sidecar.errors import Reason, Refusal
from sidecar.filters.compact import CompactFilter, MixedSeparators, read_compact
from sidecar.filters.filterjson import read_filterjson
from sidecar.filters.predicate import EVERYTHING, Predicate
from sidecar.filters.values import is_field_id

FILTER_PARAMETERS = frozenset({*CompactFilter._fields, "filterjson"})
_PARAMETERS = FILTER_PARAMETERS | {"skip", "take", "orderbyfieldids"}
_WHOLE_NUMBER = re.compile(r"[0-9]{1,9}")
_ESCAPE = re.compile(r"%[0-9A-Fa-f]{2}")


def read_rows_query(connector: str, query: str | None, mixed: MixedSeparators) -> GetRows:
    """The call for rows.

    :raises Refusal: for parameters that are unknown, repeated or malformed.
    """
    parameters = read_parameters(query, _PARAMETERS)
    return GetRows(
        connector,
        read_filter(parameters, mixed),
        _read_order(parameters.get("orderbyfieldids", "")),
        _read_page(parameters.get("skip"), parameters.get("take")),
    )


def read_filter(parameters: dict[str, str], mixed: MixedSeparators) -> Predicate:
    """The client's filter from whichever spelling it used; both at once have no known meaning. Empty parameters are no filter."""
    compact = CompactFilter(*(parameters.get(name, "") for name in CompactFilter._fields))
    in_json = parameters.get("filterjson", "")
    if not any(compact):
        return read_filterjson(in_json) if in_json else EVERYTHING
    if in_json:
        raise Refusal(Reason.FILTER_MALFORMED, "use either filterjson or the compact lists, not both")
    if not compact.filterfieldids:
        raise Refusal(Reason.FILTER_MALFORMED, "filtervalues and operatortypes need filterfieldids")
    return read_compact(compact, mixed)


@lru_cache(maxsize=1024)
def _read_order(text: str) -> tuple[Sort, ...]:
    order: list[Sort] = []
    for item in text.split(",") if text else ():
        field = item.removeprefix("-")
        # `Id%26take%3D1` would be a further parameter to a backend that decodes twice.
        if not is_field_id(field) or _ESCAPE.search(field):
            raise Refusal(Reason.PARAMETER_MALFORMED, "orderbyfieldids is a list of field ids with commas, each perhaps with - in front")
        order.append(Sort(field, item.startswith("-")))
    return tuple(order)


def _read_page(skip: str | None, take: str | None) -> Page:
    if skip == "-1" and take == "-1":
        return Page(-1, -1)
    return Page(_whole_number("skip", skip), _whole_number("take", take))


def _whole_number(name: str, text: str | None) -> int | None:
    if text is None:
        return None
    if _WHOLE_NUMBER.fullmatch(text) is None:
        raise Refusal(Reason.PARAMETER_MALFORMED, f"{name} is a whole number; all rows are asked for with skip=-1 and take=-1 together")
    return int(text)
