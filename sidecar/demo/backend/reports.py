"""Reports: the rows of a GetConnector as a file, filtered by report field codes instead of the connector's names (wire reference 1.2)."""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, replace

from sidecar.demo.backend.failures import Failure
from sidecar.demo.backend.files import File
from sidecar.demo.backend.filter_reading import Filter
from sidecar.demo.backend.rows import select
from sidecar.demo.backend.separated_text import separated_text
from sidecar.demo.definitions import HOURS, SALARIES, GetConnector


@dataclass(frozen=True, slots=True)
class Report:
    """A report by its GUID; the field codes are `U001` and so on, in the order of its fields."""

    guid: str
    name: str
    source: GetConnector


REPORTS = (
    Report("3B1F6C0E5A7D4E1C9F2A60D18B7C4E55", "Urenoverzicht", HOURS),
    Report("9D4C2A7E61B8453F8E0D5C3A92F7B116", "Loonstaat", SALARIES),
)


def run_report(database: sqlite3.Connection, guid: str, read_filter: Callable[[GetConnector], Filter]) -> File:
    """The report's file.

    :param read_filter: reads the filter that was asked for, given a connector whose fields are called by their codes.
    :raises Failure: when there is no such report, or its filter can't be carried out.
    """
    report = next((report for report in REPORTS if report.guid == guid.upper()), None)
    if report is None:
        raise Failure(f"Report '{guid}' is not supported for this app or the user is not authorised.")
    by_code = {f"U{number:03}": field for number, field in enumerate(report.source.fields, start=1)}
    coded = replace(report.source, fields=tuple(replace(field, id=code) for code, field in by_code.items()))
    asked = [[condition._replace(field=by_code[condition.field.id]) for condition in group] for group in read_filter(coded)]
    rows = select(database, report.source, asked, [])
    text = separated_text(report.source, rows, ";", regional=True, with_names=True)
    return File(f"{report.name}.csv", "text/csv", text.encode("utf-8-sig"))
