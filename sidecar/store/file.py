"""Policy from YAML files, or from a database that they name: everything that has to be read and checked before a snapshot can take the
place of another.
"""

import hashlib
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from sidecar.identity.issuer import Issuer
from sidecar.otp.installation import Installation
from sidecar.settings import model
from sidecar.settings.advice import give_advice
from sidecar.settings.issuer_advice import give_issuer_advice
from sidecar.settings.model import Settings
from sidecar.settings.otp_advice import give_otp_advice
from sidecar.settings.problem import KeyPath, Problem
from sidecar.settings.read import Reading, read_settings, with_sections
from sidecar.settings.report import Report
from sidecar.settings.whole import compile_settings
from sidecar.store.credential import credential_of
from sidecar.store.database_url import read_database_url
from sidecar.store.installation import read_installation
from sidecar.store.issuers import issuer_of
from sidecar.store.listener_tls import ListenerTls, read_listeners, warn_of_listeners
from sidecar.store.rights import Rights, RightsUnknownError
from sidecar.store.snapshot import Environment, Snapshot
from sidecar.store.version import version_of

_DATABASE: KeyPath = ("policy", "database")
_RESTART = "restart the sidecar once `sidecar check` finds no errors"


@dataclass(frozen=True, slots=True)
class Files:
    """What all files say, those included that the configuration names, and the problems so far. May be put together with other rights.

    :ivar database: the URL of the database with the policy; None where the policy is in these files, or the report says what is wrong.
    :ivar authorities: digests of the environments' CA files.
    :ivar files: all that were read or tried.
    :ivar listeners: the certificates of ports, as far as they can be used.
    """

    reading: Reading
    database: str | None = field(default=None, repr=False)
    environments: Mapping[str, Environment] = field(default_factory=dict)
    authorities: Mapping[str, bytes] = field(default_factory=dict)
    issuers: Mapping[str, Issuer] = field(default_factory=dict)
    installation: Installation | None = None
    files: tuple[Path, ...] = ()
    listeners: Mapping[KeyPath, ListenerTls] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Loaded:
    """What came of loading. Without fatal errors there are settings and a snapshot; `files` are all that were read, secrets included.

    Settings without a snapshot mean that nothing is wrong but that the database gives no answer.
    """

    settings: Settings | None
    snapshot: Snapshot | None
    problems: tuple[Problem, ...]
    files: tuple[Path, ...]
    report: Report = field(repr=False)


def load(paths: Sequence[Path], environ: Mapping[str, str], now: datetime) -> Loaded:
    """Everything in these files (at least one), with all problems at once. For policy that is in files.

    :param environ: for `${NAME}`.
    :param now: aware; says what has expired.
    """
    return conclude(read_files(paths, environ), None, now)


def read_files(paths: Sequence[Path], environ: Mapping[str, str]) -> Files:
    """All that is to be read of files."""
    reading = read_settings(paths, environ)
    settings, report, files = reading.sound, reading.report, list(reading.files)
    if settings is None:
        return Files(reading, files=reading.files)
    environments = {name: _environment(name, part, report, files) for name, part in settings.environments.items()}
    authorities = {name: _authorities(name, part, report, files) for name, part in settings.environments.items()}
    issuers = [issuer_of(name, part, report, files) for name, part in settings.issuers.items()]
    listeners = read_listeners(settings, report, files) if reading.whole else {}
    authority = settings.one_time_passwords
    installation = None if authority is None else read_installation(authority, report, files)
    return Files(
        reading,
        None if settings.policy is None else read_database_url(settings.policy.database, _DATABASE, report, files),
        {name: environment for name, environment in environments.items() if environment is not None},
        authorities,
        {issuer.issuer: issuer for issuer in issuers if issuer is not None},
        installation,
        tuple(files),
        listeners,
    )


def conclude(read: Files, rights: Rights | RightsUnknownError | None, now: datetime) -> Loaded:
    """Everything together, checked as a whole.

    :param rights: what the database holds, or why that can't be known; None where none was asked.
    """
    reading = _joined(read.reading, rights)
    settings, report = reading.sound, reading.report
    if settings is None:
        return Loaded(None, None, report.problems, read.files, report)
    if isinstance(rights, RightsUnknownError):
        waits = rights.passing and not report.prevents_loading
        report.error(_DATABASE, rights.message, rights.remedy)
        return Loaded(settings if waits else None, None, report.problems, read.files, report)
    _check_source(read, rights, report)
    before = report.fatal_errors
    policy, enrolments = compile_settings(settings, report)
    if reading.whole and report.fatal_errors == before:  # advice on half a policy would mislead
        give_advice(settings, policy, now, report)
        give_otp_advice(settings, policy, report)
        give_issuer_advice(settings, report)
        warn_of_listeners(read.listeners, now, report)
    if report.prevents_loading:
        return Loaded(None, None, report.problems, read.files, report)
    version = version_of(policy, read.environments, read.authorities, enrolments, read.installation, read.issuers, settings.public_urls)
    policy = replace(policy, version=version)
    enrolments = None if enrolments is None else replace(enrolments, policy=policy)
    revision = None if rights is None else rights.revision
    snapshot = Snapshot(policy, read.environments, now, enrolments, read.installation, read.issuers, settings.public_urls, revision)
    return Loaded(settings, snapshot, report.problems, read.files, report)


def _joined(reading: Reading, rights: Rights | RightsUnknownError | None) -> Reading:
    """With a report of its own, since the same files may be put together with other rights."""
    if isinstance(rights, Rights) and rights.sections is not None and "policy" in reading.root.entries:
        return with_sections(reading, rights.sections)
    return replace(reading, report=Report(reading.root, reading.report.problems))


def _check_source(read: Files, rights: Rights | None, report: Report) -> None:
    """Where policy comes from is decided at the start."""
    if rights is None and read.database is not None:
        report.error(("policy",), "policy comes from a database only after a restart", _RESTART)
    elif rights is not None and "policy" not in read.reading.root.entries:
        report.error(("policy",), "was taken out, but policy comes from files only after a restart", _RESTART)
    elif rights is not None and rights.sections is None:
        report.error(_DATABASE, "holds a row that can't be read", "`sidecar db check` says which")


def _environment(name: str, part: model.Environment, report: Report, files: list[Path]) -> Environment | None:
    credential = credential_of(name, part, report, files)
    if credential is None:
        return None
    return Environment(
        name=name,
        rest=part.rest,
        mixed=part.mixed_separators,
        credential=credential,
        ca_file=part.ca_file,
        otp=part.otp,
        soap=part.soap,
        soap_credential=part.soap_credential,
        soap_address=part.soap_address,
    )


def _authorities(name: str, part: model.Environment, report: Report, files: list[Path]) -> bytes:
    """Digest of the CA file, after a look whether TLS can use it."""
    if part.ca_file is None or report.complained_of(("environments", name, "ca_file")):
        return b""
    path = Path(part.ca_file)
    files.append(path)
    try:
        content = path.read_bytes()
        ssl.create_default_context(cafile=part.ca_file)
    except OSError as error:  # ssl.SSLError is one
        unreadable = not isinstance(error, ssl.SSLError)
        message = f"the file can't be read: {error.strerror}" if unreadable else "the file holds no certificates in PEM"
        report.error(("environments", name, "ca_file"), message)
        return b""
    return hashlib.sha256(content).digest()
