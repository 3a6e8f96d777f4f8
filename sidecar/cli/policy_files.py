"""The policy that stands in YAML, on its way into a database: read, checked as a sidecar would, and made into rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

from sidecar.cli.configuration import COULD_NOT_READ, refuse, tell_fatal
from sidecar.policy_database.rows import Rows, UnstorableError, left_over, rows_of
from sidecar.settings.advice import give_advice
from sidecar.settings.otp_advice import give_otp_advice
from sidecar.settings.policy_source import SECTIONS
from sidecar.settings.problem import Problem, Severity, path_text
from sidecar.settings.read import read_settings
from sidecar.settings.whole import compile_settings


@dataclass(frozen=True, slots=True)
class PolicyInFiles:
    """Rows for all tables; what has no place in a database; and how many errors and warnings there are that don't prevent loading."""

    rows: Rows
    left_over: list[Problem]
    others: int
    files: tuple[Path, ...]


def policy_in(files: Sequence[Path]) -> PolicyInFiles:
    """The policy in these files and those that they include; where it would not load, say why and end.

    Secrets that they name need not be at hand.
    """
    reading = read_settings(files, None)
    report = reading.report
    if reading.sound is None:
        _end(report.problems, COULD_NOT_READ)
    settings = reading.sound.model_copy(update={"policy": None})  # of two sources, this is the one that counts now
    if not settings.model_fields_set & {*SECTIONS}:
        refuse(f"there is no policy in {', '.join(map(str, files))}: none of the sections {', '.join(SECTIONS)}")
    policy, _ = compile_settings(settings, report)
    if report.prevents_loading:
        _end(report.problems, 1)
    give_advice(settings, policy, datetime.now(UTC), report)
    give_otp_advice(settings, policy, report)
    try:
        rows = rows_of(settings)
    except UnstorableError as error:
        refuse(str(error))
    places = [(path, report.place(path)) for path in left_over(settings)]
    left = [Problem(Severity.WARNING, place.file, place.line, path_text(path), "names nobody") for path, place in places]
    return PolicyInFiles(rows, left, len(report.problems), reading.files)


def _end(problems: Sequence[Problem], code: int) -> NoReturn:
    tell_fatal(problems)
    refuse("nothing was imported", code)
