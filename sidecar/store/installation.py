"""What the token authority is made with, from the part `one_time_passwords` and the files that it names."""

import ssl
from pathlib import Path

from sidecar.otp.digests import SHORTEST_SECRET
from sidecar.otp.installation import Installation
from sidecar.settings.otp import OneTimePasswords, rules_of, smtp_server_of
from sidecar.settings.problem import KeyPath
from sidecar.settings.report import Report
from sidecar.store.database_url import read_database_url
from sidecar.store.secret_file import read_secret_file

_PATH: KeyPath = ("one_time_passwords",)


def read_installation(part: OneTimePasswords, report: Report, files: list[Path]) -> Installation | None:
    """The installation; None where something is wrong with it, of which the report then tells.

    :param files: gets all files that were read.
    """
    database = read_database_url(part.database, (*_PATH, "database"), report, files)
    secret = read_secret_file(part.secret, (*_PATH, "secret"), report, files).strip().encode()
    if secret and len(secret) < SHORTEST_SECRET:
        report.error(
            (*_PATH, "secret", "file"), f"the file holds fewer than {SHORTEST_SECRET} characters", "`sidecar otp secret` makes one"
        )
    password = ""
    if part.smtp.password is not None:
        password = read_secret_file(part.smtp.password, (*_PATH, "smtp", "password"), report, files).rstrip("\r\n")
    _check_authorities(part, report, files)
    if report.prevents_loading or database is None:
        return None
    return Installation(database, secret, smtp_server_of(part.smtp, password), rules_of(part))


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
