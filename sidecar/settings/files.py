"""Which files a configuration consists of: those that are named, and those that they include (one level)."""

from collections.abc import Sequence
from pathlib import Path

from sidecar.settings.document import Document, read_document
from sidecar.settings.problem import Problem, Severity, path_text
from sidecar.settings.tree import Listing, Mapping, Place, Scalar


def read_documents(paths: Sequence[Path]) -> tuple[list[Document], list[Problem]]:
    """Every file once, included ones after the one that includes them; without `include` where that was followed."""
    documents: list[Document] = []
    problems: list[Problem] = []
    seen: set[Path] = set()

    def add(path: Path, place: Place | None) -> list[tuple[Path, Place]]:
        real = path.resolve()
        if real in seen:
            message = f"the file {path} is part of the configuration already"
            problems.append(_problem(place or Place(str(path), 0), message, "name it once"))
            return []
        seen.add(real)
        document = read_document(path)
        problems.extend(document.problems)
        if document.root is None and place is not None:
            problems.append(_problem(place, f"the included file {path} can't be used"))
        includes = _includes(document)
        root = _without_include(document.root) if includes is not None else document.root
        documents.append(Document(document.file, root))
        return includes or []

    for path in paths:
        for included, place in add(path, None):
            for _, too_deep in add(included, place):
                problems.append(_problem(too_deep, "an included file can't include others", "list all files in the including one"))
    return documents, problems


def _includes(document: Document) -> list[tuple[Path, Place]] | None:
    """The included files with the lines that name them; None where validation has to say what is wrong."""
    entry = document.root.entries.get("include") if document.root is not None else None
    if entry is None:
        return []
    items = entry.node.items if isinstance(entry.node, Listing) else ()
    names = [(item.value, item.place) for item in items if isinstance(item, Scalar) and isinstance(item.value, str) and item.value]
    if not isinstance(entry.node, Listing) or len(names) < len(items):
        return None
    folder = Path(document.file).parent
    return [(folder / name, place) for name, place in names]


def _without_include(root: Mapping | None) -> Mapping | None:
    if root is None:
        return None
    return Mapping(root.place, {key: entry for key, entry in root.entries.items() if key != "include"})


def _problem(place: Place, message: str, remedy: str = "") -> Problem:
    return Problem(Severity.ERROR, place.file, place.line, path_text(("include",)), message, remedy)
