"""What the token authority is made with, from the part `one_time_passwords` and the files that it names."""

import ssl
from pathlib import Path

from pydantic import SecretStr

from sidecar.otp.digests import SHORTEST_SECRET
from sidecar.otp.installation import Installation
from sidecar.settings.document import read_text
from sidecar.settings.otp import OneTimePasswords, rules_of, smtp_server_of
from sidecar.settings.part import SecretFile
from sidecar.settings.problem import KeyPath
from sidecar.settings.report import Report

_PATH: KeyPath = ("one_time_passwords",)


def read_installation(part: OneTimePasswords, report: Report, files: list[Path]) -> Installation | None:
    """The installation; None where something is wrong with it, of which the report then tells.

    :param files: gets all files that were read.
    """
    database = read_database(part, report, files)
    secret = _read(part.secret, ("secret",), report, files).strip().encode()
    if secret and len(secret) < SHORTEST_SECRET:
        report.error(
            (*_PATH, "secret", "file"), f"the file holds fewer than {SHORTEST_SECRET} characters", "`sidecar otp secret` makes one"
        )
    password = "" if part.smtp.password is None else _read(part.smtp.password, ("smtp", "password"), report, files).rstrip("\r\n")
    _check_authorities(part, report, files)
    if report.prevents_loading or database is None:
        return None
    return Installation(database, secret, smtp_server_of(part.smtp, password), rules_of(part))


def read_database(part: OneTimePasswords, report: Report, files: list[Path]) -> str | None:
    """The URL of the database, with its driver; None after a complaint."""
    from sidecar.database.url import database_url  # SQLAlchemy takes its time, and most configurations have no use for it

    path = (*_PATH, "database")
    if isinstance(part.database, SecretStr):
        if report.complained_of(path):
            return None
        text, folder = part.database.get_secret_value(), Path(report.place(path).file).parent
    else:
        text, folder = _read(part.database, ("database",), report, files), Path(part.database.file).parent
        path = (*path, "file")
        if report.complained_of(path):
            return None
    try:
        return database_url(text, folder).render_as_string(hide_password=False)
    except ValueError as error:
        report.error(path, str(error), "such as sqlite:///otp.db or postgresql://user:password@host/name")
        return None


def _read(part: SecretFile, below: tuple[str, ...], report: Report, files: list[Path]) -> str:
    """What stands in the file; "" after a complaint."""
    path = (*_PATH, *below, "file")
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


def _check_authorities(part: OneTimePasswords, report: Report, files: list[Path]) -> None:
    path = (*_PATH, "smtp", "ca_file")
    if part.smtp.ca_file is None or report.complained_of(path):
        return
    files.append(Path(part.smtp.ca_file))
    try:
        ssl.create_default_context(cafile=part.smtp.ca_file)
    except OSError as error:  # ssl.SSLError is one
        unreadable = not isinstance(error, ssl.SSLError)
        report.error(path, f"the file can't be read: {error.strerror}" if unreadable else "the file holds no certificates in PEM")
