"""Which spellings a predicate can get on its way to the backend: the compact lists where they have one reading, `filterjson` otherwise."""

from collections.abc import Iterator

from sidecar.filters.compact import CompactFilter, MixedSeparators, write_compact
from sidecar.filters.filterjson import write_filterjson
from sidecar.filters.predicate import Predicate

_MOST_CONDITIONS_IN_JSON = 26
"""One condition has 76 characters in JSON besides field and value, once encoded: more can't be put into any query (wire reference 1.5)."""

Parameters = tuple[tuple[str, str], ...]
"""Names and values of query parameters, decoded."""


def spellings(predicate: Predicate, mixed: MixedSeparators) -> Iterator[Parameters]:
    """The ways to say exactly this predicate, the preferred one first; a later one serves where the query would be too long.

    :param predicate: neither everything, which needs no filter, nor nothing, which no filter can say.
    :param mixed: how the backend reads `,` and `;` together. Only where the configuration says so, the lists also serve for OR groups of
        several conditions; a backend that reads them the other way round gives fewer rows then, never more.
    """
    lists = write_compact(predicate)
    if lists is not None:
        yield _named(lists)
        return
    if sum(map(len, predicate.groups)) <= _MOST_CONDITIONS_IN_JSON:
        yield (("filterjson", write_filterjson(predicate)),)
    lists = write_compact(predicate, mixed)
    if lists is not None:
        yield _named(lists)


def _named(lists: CompactFilter) -> Parameters:
    return tuple(zip(CompactFilter._fields, lists, strict=True))
