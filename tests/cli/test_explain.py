"""`sidecar explain` shows the decision step by step, with what the backend would be asked."""

import json
from pathlib import Path

import pytest
import trustme
from click.testing import CliRunner

from sidecar.cli import main

CONFIG = """
environments:
  O12345AA:
    rest: http://127.0.0.1:9/ProfitRestServices
    soap: http://127.0.0.1:9/ProfitServices
    credential: {afas_token: "B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0"}
groups: {consultancy: [j.devries], management: [m.jansen]}
users:
  j.devries: {email: j@example.com, applications: [pocket], attributes: {departments: [CONS, ICT]}}
  m.jansen: {email: m@example.com, applications: [insite]}
  a.new: {applications: [pocket]}
app_connectors:
  hours:
    environment: O12345AA
    group: everyone
    blocked: false
    get_connectors: [Profit_Hours]
    update_connectors: {PtRealization: [insert]}
    ip: {allow: [192.0.2.0/24]}
    special_connectors:
      file: {get_connector: Profit_Files, field: FileId}
      report: {reports: [R1]}
filter_types:
  department:
    fields: {Profit_Hours: {department: Afdeling}, Profit_Files: {department: Afdeling}}
    reports: {R1: {department: "1001"}}
    filters: {consultancy: department in @user.departments, management: everything}
"""
HOURS = "GET /ProfitRestServices/connectors/profit_hours?take=10"


@pytest.fixture
def config(tmp_path: Path) -> str:
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG)
    return str(path)


def explain(config: str, *arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["explain", "-c", config, "--app", "hours", "--address", "192.0.2.7", *arguments])
    return result.exit_code, result.output


def test_an_allowed_request_shows_whose_filter_gave_which_rows(config: str) -> None:
    code, text = explain(config, "--user", "j.devries", f"{HOURS}&filterfieldids=Datum&filtervalues=2026-01-01&operatortypes=2")
    assert code == 0
    assert text.startswith("ALLOWED")
    assert "group consultancy, where department in @user.departments: Afdeling = 'CONS' or Afdeling = 'ICT'" in text
    assert "to the backend  GET /ProfitRestServices/connectors/Profit_Hours?take=10&filterjson=" in text


def test_the_same_for_machines(config: str) -> None:
    code, text = explain(config, "--user", "m.jansen", "--json", HOURS)
    report = json.loads(text)
    assert code == 0
    assert report["allowed"] is True
    assert report["rows"] == report["asked"] == report["narrowed"] == "everything"
    assert report["forwarded"] == "GET /ProfitRestServices/connectors/Profit_Hours?take=10"
    assert all(step["holds"] for step in report["conditions"])


@pytest.mark.parametrize(
    ("user", "request_line", "reason"),
    [
        ("a.new", HOURS, "user_without_email"),
        ("j.devries", "GET /ProfitRestServices/connectors/Profit_Salaries", "connector_not_listed"),
        ("j.devries", "PUT /ProfitRestServices/connectors/PtRealization", "action_not_allowed"),
        ("j.devries", "GET /ProfitRestServices/connectors/Profit_Hours?top=1", "unknown_parameter"),
        ("j.devries", "GET /elsewhere", "unknown_path"),
    ],
)
def test_a_refused_request_names_the_reason(config: str, user: str, request_line: str, reason: str) -> None:
    code, text = explain(config, "--user", user, request_line)
    assert code == 1
    assert text.startswith("REFUSED")
    assert f"reason         {reason}: " in text
    as_json = json.loads(explain(config, "--user", user, "--json", request_line)[1])
    assert (as_json["allowed"], as_json["reason"]) == (False, reason)


FILE = f"GET /ProfitRestServices/fileconnector/{'0' * 31}A/a.pdf"


def test_a_file_shows_whose_it_must_be_and_what_the_backend_is_asked_first(config: str) -> None:
    code, text = explain(config, "--user", "j.devries", FILE)
    assert code == 0
    assert f"a row of Profit_Files with FileId = '{'0' * 31}A', among those that he may see" in text
    assert "group consultancy, where department in @user.departments: Afdeling = 'CONS' or Afdeling = 'ICT'" in text
    assert "asked first     GET /ProfitRestServices/connectors/Profit_Files?skip=0&take=1&filterjson=" in text
    assert f"to the backend  {FILE}" in text
    report = json.loads(explain(config, "--user", "m.jansen", "--json", FILE)[1])
    assert report["ownership"]["ids"] == {"FileId": "0" * 31 + "A"}
    assert len(report["ownership"]["questions"]) == 1
    assert report["rows"] == "everything"


def test_a_file_of_someone_without_rows_is_asked_for_by_nobody(config: str) -> None:
    Path(config).write_text(CONFIG.replace("a.new: {", "a.new: {email: a@example.com, "))
    code, text = explain(config, "--user", "a.new", FILE)
    assert code == 1
    assert "no group of this user has a filter here, so he sees no rows" in text
    assert "reason         file_not_owned: " in text
    assert "to the backend" not in text


def test_a_report_shows_its_filter_before_and_after(config: str) -> None:
    request_line = "GET /ProfitRestServices/reportconnector/r1?filterfieldids=1002&filtervalues=x&operatortypes=1"
    report = json.loads(explain(config, "--user", "j.devries", "--json", request_line)[1])
    assert report["asked"] == "1002 = 'x'"
    assert report["narrowed"] == "1002 = 'x' and 1001 = 'CONS' or 1002 = 'x' and 1001 = 'ICT'"
    assert report["forwarded"].startswith("GET /ProfitRestServices/reportconnector/R1?filterjson=")


def test_the_failing_condition_is_marked(config: str) -> None:
    code, text = explain(config, "--user", "j.devries", "--address", "203.0.113.1", HOURS)
    assert code == 1
    assert "FAILS  The client's address is one from which the app connector may be used" in text


def test_a_user_without_any_grant_gets_an_empty_answer_from_the_sidecar(config: str) -> None:
    path = Path(config)
    path.write_text(CONFIG.replace("groups: {consultancy: [j.devries]", "groups: {consultancy: []"))
    code, text = explain(config, "--user", "j.devries", HOURS)
    assert code == 0
    assert "no group of this user has a filter here, so he sees no rows" in text
    assert "answered with an empty list by the sidecar itself" in text


@pytest.mark.parametrize("target", ["/ProfitRestServices/connectors/Profit_Hours", "http://127.0.0.1:8080/ProfitRestServices/metainfo", ""])
def test_a_request_without_a_method_is_wrong_usage(config: str, target: str) -> None:
    code, text = explain(config, "--user", "j.devries", target)
    assert (code, "REQUEST begins with its method" in text) == (2, True)


def test_what_an_app_connector_lists_is_told_where_a_connector_is_not_listed(config: str) -> None:
    text = explain(config, "--user", "j.devries", "GET /ProfitRestServices/connectors/Profit_Hour")[1]
    assert "it lists Profit_Hours, PtRealization, file, report" in text
    assert "app connector  hours, of the group everyone, environment O12345AA, policy " in text


def test_unknown_names_are_wrong_usage_and_a_broken_file_can_not_be_read(config: str) -> None:
    assert explain(config, "--user", "nobody", HOURS)[0] == 2
    assert "there is no user `j.devris`; did you mean `j.devries`?" in explain(config, "--user", "j.devris", HOURS)[1]
    Path(config).write_text("users: [")
    assert explain(config, "--user", "j.devries", HOURS)[0] == 3


MESSAGE = """<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"><e:Body><GetData xmlns="urn:Afas.Profit.Services">
<connectorId>{}</connectorId><filtersXml>{}</filtersXml><skip>0</skip><take>10</take></GetData></e:Body></e:Envelope>"""
FILTER = '&lt;Filters&gt;&lt;Filter&gt;&lt;Field FieldId="Uren" OperatorType="2"&gt;4&lt;/Field&gt;&lt;/Filter&gt;&lt;/Filters&gt;'
SOAP = "POST /ProfitServices/AppConnectorGet.asmx"


def explain_message(config: str, tmp_path: Path, message: str, *arguments: str) -> tuple[int, str]:
    path = tmp_path / "message.xml"
    path.write_text(message)
    return explain(config, "--body", str(path), *arguments, SOAP)


def test_a_soap_message_shows_the_one_that_goes_on_without_any_credential(config: str, tmp_path: Path) -> None:
    code, text = explain_message(config, tmp_path, MESSAGE.format("profit_hours", FILTER), "--user", "j.devries", "--json")
    assert code == 0
    report = json.loads(text)
    assert report["forwarded"] == "POST /ProfitServices/AppConnectorGet.asmx"
    assert "<connectorId>Profit_Hours</connectorId>" in report["message"]
    assert report["message"].count("CONS") == report["message"].count("ICT") == 1
    assert "token" not in report["message"]
    assert "B0B0" not in text
    code, text = explain_message(config, tmp_path, MESSAGE.format("profit_hours", FILTER), "--user", "m.jansen")
    assert code == 0
    assert "to the backend  POST /ProfitServices/AppConnectorGet.asmx\nwith            <?xml" in text


def test_a_soap_message_that_is_refused_says_why(config: str, tmp_path: Path) -> None:
    code, text = explain_message(config, tmp_path, MESSAGE.format("Profit_Secret", FILTER), "--user", "m.jansen")
    assert (code, "connector_not_listed" in text) == (1, True)
    code, text = explain_message(config, tmp_path, MESSAGE.format("Profit_Hours", "x"), "--user", "m.jansen")
    assert (code, "filter_malformed" in text) == (1, True)
    code, text = explain(config, "--user", "m.jansen", SOAP)
    assert (code, "--body" in text) == (2, True)


def test_an_app_connector_in_shadow_is_told_with_what_is_forwarded_in_truth(config: str) -> None:
    path = Path(config)
    path.write_text(CONFIG.replace("blocked: false", "blocked: false\n    enforcement: shadow"))
    code, text = explain(config, "--user", "j.devries", f"{HOURS}&top=1")
    assert code == 1
    assert text.startswith("REFUSED")
    assert "SHADOW         this app connector only tells what follows" in text
    assert "GET /ProfitRestServices/connectors/profit_hours?take=10&top=1" in text
    report = json.loads(explain(config, "--user", "j.devries", "--json", HOURS)[1])
    assert report["shadow"] == {"forwarded": "GET /ProfitRestServices/connectors/Profit_Hours?take=10", "would": "narrow"}
    report = json.loads(explain(config, "--user", "j.devries", "--json", "POST /ProfitRestServices/otprequest")[1])
    assert report["shadow"] == {"forwarded": None, "reason": "unknown_path"}


def test_a_soap_message_in_shadow_is_told_with_what_is_forwarded_in_truth(config: str, tmp_path: Path) -> None:
    path = Path(config)
    path.write_text(path.read_text().replace("blocked: false", "blocked: false\n    enforcement: shadow"))
    _, text = explain_message(config, tmp_path, MESSAGE.format("Profit_Secret", FILTER), "--user", "j.devries", "--json")
    assert json.loads(text)["shadow"] == {"forwarded": "POST /ProfitServices/AppConnectorGet.asmx, GetData as it is asked"}
    _, text = explain_message(config, tmp_path, MESSAGE.format("Profit_Hours", "x"), "--user", "j.devries", "--json")
    assert json.loads(text)["shadow"] == {"forwarded": None, "reason": "filter_malformed"}


def test_a_certificate_that_the_app_connector_asks_for_can_be_given(config: str, tmp_path: Path) -> None:
    text = CONFIG.replace("    ip:", "    client_certificate: {dns_names: [hours.example]}\n    ip:")
    Path(config).write_text(text, "utf-8")
    certificate = tmp_path / "hours.pem"
    trustme.CA().issue_cert("hours.example").cert_chain_pems[0].write_to_path(str(certificate))
    assert explain(config, "--user", "j.devries", "--certificate", str(certificate), HOURS)[0] == 0
    code, output = explain(config, "--user", "j.devries", HOURS)
    assert code == 1
    assert "client_certificate_missing" in output
    certificate.write_text("none", "utf-8")
    assert explain(config, "--user", "j.devries", "--certificate", str(certificate), HOURS)[0] == 2
