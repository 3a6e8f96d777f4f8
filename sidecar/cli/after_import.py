"""What becomes of the YAML once its policy is in a database: which lines go, and what stays."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from sidecar.settings.policy_source import SECTIONS

_KEY = re.compile(r"""["']?([A-Za-z_]+)["']?\s*:""")


def what_to_do_with_the_files(files: Sequence[Path]) -> Iterator[str]:
    """For people: the sections to take out, and how each file looks then. Values are not repeated, secrets among them."""
    keys = {file: list(_keys(file)) for file in files}
    yield "Take these sections out of the files; the database is the only place of policy now:"
    for file, found in keys.items():
        sections = [f"{key} (line {line})" for key, line in found if key in SECTIONS]
        if sections:
            whole = "" if len(sections) < len(found) else ", which is all of it: see whether an `include` names the file"
            yield f"  {file}: {', '.join(sections)}{whole}"
    yield ""
    for file, found in keys.items():
        rest = [(key, line) for key, line in found if key not in SECTIONS]
        if rest:
            yield f"# {file}, then:"
            yield from (f"{key}: …  # as in line {line}" for key, line in rest)


def _keys(file: Path) -> Iterator[tuple[str, int]]:
    """The keys that begin a line, with its number, read as text: a million users are not read again for that."""
    with file.open(encoding="utf-8-sig") as lines:
        for number, line in enumerate(lines, 1):
            found = _KEY.match(line)
            if found:
                yield found[1], number
