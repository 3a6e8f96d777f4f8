"""Which database a part of the configuration names: read alike for policy and for one-time passwords, by the sidecar and by commands."""

from pathlib import Path

from pydantic import SecretStr

from sidecar.settings.part import SecretFile
from sidecar.settings.problem import KeyPath, Problem
from sidecar.settings.read import Reading
from sidecar.settings.report import Report
from sidecar.store.secret_file import read_secret_file

_POLICY: KeyPath = ("policy", "database")
_ONE_TIME_PASSWORDS: KeyPath = ("one_time_passwords", "database")


class UnreadableUrlError(Exception):
    """Which database is meant can't be known. The message names place and remedy."""


def policy_database_of(reading: Reading) -> str | None:
    """The URL of the database of policy, with its driver; None where policy is in the files.

    Of all that the configuration takes from its surroundings only this needs to be at hand.

    :param reading: with `environ`.
    :raises UnreadableUrlError: something is wrong with this part of the configuration.
    """
    part = None if reading.sound is None else reading.sound.policy
    return _of_a_reading(reading, _POLICY, None if part is None else part.database)


def issued_database_of(reading: Reading) -> str | None:
    """The same for one-time passwords and issued tokens; None where the sidecar is no token authority."""
    part = None if reading.sound is None else reading.sound.one_time_passwords
    return _of_a_reading(reading, _ONE_TIME_PASSWORDS, None if part is None else part.database)


def read_database_url(part: SecretFile | SecretStr, path: KeyPath, report: Report, files: list[Path]) -> str | None:
    """The URL of a database, with its driver; None after a complaint.

    :param path: of the part.
    :param files: gets the file that was read, if any.
    """
    from sidecar.database.url import database_url  # SQLAlchemy takes its time, and most configurations have no use for it

    if isinstance(part, SecretStr):
        if report.complained_of(path):
            return None
        text, folder = part.get_secret_value(), Path(report.place(path).file).parent
    else:
        text, folder = read_secret_file(part, path, report, files), Path(part.file).parent
        path = (*path, "file")
        if report.complained_of(path):
            return None
    try:
        return database_url(text, folder).render_as_string(hide_password=False)
    except ValueError as error:
        file = "policy.db" if path[: len(_POLICY)] == _POLICY else "otp.db"
        report.error(path, str(error), f"such as sqlite:///{file} or postgresql://user:password@host/name")
        return None


def _of_a_reading(reading: Reading, path: KeyPath, part: SecretFile | SecretStr | None) -> str | None:
    url = None if part is None else read_database_url(part, path, reading.report, [])
    wrong = [each for each in reading.report.problems if each.prevents_loading and (reading.sound is None or _is_of(path[0], each))]
    if url is None and wrong:
        raise UnreadableUrlError(str(wrong[0]))
    return url


def _is_of(part: str | int, problem: Problem) -> bool:
    return problem.path.partition(".")[0] == part
