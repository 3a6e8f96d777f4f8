"""Where the steps from tree to policy put what they find: paths in, problems with file and line out."""

from collections.abc import Collection, Sequence
from difflib import get_close_matches

from sidecar.settings.problem import KeyPath, Problem, Severity, path_text
from sidecar.settings.tree import Listing, Mapping, Place, Scalar, find, locate

_MOST_SUGGESTIONS = 50
_MOST_CANDIDATES = 1_000
_MOST_LISTED = 8


class Report:
    """The problems of one configuration. Suggestions are bounded, since a reload must be quick however much is wrong."""

    def __init__(self, root: Mapping, problems: Sequence[Problem] = ()) -> None:
        self._root = root
        self._problems = list(problems)
        self._wrong = {problem.path for problem in problems if problem.severity is Severity.ERROR}
        self._suggestions = 0

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Errors first, each kind by file and line; none twice."""
        return tuple(sorted(set(self._problems)))

    @property
    def prevents_loading(self) -> bool:
        return self.fatal_errors > 0

    @property
    def fatal_errors(self) -> int:
        return sum(problem.prevents_loading for problem in self._problems)

    def error(self, path: KeyPath, message: str, remedy: str = "", *, fatal: bool = True) -> None:
        """An error; one that is not fatal leaves a working policy, which denies what it is about."""
        self._add(Severity.ERROR, path, message, remedy, fatal=fatal)

    def warn(self, path: KeyPath, message: str, remedy: str = "") -> None:
        self._add(Severity.WARNING, path, message, remedy, fatal=False)

    def complained_of(self, path: KeyPath) -> bool:
        """Whether there is an error with exactly this path."""
        return path_text(path) in self._wrong

    def is_written(self, path: KeyPath) -> bool:
        """Whether there is something at this path, be it right or wrong."""
        return find(self._root, path) is not None

    def names(self, part: str) -> Collection[str]:
        """The names that a top-level part defines, those of invalid entries too."""
        node = find(self._root, (part,))
        return node.entries.keys() if isinstance(node, Mapping) else ()

    def is_empty(self, path: KeyPath, *, lists: bool = False) -> bool:
        """Whether there is a key at this path with nothing behind it, or, if so asked, with a list of nothing."""
        node = find(self._root, path)
        return (isinstance(node, Scalar) and node.is_null) or (lists and isinstance(node, Listing) and not node.items)

    def place(self, path: KeyPath) -> Place:
        """The line of a path, or of the part of it that exists."""
        return locate(self._root, path)[0]

    def whereabouts(self, path: KeyPath) -> str:
        """Where an entry stands, for people who look for it."""
        place = self.place(path)
        return f"{place.file}:{place.line}"

    def did_you_mean(self, name: str, known: Collection[str]) -> str:
        """A remedy for an unknown name: the nearest of the known ones, or all of them where they are few."""
        self._suggestions += 1
        if self._suggestions > _MOST_SUGGESTIONS:
            return ""
        if len(known) <= _MOST_CANDIDATES:
            by_lower = {each.lower(): each for each in known}
            close = get_close_matches(name.lower(), by_lower, 1)
            if close:
                return f"did you mean `{by_lower[close[0]]}`?"
        return f"known: {', '.join(sorted(known))}" if 0 < len(known) <= _MOST_LISTED else ""

    def _add(self, severity: Severity, path: KeyPath, message: str, remedy: str, *, fatal: bool) -> None:
        place, shown = locate(self._root, path)
        if severity is Severity.ERROR:
            self._wrong.add(path_text(path))
        self._problems.append(Problem(severity, place.file, place.line, path_text(shown), message, remedy, fatal=fatal))
