"""A table of wrong configurations: each problem has its exact key path, says what is wrong, and what would be right."""

from pathlib import Path
from typing import Any

import pytest

from sidecar.store.file import Loaded
from tests.settings.sample import ENVIRONMENT, SHA256, bent, load_content, load_text

TOKEN = {"user": "j.devries", "description": "iPhone", "sha256": SHA256}
HOURS = "app_connectors/hours"
TLS = {"certificate": "x", "key": "x"}

# path to bend, value, path of the problem, part of the message, part of the remedy
ERRORS = [
    ("enviroments", {}, "enviroments", "is not a key of this part", "did you mean `environments`?"),
    ("users/j.devries/mail", "x", "users.j.devries.mail", "is not a key of this part", "did you mean `email`?"),
    (f"{HOURS}/get_conectors", ["A"], "app_connectors.hours.get_conectors", "is not a key", "did you mean `get_connectors`?"),
    (f"{HOURS}/tokens", [{**TOKEN, "usr": "x"}], "app_connectors.hours.tokens[0].usr", "is not a key", "did you mean `user`?"),
    (f"{HOURS}/tokens", [{**TOKEN, "app_connector": "hours"}], "app_connectors.hours.tokens[0].app_connector", "is not a key", ""),
    ("environments/O12345AA/row_guard", "enforce", "environments.O12345AA.row_guard", "is not a key of", "into `app_connectors.<name>`"),
    ("app_connectors/hours/smtp", "x", "app_connectors.hours.smtp", "is not a key of this part", "it belongs into `one_time_passwords`"),
    ("environments/O12345AA/timeouts", {}, "environments.O12345AA.timeouts", "is not a key of this part", "it belongs to the top level"),
    ("limits/heads", 1, "limits.heads", "is not a key of this part", "did you mean `head`?"),
    ("listen", 8080, "listen", "expected host:port", "such as 127.0.0.1:8080"),
    ("listen", "127.0.0.1:99999", "listen", "expected host:port", "such as"),
    ("listen", ":8080", "listen", "expected host:port", "such as"),
    ("admin/listen", "::1:8081", "admin.listen", "expected host:port", "[::1]:8080"),
    ("trusted_proxies", ["0.0.0.0/0"], "trusted_proxies", "would trust the whole world", "name the proxies only"),
    ("trusted_proxies", ["::/0"], "trusted_proxies", "would trust the whole world", ""),
    ("trusted_proxies", ["0.0.0.0/1", "128.0.0.0/1"], "trusted_proxies", "would trust the whole world", ""),
    ("trusted_proxies", ["2000::/3"], "trusted_proxies", "would trust the whole world", ""),
    ("trusted_proxies", ["::ffff:0:0/96"], "trusted_proxies", "would trust the whole world", ""),
    ("trusted_proxies", ["10.0.0.1/8"], "trusted_proxies[0]", "`10.0.0.1/8` is not an address", "the network is 10.0.0.0/8"),
    ("trusted_proxies", "10.0.0.1", "trusted_proxies", "expected a list", "such as [one, two]"),
    ("environments/O12345AA/rest", None, "environments.O12345AA.rest", "is missing", ""),
    ("environments/O12345AA/rest", "backend.example", "environments.O12345AA.rest", "is not the URL of a backend", "such as https://"),
    ("environments/O12345AA/rest", "ftp://backend.example", "environments.O12345AA.rest", "is not the URL of a backend", ""),
    ("environments/O12345AA/rest", "https://u:p@backend.example", "environments.O12345AA.rest", "user or password", "`credential`"),
    ("environments/O12345AA/rest", "https://backend.example/a?b=c", "environments.O12345AA.rest", "without query or escapes", ""),
    ("environments/O12345AA/rest", "https://backend.example/a/../b", "environments.O12345AA.rest", "has no dot segments", ""),
    ("environments/O12345AA/rest", "https://backend.example:99999", "environments.O12345AA.rest", "is not the URL", ""),
    ("environments/O12345AA/soap", 12, "environments.O12345AA.soap", "`12` is read by YAML as a number", 'quote it: "12"'),
    (
        "environments/O12345AA/soap_address",
        "connectors.example.com/ProfitServices",
        "environments.O12345AA.soap_address",
        "is not the URL of the sidecar",
        "such as https://connectors.example.com/ProfitServices",
    ),
    (
        "environments/O12345AA/credential",
        {"oauth": {"client_id": "x", "private_key": "key.pem"}},
        "environments.O12345AA.credential.oauth.private_key",
        "expected the file that holds it",
        "{file: path}",
    ),
    (
        "app_connectors/hours/otp_keys",
        {"api_key_sha256": "8F0C", "environment_key_sha256": SHA256},
        "app_connectors.hours.otp_keys.api_key_sha256",
        "is not a SHA-256",
        "`sidecar otp keys`",
    ),
    ("environments/O12345AA/mixed_separators", "or", "environments.O12345AA.mixed_separators", "expected one of refuse, or_of", ""),
    ("environments/O12345AA/credential", {}, "environments.O12345AA.credential", "expected exactly one of", "{file: path}"),
    (
        "environments/O12345AA/credential",
        {"passthrough": True, "afas_token": "${PROFIT_TOKEN}"},
        "environments.O12345AA.credential",
        "expected exactly one of",
        "",
    ),
    ("environments/O12345AA/credential", {"passthrough": False}, "environments.O12345AA.credential", "can only be true", ""),
    (
        "environments/O12345AA/credential",
        {"oauth": {"client_id": "hours", "client_secret": "${PROFIT_TOKEN}"}, "passthrough": True},
        "environments.O12345AA.credential",
        "expected exactly one of",
        "",
    ),
    (
        "environments/O12345AA/credential",
        {"afas_token": "nonsense"},
        "environments.O12345AA.credential.afas_token",
        "holds no token",
        "XML",
    ),
    ("environments/O12345AA/credential", {"afas_token": 1234}, "environments.O12345AA.credential.afas_token", "as a number", "quote it"),
    ("environments/O12345AA/credential", {"afas_token": "${UNSET}"}, "environments.O12345AA.credential.afas_token", "UNSET is not set", ""),
    ("environments/O12345AA/credential", {"afas_token": "${bad name}"}, "environments.O12345AA.credential.afas_token", "no variable", ""),
    (
        "environments/O12345AA/credential",
        {"afas_token": {"file": "nowhere"}},
        "environments.O12345AA.credential.afas_token.file",
        "the file can't be read: No such file",
        "",
    ),
    ("tls", {"certificate": "x"}, "tls.key", "is missing", ""),
    ("tls", {**TLS, "client_certificate": "required"}, "tls", "needs `client_ca`", "name the file"),
    ("tls", {**TLS, "client_ca": "x"}, "tls", "clients are not asked for certificates", "`client_certificate: optional`"),
    ("tls", {**TLS, "client_certificate": "on"}, "tls.client_certificate", "expected one of off, optional, required", ""),
    ("tls", {**TLS, "minimum": 1.1}, "tls.minimum", "expected one of 1.2, 1.3", ""),
    ("client_certificate_header", "X-SSL-Cert", "client_certificate_header", "expected one of Client-Cert", ""),
    (f"{HOURS}/client_certificate", {}, "app_connectors.hours.client_certificate", "names no certificate", "take the key out"),
    (f"{HOURS}/client_certificate", {"sha256": []}, "app_connectors.hours.client_certificate", "names no certificate", ""),
    (
        f"{HOURS}/client_certificate",
        {"sha256": ["AB:CD"]},
        "app_connectors.hours.client_certificate.sha256[0]",
        "is not a SHA-256",
        "`openssl x509 -noout -fingerprint -sha256 -in FILE`",
    ),
    (
        f"{HOURS}/client_certificate",
        {"dns_names": ["*.example"]},
        "app_connectors.hours.client_certificate.dns_names[0]",
        "names are compared whole",
        "",
    ),
    ("environments/O12345AA/ca_file", "nowhere", "environments.O12345AA.ca_file", "the file can't be read: No such file", ""),
    ("environments/O12345AA/ca_file", "config.yaml", "environments.O12345AA.ca_file", "holds no certificates", ""),
    ("listen", "${HOST}:80", "listen", "the environment variable HOST is not set", "set HOST"),
    ("groups/consultancy", "everybody", "groups.consultancy", "expected one of all", ""),
    ("groups/consultancy", [1001], "groups.consultancy[0]", "`1001` is read by YAML as a number", 'quote it: "1001"'),
    ("groups/consultancy", [True], "groups.consultancy[0]", "`true` is read by YAML as a boolean", 'quote it: "true"'),
    ("groups/consultancy", {"j.devries": 1}, "groups.consultancy", "expected a list", ""),
    ("groups/everyone", ["j.devries"], "groups.everyone", "is the built-in group of all users", "write `everyone: all`"),
    ("users/j.devries/applications", "pocket", "users.j.devries.applications", "expected a list", ""),
    ("users/j.devries/blocked", "no", "users.j.devries.blocked", "expected true or false, without quotes", ""),
    ("users/j.devries", ["x"], "users.j.devries", "expected keys and values", ""),
    ("users/j.devries/attributes", {"d": {"x": 1}}, "users.j.devries.attributes.d", "expected a single value", ""),
    ("users/ x", {}, "users. x", "a name can't be empty, begin or end with a space", ""),
    (f"{HOURS}/environment", "O12345AB", "app_connectors.hours.environment", "there is no environment `O12345AB`", "`O12345AA`?"),
    (f"{HOURS}/environment", None, "app_connectors.hours.environment", "is missing", ""),
    (f"{HOURS}/group", "consultency", "app_connectors.hours.group", "there is no group `consultency`", "did you mean `consultancy`?"),
    (f"{HOURS}/group", None, "app_connectors.hours.group", "is missing", ""),
    (f"{HOURS}/blocked", 0, "app_connectors.hours.blocked", "expected true or false", ""),
    (f"{HOURS}/valid_from", "soon", "app_connectors.hours.valid_from", "expected a date or a moment", "such as 2027-01-01"),
    (f"{HOURS}/valid_from", 2027, "app_connectors.hours.valid_from", "expected a date or a moment", ""),
    (f"{HOURS}/get_connectors", ["a/../b"], "app_connectors.hours.get_connectors[0]", "is not the name of a connector", ""),
    (f"{HOURS}/get_connectors", ["A", "a"], "app_connectors.hours.get_connectors[1]", "`a` and `A` are the same connector", "one way"),
    (
        f"{HOURS}/unfiltered_get_connectors",
        ["PROFIT_HOURS"],
        "app_connectors.hours.unfiltered_get_connectors[0]",
        "`PROFIT_HOURS` and `Profit_Hours` are the same",
        "",
    ),
    (f"{HOURS}/update_connectors", {"A": [], "a": []}, "app_connectors.hours.update_connectors.a", "are the same connector", ""),
    (f"{HOURS}/update_connectors", {"A": ["upsert"]}, "app_connectors.hours.update_connectors.A[0]", "expected one of insert", "`insert`?"),
    (f"{HOURS}/update_connectors", ["A"], "app_connectors.hours.update_connectors", "expected keys and values", ""),
    (f"{HOURS}/special_connectors", ["files"], "app_connectors.hours.special_connectors[0]", "expected one of subject", "`file`?"),
    (f"{HOURS}/ip", {"allow": ["192.0.2.0/33"]}, "app_connectors.hours.ip.allow[0]", "is not an address or network", "such as"),
    (f"{HOURS}/ip", {"deny": [10]}, "app_connectors.hours.ip.deny[0]", "read by YAML as a number", "quote it"),
    (f"{HOURS}/ip", {"alow": []}, "app_connectors.hours.ip.alow", "is not a key", "did you mean `allow`?"),
    (f"{HOURS}/tokens", [{**TOKEN, "sha256": "abc"}], "app_connectors.hours.tokens[0].sha256", "is not a SHA-256", "sidecar token new"),
    (f"{HOURS}/tokens", [{**TOKEN, "sha256": int("1" * 64)}], "app_connectors.hours.tokens[0].sha256", "as a number", "quote it"),
    (f"{HOURS}/tokens", [{**TOKEN, "user": 1001}], "app_connectors.hours.tokens[0].user", "`1001` is read by YAML as a number", "quote"),
    (f"{HOURS}/tokens", [{"user": "j.devries"}], "app_connectors.hours.tokens[0].sha256", "is missing", ""),
    ("tokens", [{**TOKEN, "app_connector": "hours"}], "app_connectors.hours.tokens[0]", "the same token stands in", "keep one"),
    ("tokens", [TOKEN], "tokens[0].app_connector", "is missing", ""),
    (
        "filter_types/department/filters",
        {"consultants": "everything"},
        "filter_types.department.filters.consultants",
        "no group",
        "did you",
    ),
    ("filter_types/department/filters", {"app": "department ="}, "filter_types.department.filters.app", "not a boolean expression", ""),
    ("filter_types/department/filters", {"app": "sleep(1)"}, "filter_types.department.filters.app", "not part of the language", "known"),
    ("filter_types/department/filters", {"app": True}, "filter_types.department.filters.app", "read by YAML as a boolean", "quote it"),
    (
        "filter_types/department/filters",
        {"app": "departement = 'a'"},
        "filter_types.department.fields.Profit_Hours",
        "maps no field `departement`, which the filter of group `app` uses",
        "did you mean `department`?",
    ),
    (
        "filter_types/department/filters",
        {"consultancy": "department = @user.departments"},
        "users.j.devries.attributes.departments",
        "is a list, but the filter of group `consultancy` in filter type `department`",
        "in @user.departments",
    ),
    (
        "filter_types/department/fields",
        {"Profit_Hours": {"department": "a,b"}},
        "filter_types.department.fields.Profit_Hours.department",
        "can't be the id of a field",
        "metainfo",
    ),
    (
        "filter_types/department/fields",
        {"Profit_Hours": {"department": "x"}, "profit_hours": {"department": "y"}},
        "filter_types.department.fields.profit_hours",
        "are the same connector",
        "",
    ),
    ("limits/head", "16 KB", "limits.head", "expected a whole number", ""),
    ("limits/head", 10, "limits.head", "expected at least 1024", ""),
    ("limits/body", True, "limits.body", "expected a whole number", ""),
    ("timeouts/connect", 0, "timeouts.connect", "expected more than 0", ""),
    ("timeouts/idle", float("inf"), "timeouts.idle", "expected a number", ""),
    ("timeouts/idle", "60", "timeouts.idle", "expected a number", ""),
    ("include", "tokens.yaml", "include", "expected a list", ""),
    ("include", [12], "include[0]", "read by YAML as a number", "quote it"),
]


@pytest.mark.parametrize(("path", "value", "where", "message", "remedy"), ERRORS)
def test_an_error_has_its_place_and_its_remedy(tmp_path: Path, path: str, value: Any, where: str, message: str, remedy: str) -> None:
    loaded = load_content(tmp_path, bent(path, value))
    errors = [problem for problem in loaded.problems if problem.severity == "error"]
    (problem,) = [problem for problem in errors if problem.path == where]
    assert [problem] == errors
    assert message in problem.message or message in problem.remedy
    assert remedy in problem.remedy or remedy in problem.message
    assert problem.line > 0
    assert loaded.snapshot is None
    assert loaded.settings is None


def test_the_line_is_that_of_the_key(tmp_path: Path) -> None:
    text = "users:\n  j.devries:\n    email: x\n    aplications:\n      - pocket\n" + ENVIRONMENT
    (problem,) = load_text(tmp_path, text).problems
    assert str(problem) == (
        f"{tmp_path / 'config.yaml'}:4: error: users.j.devries.aplications: is not a key of this part (did you mean `applications`?)"
    )


def test_all_kinds_of_problems_are_told_at_once(tmp_path: Path) -> None:
    content = bent("listen", "${UNSET}")
    content["users"]["m.jansen"]["blocked"] = "maybe"
    content["app_connectors"]["hours"]["group"] = "consultency"
    content["filter_types"]["department"]["filters"]["app"] = "x ="
    content["environments"]["O12345AA"]["credential"] = {"afas_token": {"file": "nowhere"}}
    errors = {problem.path for problem in load_content(tmp_path, content).problems if problem.severity == "error"}
    assert errors == {
        "listen",
        "users.m.jansen.blocked",
        "app_connectors.hours.group",
        "filter_types.department.filters.app",
        "environments.O12345AA.credential.afas_token.file",
    }


def test_what_is_wrong_with_one_part_is_not_complained_of_where_others_refer_to_it(tmp_path: Path) -> None:
    content = bent("users/j.devries/email", ["x"])
    content["environments"]["O12345AA"]["rest"] = "nonsense"
    problems = load_content(tmp_path, content).problems
    assert [problem.path for problem in problems] == ["environments.O12345AA.rest", "users.j.devries.email"]


def test_a_truncated_file_is_no_configuration(tmp_path: Path) -> None:
    for text in ("", "# nothing\n", "environments:\n"):
        (problem,) = load_text(tmp_path, text).problems
        assert problem.message == "is missing: there is no backend"
        assert problem.prevents_loading


def test_a_key_without_a_value_counts_as_absent(tmp_path: Path) -> None:
    loaded = load_text(
        tmp_path, "listen:\ntokens:\nusers:\n  x: {email: , attributes: {department: ~}}\ntimeouts:\n  idle:\n" + ENVIRONMENT
    )
    assert loaded.settings is not None
    assert loaded.settings.listen == "127.0.0.1:8080"
    assert loaded.settings.users["x"].attributes == {}


EMPTIED = [
    ("users/j.devries/blocked", "users.j.devries.blocked"),
    (f"{HOURS}/valid_from", "app_connectors.hours.valid_from"),
    (f"{HOURS}/valid_until", "app_connectors.hours.valid_until"),
    (f"{HOURS}/row_guard", "app_connectors.hours.row_guard"),
    (f"{HOURS}/ip", "app_connectors.hours.ip"),
    (f"{HOURS}/ip/allow", "app_connectors.hours.ip.allow"),
    (f"{HOURS}/client_certificate", "app_connectors.hours.client_certificate"),
    ("tls", "tls"),
    ("admin/tls", "admin.tls"),
    (f"{HOURS}/ip/deny", "app_connectors.hours.ip.deny"),
]


@pytest.mark.parametrize(("path", "where"), EMPTIED)
def test_a_key_that_narrows_rights_is_not_taken_for_absent_where_its_value_is_missing(tmp_path: Path, path: str, where: str) -> None:
    content = bent(path, "x")
    *steps, last = path.split("/")
    part: Any = content
    for step in steps:
        part = part[step]
    part[last] = None
    _is_emptied(load_content(tmp_path, content), where)


def test_a_list_of_no_addresses_does_not_let_everybody_in(tmp_path: Path) -> None:
    _is_emptied(load_content(tmp_path, bent(f"{HOURS}/ip", {"allow": []})), "app_connectors.hours.ip.allow")
    assert load_content(tmp_path, bent(f"{HOURS}/ip", {"deny": []})).snapshot is not None


@pytest.mark.parametrize(
    ("path", "more", "where"),
    [("tokens", {"app_connector": "hours"}, "tokens[0].expires"), (f"{HOURS}/tokens", {}, "app_connectors.hours.tokens[0].expires")],
)
def test_a_token_does_not_live_for_ever_for_want_of_a_date(tmp_path: Path, path: str, more: dict[str, str], where: str) -> None:
    _is_emptied(load_content(tmp_path, bent(path, [{**TOKEN, "sha256": "cd" * 32, **more, "expires": None}])), where)


def _is_emptied(loaded: Loaded, where: str) -> None:
    (problem,) = [problem for problem in loaded.problems if problem.severity == "error"]
    assert (problem.path, problem.message) == (where, "has nothing behind it, and would restrict nothing")
    assert loaded.snapshot is None


@pytest.mark.parametrize(
    ("value", "path", "message"),
    [
        ("[Medewerker]", "users.j.devries.attributes.d", "the backend could take a text in brackets for a tag"),
        ("", "users.j.devries.attributes.d", "an empty value, or one with space around it"),
        (["a", " b"], "users.j.devries.attributes.d[1]", "an empty value, or one with space around it"),
    ],
)
def test_one_users_unsayable_attribute_is_told_but_locks_nobody_out(tmp_path: Path, value: object, path: str, message: str) -> None:
    loaded = load_content(tmp_path, bent("users/j.devries/attributes", {"d": value}))
    (problem,) = (problem for problem in loaded.problems if problem.severity == "error")
    assert (problem.path, problem.fatal) == (path, False)
    assert problem.message.startswith(message)
    assert "comparisons with it hold for no row" in problem.message
    assert loaded.snapshot is not None
