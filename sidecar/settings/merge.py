"""Several files to one tree: mappings join key by key, lists of tokens one after another, and everything else stands in one file only."""

from collections.abc import Sequence

from sidecar.settings.problem import KeyPath, Problem, Severity, path_text
from sidecar.settings.tree import Entry, Listing, Mapping, Node, Scalar


def merge(roots: Sequence[Mapping]) -> tuple[Mapping, list[Problem]]:
    """The tree of all files (at least one) together. What stands twice is a problem that names both places, even if it is the same."""
    problems: list[Problem] = []
    merged = roots[0]
    for root in roots[1:]:
        merged = _join(merged, root, (), problems)
    return merged, problems


def _join(first: Mapping, second: Mapping, path: KeyPath, problems: list[Problem]) -> Mapping:
    entries = dict(first.entries)
    for key, entry in second.entries.items():
        known = entries.get(key)
        if known is None or _is_null(known.node):
            entries[key] = entry
        elif not _is_null(entry.node):
            entries[key] = Entry(known.place, _both(known, entry, (*path, key), problems))
    return Mapping(first.place, entries)


def _both(first: Entry, second: Entry, path: KeyPath, problems: list[Problem]) -> Node:
    match first.node, second.node:
        case Mapping() as one, Mapping() as other:
            return _join(one, other, path, problems)
        case Listing() as one, Listing() as other if _holds_tokens(path):
            return Listing(one.place, one.items + other.items, _numbers(one) + _numbers(other))
        case _:
            problems.append(
                Problem(
                    Severity.ERROR,
                    second.place.file,
                    second.place.line,
                    path_text(path),
                    f"already stands in {first.place.file}:{first.place.line}",
                    "keep it in one of the files",
                )
            )
            return first.node


def _holds_tokens(path: KeyPath) -> bool:
    return path == ("tokens",) or (len(path) == 3 and path[0] == "app_connectors" and path[2] == "tokens")


def _numbers(listing: Listing) -> tuple[int, ...]:
    return listing.numbers or tuple(range(len(listing.items)))


def _is_null(node: Node) -> bool:
    return isinstance(node, Scalar) and node.is_null
