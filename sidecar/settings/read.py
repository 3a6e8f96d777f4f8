"""The files of a configuration to validated settings: read, merged, filled in from the surroundings, checked key by key."""

from collections.abc import Mapping as Variables
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from sidecar.settings.complaints import report_complaints
from sidecar.settings.files import read_documents
from sidecar.settings.merge import merge
from sidecar.settings.model import Settings
from sidecar.settings.policy_source import SECTIONS
from sidecar.settings.problem import KeyPath
from sidecar.settings.report import Report
from sidecar.settings.surroundings import fill_in, leave_out
from sidecar.settings.tree import Entry, Mapping, Place, plain

_MOST_PRUNINGS = 8


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read. `files` are all that were tried, included ones too; `root` is what they say together.

    `sound` are the settings without the parts that are wrong, so that the rest can be looked at too; `whole` says that none is left out.
    They may be used only where the report prevents no loading.
    """

    sound: Settings | None
    whole: bool
    report: Report
    files: tuple[Path, ...]
    root: Mapping = field(repr=False)


def read_settings(paths: Sequence[Path], environ: Variables[str, str] | None) -> Reading:
    """The settings in these files and those that they include, and every problem with them.

    :param environ: for `${NAME}`; None leaves out what depends on the surroundings (addresses, credentials).
    """
    documents, problems = read_documents(paths)
    files = tuple(Path(document.file) for document in documents)
    roots = [document.root for document in documents if document.root is not None]
    if len(roots) < len(documents):  # names that stand in the missing part would be complained of as unknown
        nothing = Mapping(Place(str(paths[0]), 0), {})
        return Reading(None, False, Report(nothing, problems), files, nothing)
    root, conflicts = merge(roots)
    problems += conflicts
    if environ is None:
        root = leave_out(root)
    else:
        root, unfilled = fill_in(root, environ)
        problems += unfilled
    report = Report(root, problems)
    sound, whole = _validate(root, report)
    if sound is not None and sound.policy is not None:
        _check_one_source(sound, report)
    return Reading(sound, whole, report, files, root)


def with_sections(reading: Reading, sections: Mapping) -> Reading:
    """The same with what a database holds, as if it stood in these files, and nothing of what they say there themselves."""
    others = {name: entry for name, entry in reading.root.entries.items() if name not in SECTIONS}
    root = Mapping(reading.root.place, others | sections.entries)
    report = Report(root, reading.report.problems)
    sound, whole = _validate(root, report)
    return Reading(sound, reading.whole and whole, report, reading.files, root)


def _check_one_source(settings: Settings, report: Report) -> None:
    for section in SECTIONS:
        if section in settings.model_fields_set:
            message = "stands beside `policy.database`, which holds it: nobody could tell which of the two counts"
            report.error((section,), message, "bring it there with `sidecar db import`, and take it out of this file")


def _validate(root: Mapping, report: Report) -> tuple[Settings | None, bool]:
    """The settings, if need be without the parts that are wrong, which go into the report; and whether they are whole."""
    sound = root
    for attempt in range(_MOST_PRUNINGS):
        try:
            return Settings.model_validate(plain(sound)), attempt == 0
        except ValidationError as error:
            # What fails only now does so for want of what was taken out.
            wrong = report_complaints(error, sound, report if attempt == 0 else Report(sound))
            for path in wrong:
                sound = _without(sound, path)
    return None, False


def _without(node: Mapping, path: KeyPath) -> Mapping:
    """The tree without the entry at a path, or without the list that it goes through: positions in what is left must stay right."""
    key = path[0] if path else None
    entry = node.entries.get(key) if isinstance(key, str) else None
    if entry is None:
        return node
    rest = path[1:]
    if rest and isinstance(rest[0], str) and isinstance(entry.node, Mapping):
        changed = node.entries | {str(key): Entry(entry.place, _without(entry.node, rest))}
        return Mapping(node.place, changed)
    return Mapping(node.place, {name: each for name, each in node.entries.items() if name != key})
