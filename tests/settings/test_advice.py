"""What is allowed but hardly meant: a table of configurations, each with the one warning that it deserves."""

from pathlib import Path
from typing import Any

import pytest

from tests.settings.sample import SAMPLE, SHA256, bent, load_content

TOKEN = {"user": "j.devries", "description": "iPhone", "sha256": SHA256}
HOURS = "app_connectors/hours"

WARNINGS = [
    ("admin/keys", {"console": {"sha256": SHA256}}, "admin.keys", "there is no administration API where policy is in files"),
    ("groups/empty", [], "groups.empty", "nobody is in this group"),
    ("groups/app", ["j.devries", "m.jansen", "j.devreis"], "groups.app[2]", "there is no user `j.devreis` (did you mean `j.devries`?)"),
    ("users/J.Devries", {"blocked": True}, "users.J.Devries", "differs from `j.devries` in letter case or Unicode form only; they are two"),
    (
        "groups/Consultancy",
        ["m.jansen"],
        "groups.Consultancy",
        "differs from `consultancy` in letter case or Unicode form only; they are two",
    ),
    ("users/j.devries/email", "", "app_connectors.hours.tokens[0].user", "The user is a person without an e-mail address."),
    ("users/j.devries/applications", [], "app_connectors.hours.tokens[0].user", "No application is ticked for the user."),
    ("groups/app", ["m.jansen"], "app_connectors.hours.tokens[0].user", "not a member of the app connector's user group"),
    (f"{HOURS}/tokens", [{**TOKEN, "expires": "2026-06-01"}], "app_connectors.hours.tokens[0].expires", "the token has expired"),
    (f"{HOURS}/blocked", True, "app_connectors.hours.blocked", "the app connector is blocked"),
    (f"{HOURS}/enforcement", "shadow", "app_connectors.hours.enforcement", "SHADOW: what this app asks for is forwarded as it is"),
    (f"{HOURS}/blocked", None, "app_connectors.hours", "blocked, as new ones are (write `blocked: false` when it may be used)"),
    ("client_certificate_header", "Client-Cert", "client_certificate_header", "nobody's header is believed"),
    (
        f"{HOURS}/client_certificate",
        {"sha256": [SHA256]},
        "app_connectors.hours.client_certificate",
        "no client is asked for a certificate, so all are denied (say `client_certificate: optional` under `tls`",
    ),
    (f"{HOURS}/valid_until", "2026-01-01", "app_connectors.hours.valid_until", "the app connector is no longer valid"),
    (
        f"{HOURS}/unfiltered_get_connectors",
        ["MetaInfo"],
        "app_connectors.hours.unfiltered_get_connectors[0]",
        "metainfo is no GetConnector",
    ),
    (
        f"{HOURS}/unfiltered_get_connectors",
        ["Profit_Hours"],
        "app_connectors.hours.unfiltered_get_connectors[0]",
        "is guarded by filter type `department`, which still applies",
    ),
    (
        "tokens",
        [{**TOKEN, "sha256": "cd" * 32, "app_connector": "hours"}],
        "app_connectors.hours.tokens[0].description",
        "another token of the same user for the same device stands in",
    ),
    ("environments/O12345AA/rest", "http://backend.example", "environments.O12345AA.rest", "cross the network in clear (use https)"),
    ("environments/O12345AA/soap", "http://backend.example", "environments.O12345AA.soap", "cross the network in clear (use https)"),
    ("environments/O12345AA/soap_credential", "body", "environments.O12345AA.soap_credential", "says something of SOAP, which"),
    (
        "environments/O12345AA/soap_address",
        "https://connectors.example.com/ProfitServices",
        "environments.O12345AA.soap_address",
        "says something of SOAP, which this environment does not have (add `soap`",
    ),
    (
        "filter_types/department/fields",
        {"Profit_Hours": {"department": "a"}, "Profit_Country": {"department": "a"}},
        "filter_types.department.fields.Profit_Country",
        "no app connector lists the GetConnector `Profit_Country` (did you mean `Profit_Countries`?)",
    ),
    ("filter_types/more", {"filters": {"app": "everything"}}, "filter_types.more", "guards no GetConnector"),
    (
        "filter_types/department/filters/consultancy",
        "department in @user.department",
        "filter_types.department.filters.consultancy",
        "has an attribute `department`, so its comparison holds for no row (did you mean `departments`?)",
    ),
]


@pytest.mark.parametrize(("path", "value", "where", "text"), WARNINGS)
def test_a_warning_has_its_place_and_leaves_the_policy_in_force(tmp_path: Path, path: str, value: Any, where: str, text: str) -> None:
    loaded = load_content(tmp_path, bent(path, value))
    (problem,) = loaded.problems
    assert (problem.severity, problem.path) == ("warning", where)
    assert text in str(problem)
    assert problem.line > 0
    assert loaded.snapshot is not None


def test_members_who_see_nothing_through_a_filter_type_are_warned_of(tmp_path: Path) -> None:
    content = bent("filter_types/department/filters", {"board": "everything"})
    content["groups"]["board"] = ["a.bos"]
    content["users"]["a.bos"] = {"email": "a.bos@example.com", "applications": ["insite"]}
    (problem,) = load_content(tmp_path, content).problems
    assert problem.path == "app_connectors.hours.get_connectors[0]"
    assert problem.message == "no member of group `app` sees a row of `Profit_Hours`"


def test_a_filter_type_without_filters_is_warned_of(tmp_path: Path) -> None:
    problems = load_content(tmp_path, bent("filter_types/department/filters", {})).problems
    assert [problem.path for problem in problems] == ["app_connectors.hours.get_connectors[0]", "filter_types.department"]


def test_a_period_that_never_begins_is_warned_of(tmp_path: Path) -> None:
    content = bent("app_connectors/hours/valid_from", "2028-01-01")
    content["app_connectors"]["hours"]["valid_until"] = "2027-01-01"
    (problem,) = load_content(tmp_path, content).problems
    assert problem.path == "app_connectors.hours.valid_from"


def test_a_blocked_user_who_holds_a_token_is_meant_to_be_blocked(tmp_path: Path) -> None:
    assert load_content(tmp_path, bent("users/j.devries/blocked", True)).problems == ()


def test_the_sample_deserves_no_warning(tmp_path: Path) -> None:
    assert load_content(tmp_path, SAMPLE).problems == ()


def test_suggestions_do_not_make_a_large_configuration_slow_to_load(tmp_path: Path) -> None:
    content = bent("users", SAMPLE["users"] | {f"user{number}": {} for number in range(900)})
    tokens = [{"user": f"usr{number}", "description": "x", "sha256": f"{number:064x}"} for number in range(900)]
    content["app_connectors"]["hours"]["tokens"] = tokens
    problems = load_content(tmp_path, content).problems
    assert len(problems) == 900
    assert 0 < sum(bool(problem.remedy) for problem in problems) <= 50


def test_behind_a_proxy_the_wsdl_must_be_told_its_address(tmp_path: Path) -> None:
    content = bent("trusted_proxies", ["192.0.2.1"])
    environment = content["environments"]["O12345AA"]
    environment["soap"] = "https://backend.example/ProfitServices"
    (problem,) = load_content(tmp_path, content).problems
    assert (problem.severity, problem.path) == ("warning", "environments.O12345AA.soap")
    assert "`soap_address`" in problem.remedy
    environment["soap_address"] = "https://connectors.example/ProfitServices"
    assert load_content(tmp_path, content).problems == ()


@pytest.mark.parametrize("told", ["/ProfitService", "", "/ProfitServices/AppConnectorGet.asmx"])
def test_an_address_in_the_wsdl_that_leads_elsewhere_is_warned_of(tmp_path: Path, told: str) -> None:
    content = bent("environments/O12345AA/soap", "https://backend.example/ProfitServices")
    environment = content["environments"]["O12345AA"]
    environment["soap_address"] = f"https://connectors.example.com{told}"
    (problem,) = load_content(tmp_path, content).problems
    assert (problem.severity, problem.path) == ("warning", "environments.O12345AA.soap_address")
    assert "under /ProfitServices" in problem.message
    environment["soap_address"] = "https://connectors.example.com/profitservices/"
    assert load_content(tmp_path, content).problems == ()
