"""One-time passwords across the parts of a configuration: what can't work is told with place and remedy, what is read arrives."""

import copy
import hashlib
from pathlib import Path
from typing import Any

import pytest

from sidecar.otp.message import Language
from sidecar.otp.smtp import Security, SmtpServer
from sidecar.settings.otp import OtpMode
from sidecar.settings.problem import Severity
from sidecar.store.file import Loaded, load
from tests.settings.sample import ENVIRON, ENVIRONMENT, NOW, bent, load_content, load_text

SECRET = "correct horse battery staple, twice over"
KEYS = {"api_key_sha256": hashlib.sha256(b"api").hexdigest(), "environment_key_sha256": hashlib.sha256(b"environment").hexdigest()}
PART: dict[str, Any] = {
    "database": "sqlite:///otp.db",
    "secret": {"file": "otp.secret"},
    "smtp": {"host": "mail.example.com", "sender": "profit@example.com"},
}


def content(**changes: Any) -> dict[str, Any]:
    """The sample as token authority, with other values at paths such as `users__m.jansen__email`."""
    whole = bent("one_time_passwords", copy.deepcopy(PART))
    whole["environments"]["O12345AA"]["otp"] = "local"
    whole["app_connectors"]["hours"]["otp_keys"] = dict(KEYS)
    for path, value in changes.items():
        *steps, last = path.split("__")
        part = whole
        for step in steps:
            part = part.setdefault(step, {})
        part.pop(last, None)
        if value is not None:
            part[last] = value
    return whole


def loaded_from(folder: Path, whole: dict[str, Any], secret: str = SECRET) -> Loaded:
    (folder / "otp.secret").write_text(secret)
    return load_content(folder, whole)


def test_what_is_said_arrives(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("geheim \n")
    smtp = {**PART["smtp"], "security": "tls", "user": "profit", "password": {"file": "password"}}
    whole = content(one_time_passwords__smtp=smtp, environments__O12345AA__otp_language="en")
    loaded = loaded_from(tmp_path, whole, f"{SECRET}\r\n")
    assert loaded.problems == ()
    assert loaded.snapshot is not None
    installation, enrolments = loaded.snapshot.installation, loaded.snapshot.enrolments
    assert installation is not None
    assert enrolments is not None
    assert installation.database == f"sqlite+aiosqlite:///{tmp_path / 'otp.db'}"
    assert installation.secret == SECRET.encode()
    assert installation.smtp == SmtpServer("mail.example.com", 465, Security.TLS, "profit@example.com", "profit", "geheim ")
    assert [(each.app_connector, each.language) for each in enrolments.by_keys.values()] == [("hours", Language.ENGLISH)]
    assert enrolments.policy is loaded.snapshot.policy
    assert {tmp_path / "otp.secret", tmp_path / "password"} <= {*loaded.files}
    assert not (tmp_path / "otp.db").exists()


def test_nothing_said_is_nothing_there(tmp_path: Path) -> None:
    loaded = load_content(tmp_path, bent("environments/O12345AA/otp", "off"))
    assert loaded.snapshot is not None
    assert (loaded.snapshot.enrolments, loaded.snapshot.installation) == (None, None)


@pytest.mark.parametrize("written", ["off", "'off'", "OFF"])
def test_off_is_a_word_although_yaml_reads_a_boolean(tmp_path: Path, written: str) -> None:
    loaded = load_text(tmp_path, ENVIRONMENT.replace("{rest", f"{{otp: {written}, rest"))
    assert (loaded.snapshot is not None) == (written != "OFF")


def test_no_is_not_off(tmp_path: Path) -> None:
    loaded = load_text(tmp_path, ENVIRONMENT.replace("{rest", "{otp: no, rest"))
    assert "expected one of local, forward, off" in str(loaded.problems[0])


def test_a_database_in_a_file_is_relative_to_that(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    (tmp_path / "below/url").write_text("sqlite:///otp.db\n")
    loaded = loaded_from(tmp_path, content(one_time_passwords__database={"file": "below/url"}))
    assert loaded.snapshot is not None
    assert loaded.snapshot.installation is not None
    assert loaded.snapshot.installation.database == f"sqlite+aiosqlite:///{tmp_path / 'below/otp.db'}"


def test_a_database_from_the_environment_is_relative_to_the_file_that_says_so(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(
        "include: [parts/otp.yaml]\n" + ENVIRONMENT.replace("passthrough: true", "afas_token: '${PROFIT_TOKEN}'")
    )
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts/otp.secret").write_text(SECRET)
    (tmp_path / "parts/otp.yaml").write_text(
        "one_time_passwords:\n  database: ${DB}\n  secret: {file: otp.secret}\n  smtp: {host: mail.example.com, sender: a@example.com}\n"
    )
    loaded = load([tmp_path / "config.yaml"], {**ENVIRON, "DB": "sqlite:///otp.db"}, NOW)
    assert loaded.snapshot is not None
    assert loaded.snapshot.installation is not None
    assert loaded.snapshot.installation.database == f"sqlite+aiosqlite:///{tmp_path / 'parts/otp.db'}"


AT = "environments.O12345AA.otp"
ERRORS: list[tuple[dict[str, Any], str, str, str]] = [
    ({"one_time_passwords": None}, AT, "`local` needs the part `one_time_passwords`", "`database`, `secret` and `smtp`"),
    ({"environments__O12345AA__credential": {"passthrough": True}}, AT, "a backend that does not know them", "credential of its own"),
    (
        {"app_connectors__twin": {"environment": "O12345AA", "group": "app", "blocked": False, "otp_keys": KEYS}},
        "app_connectors.twin.otp_keys",
        "`hours` has the same keys",
        "sidecar otp keys",
    ),
    (
        {"app_connectors__hours__otp_keys": {**KEYS, "api_key_sha256": "x"}},
        "app_connectors.hours.otp_keys.api_key_sha256",
        "not a SHA-256",
        "",
    ),
    ({"one_time_passwords__secret": {"file": "nowhere"}}, "one_time_passwords.secret.file", "the file can't be read", ""),
    ({"one_time_passwords__secret": {"file": "short"}}, "one_time_passwords.secret.file", "fewer than 32", "sidecar otp secret"),
    ({"one_time_passwords__secret": {"file": "empty"}}, "one_time_passwords.secret.file", "is empty", ""),
    ({"one_time_passwords__secret": "in clear"}, "one_time_passwords.secret", "expected the file that holds it", "{file: path}"),
    ({"one_time_passwords__database": "mysql://otp:geheim@host/db"}, "one_time_passwords.database", "begins neither", "sqlite:///otp.db"),
    ({"one_time_passwords__database": {"file": "short"}}, "one_time_passwords.database.file", "not the URL", "postgresql://"),
    ({"one_time_passwords__database": "${NOT_SET}"}, "one_time_passwords.database", "NOT_SET is not set", ""),
    (
        {"one_time_passwords__smtp": {**PART["smtp"], "user": "profit", "password": {"file": "nowhere"}}},
        "one_time_passwords.smtp.password.file",
        "can't be read",
        "",
    ),
    ({"one_time_passwords__smtp": {**PART["smtp"], "ca_file": "short"}}, "one_time_passwords.smtp.ca_file", "no certificates in PEM", ""),
    ({"one_time_passwords__smtp": {**PART["smtp"], "ca_file": "nowhere"}}, "one_time_passwords.smtp.ca_file", "can't be read", ""),
]


@pytest.mark.parametrize(("changes", "path", "message", "remedy"), ERRORS)
def test_what_can_not_work_is_an_error(tmp_path: Path, changes: dict[str, Any], path: str, message: str, remedy: str) -> None:
    (tmp_path / "short").write_text("geheim")
    (tmp_path / "empty").write_text("\n")
    loaded = loaded_from(tmp_path, content(**changes))
    assert loaded.snapshot is None
    [problem] = [each for each in loaded.problems if each.path == path and each.severity is Severity.ERROR]
    assert problem.prevents_loading
    assert message in problem.message
    assert remedy in problem.remedy
    assert "geheim" not in str(loaded.problems)


JANSEN = "users__m.jansen"
WARNINGS: list[tuple[dict[str, Any], str, str]] = [
    ({"environments__O12345AA__otp": None}, "one_time_passwords", "no environment has `otp: local`"),
    ({"environments__O12345AA__otp": None}, "app_connectors.hours.otp_keys", "these keys open nothing"),
    ({"app_connectors__hours__otp_keys": None}, AT, "no app connector of this environment has `otp_keys`"),
    ({"environments__O12345AA__otp": "forward"}, AT, "tokens that the backend gives are known here only once"),
    ({f"{JANSEN}__email": "Jan <m.jansen@example.com>"}, "users.m.jansen.email", "can be mailed"),
    ({f"{JANSEN}__email": "one@example.com, two@example.com"}, "users.m.jansen.email", "can be mailed"),
    ({f"{JANSEN}__email": "J.DEVRIES@example.com"}, "users.m.jansen.email", "`j.devries` has the same address"),
    ({f"{JANSEN}__email": "list", f"{JANSEN}__blocked": True}, "", ""),
    ({f"{JANSEN}__email": "list", "groups__app": ["j.devries"]}, "", ""),
    ({f"{JANSEN}__system": True, f"{JANSEN}__email": None}, "", ""),
    ({"one_time_passwords__database": "postgresql://otp:geheim@host/db"}, "one_time_passwords.database", "password stands"),
    ({"one_time_passwords__database": "postgresql://otp@host/db"}, "", ""),
]


@pytest.mark.parametrize(("changes", "path", "message"), WARNINGS)
def test_what_hardly_can_is_advice(tmp_path: Path, changes: dict[str, Any], path: str, message: str) -> None:
    loaded = loaded_from(tmp_path, content(**changes))
    assert loaded.snapshot is not None
    about = [each for each in loaded.problems if "otp" in each.path or "one_time" in each.path or each.path.endswith(".email")]
    assert [each for each in about if each.severity is Severity.ERROR] == []
    assert path == "" or any(each.path == path and message in each.message for each in about)
    assert path != "" or about == []
    assert "geheim" not in str(loaded.problems)


@pytest.mark.parametrize(
    "changes",
    [
        {"one_time_passwords__tries": 3},
        {"one_time_passwords__database": "sqlite:///other.db"},
        {"one_time_passwords__smtp": {**PART["smtp"], "port": 26}},
        {"environments__O12345AA__otp_language": "en"},
        {"app_connectors__hours__otp_keys": {**KEYS, "api_key_sha256": "ab" * 32}},
        {"environments__O12345AA__otp": "forward"},
    ],
)
def test_whatever_changes_the_meaning_changes_the_version(tmp_path: Path, changes: dict[str, Any]) -> None:
    versions = set()
    for whole in (content(), content(**changes)):
        snapshot = loaded_from(tmp_path, whole).snapshot
        assert snapshot is not None
        versions.add(snapshot.policy.version)
    assert len(versions) == 2


def test_another_secret_is_another_version_and_none_of_it_is_shown(tmp_path: Path) -> None:
    loads = [loaded_from(tmp_path, content(), secret) for secret in (SECRET, SECRET[::-1])]
    assert len({loaded.snapshot.policy.version for loaded in loads if loaded.snapshot}) == 2
    assert SECRET not in repr(loads)


def test_the_mode_is_the_environments(tmp_path: Path) -> None:
    snapshot = loaded_from(tmp_path, content()).snapshot
    assert snapshot is not None
    assert snapshot.environments["O12345AA"].otp is OtpMode.LOCAL
