"""What is wrong with rows of a database: told as problems of files are, with the row in the place of file and line, and not without end."""

from collections import Counter
from collections.abc import Sequence

from sidecar.settings.problem import KeyPath, Problem, Severity, path_text
from sidecar.settings.report import Report
from sidecar.settings.tree import Mapping, Place

_MOST_OF_A_KIND = 20


class Findings(Report):
    """Problems of rows: `users.j.devries.email` is a column of a row, `tokens.0123456789ab.expires` one of the token with this id.

    A million rows may have the same thing wrong: of each kind the first few are kept, and the others counted.
    """

    def __init__(self, database: str) -> None:
        """No problems yet.

        :param database: what stands where other problems have a file.
        """
        super().__init__(Mapping(Place(database, 0), {}))
        self._database = database
        self._tokens: Sequence[str] = ()
        self._kinds: Counter[tuple[Severity, bool, str]] = Counter()

    def turn_to(self, tokens: Sequence[str]) -> None:
        """From now on, positions of `tokens` are those of these ids."""
        self._tokens = tokens

    def whereabouts(self, path: KeyPath) -> str:
        """The row of an entry."""
        return f"`{path_text(self._row(path))}`"

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Those that were kept, and how many there are beside them."""
        more = [
            Problem(severity, self._database, 0, kind, f"{count - _MOST_OF_A_KIND:,} more of this kind", fatal=fatal)
            for (severity, fatal, kind), count in self._kinds.items()
            if count > _MOST_OF_A_KIND
        ]
        return (*super().problems, *sorted(more))

    def count(self, severity: Severity) -> int:
        """How many there are, kept or not."""
        return sum(count for (kind, _, _), count in self._kinds.items() if kind is severity)

    def _add(self, severity: Severity, path: KeyPath, message: str, remedy: str, *, fatal: bool) -> None:
        row = self._row(path)
        kind = severity, fatal, path_text([*row[:1], "…", *row[2:3]]) if len(row) > 1 else path_text(row)
        self._kinds[kind] += 1
        if self._kinds[kind] <= _MOST_OF_A_KIND:
            self._problems.append(Problem(severity, self._database, 0, path_text(row), message, remedy, fatal=fatal))

    def _row(self, path: KeyPath) -> KeyPath:
        match path:
            case ("tokens", int(number), *rest) if number < len(self._tokens):
                return ("tokens", self._tokens[number], *rest)
        return path
