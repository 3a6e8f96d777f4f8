"""Secrets that stand in files of their own."""

from pathlib import Path

from sidecar.settings.document import read_text
from sidecar.settings.part import SecretFile
from sidecar.settings.problem import KeyPath
from sidecar.settings.report import Report


def read_secret_file(part: SecretFile, path: KeyPath, report: Report, files: list[Path]) -> str:
    """What stands in the file; "" after a complaint.

    :param path: of the part.
    :param files: gets the file.
    """
    path = (*path, "file")
    if report.complained_of(path):
        return ""
    files.append(Path(part.file))
    try:
        text = read_text(Path(part.file))
    except ValueError as error:
        report.error(path, f"the file {error}")
        return ""
    if not text.strip():
        report.error(path, "the file is empty")
        return ""
    return text
