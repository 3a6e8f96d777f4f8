"""Policy from YAML files: everything that has to be read and checked before a snapshot can take the place of another."""

import hashlib
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from sidecar.settings import model
from sidecar.settings.advice import give_advice
from sidecar.settings.compile import compile_policy
from sidecar.settings.emptied import check_emptied
from sidecar.settings.issuer_advice import check_issuers, give_issuer_advice
from sidecar.settings.model import Settings
from sidecar.settings.otp_advice import compile_enrolments, give_otp_advice
from sidecar.settings.problem import Problem
from sidecar.settings.read import read_settings
from sidecar.settings.references import check_references
from sidecar.settings.report import Report
from sidecar.store.credential import credential_of
from sidecar.store.database_url import read_database_url
from sidecar.store.installation import read_installation
from sidecar.store.issuers import issuer_of
from sidecar.store.snapshot import Environment, Snapshot
from sidecar.store.version import version_of


@dataclass(frozen=True, slots=True)
class Loaded:
    """What came of loading. Without fatal errors there are settings and a snapshot; `files` are all that were read, secrets included."""

    settings: Settings | None
    snapshot: Snapshot | None
    problems: tuple[Problem, ...]
    files: tuple[Path, ...]
    report: Report = field(repr=False)


def load(paths: Sequence[Path], environ: Mapping[str, str], now: datetime) -> Loaded:
    """Everything in these files (at least one), with all problems at once.

    :param environ: for `${NAME}`.
    :param now: aware; says what has expired.
    """
    reading = read_settings(paths, environ)
    settings, report, files = reading.sound, reading.report, list(reading.files)
    if settings is None:
        return Loaded(None, None, report.problems, tuple(files), report)
    before = report.fatal_errors
    check_references(settings, report)
    check_emptied(settings, report)
    check_issuers(settings, report)
    policy = compile_policy(settings, report)
    enrolments = compile_enrolments(settings, policy, report)
    if reading.whole and report.fatal_errors == before:  # advice on half a policy would mislead
        give_advice(settings, policy, now, report)
        give_otp_advice(settings, policy, report)
        give_issuer_advice(settings, report)
    environments = {name: _environment(name, part, report, files) for name, part in settings.environments.items()}
    authorities = {name: _authorities(name, part, report, files) for name, part in settings.environments.items()}
    issuers = [issuer_of(name, part, report, files) for name, part in settings.issuers.items()]
    if settings.policy is not None:
        read_database_url(settings.policy.database, ("policy", "database"), report, files)
        report.error(("policy",), "nothing serves from a database yet", "keep policy in files")
    authority = settings.one_time_passwords
    installation = None if authority is None else read_installation(authority, report, files)
    if report.prevents_loading:
        return Loaded(None, None, report.problems, tuple(files), report)
    sound = {name: environment for name, environment in environments.items() if environment is not None}
    by_issuer = {issuer.issuer: issuer for issuer in issuers if issuer is not None}
    version = version_of(policy, sound, authorities, enrolments, installation, by_issuer)
    policy = replace(policy, version=version)
    enrolments = None if enrolments is None else replace(enrolments, policy=policy)
    snapshot = Snapshot(policy, sound, now, enrolments, installation, by_issuer)
    return Loaded(settings, snapshot, report.problems, tuple(files), report)


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
