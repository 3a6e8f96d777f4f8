"""Special connectors: what can be said about who may fetch what, what lacks a rule, and what is let through."""

from pathlib import Path
from typing import Any

import pytest

from sidecar.dialects.call import FetchFile, FetchImage, FetchSubjectFile, RunReport, Special, SpecialCall
from sidecar.errors import Reason
from sidecar.policy.decide import decide
from sidecar.policy.decision import Allow, Deny
from sidecar.policy.model import Caller, GetConnector, ListedReport, OwnedRows, Policy, Reports, Unchecked
from tests.settings.sample import NOW, bent, load_content

GUID = "0f3c6c1a9b7e4d2f8a1b2c3d4e5f6071"
LISTING = "app_connectors/hours/special_connectors"
FILES = {"get_connector": "Profit_Files", "field": "FileId"}


def listing(value: Any, **guarded: dict[str, str]) -> dict[str, Any]:
    """The sample with these special connectors; filter type `department` guards further GetConnectors, and a report."""
    content = bent(LISTING, value)
    fields = content["filter_types"]["department"]["fields"]
    fields |= {name: {"department": "Afdeling"} for name in ("Profit_Files", "Profit_Dossiers")} | guarded
    content["filter_types"]["department"]["reports"] = {GUID: {"department": "1001"}}
    return content


EVERYTHING_SAID = {
    "version": None,
    "data": None,
    "subject": {"get_connector": "Profit_Dossiers", "field": "SubjectId", "file_field": "FileId"},
    "file": FILES,
    "image": "unchecked",
    "report": {"reports": [GUID.upper()], "unchecked": ["77"]},
}


def test_every_kind_gets_the_rule_that_is_written(tmp_path: Path) -> None:
    loaded = load_content(tmp_path, listing(EVERYTHING_SAID))
    assert [problem for problem in loaded.problems if problem.severity == "error"] == []
    assert loaded.snapshot is not None
    assert loaded.snapshot.policy.app_connectors["hours"].special_connectors == {
        Special.VERSION: None,
        Special.DATA: None,
        Special.SUBJECT: OwnedRows(GetConnector("Profit_Dossiers", ("department",)), "SubjectId", "FileId"),
        Special.FILE: OwnedRows(GetConnector("Profit_Files", ("department",)), "FileId"),
        Special.IMAGE: Unchecked(),
        Special.REPORT: Reports(
            {GUID.upper(): ListedReport(GUID.upper(), ("department",)), "77": ListedReport("77", unchecked=True)},
        ),
    }


CALLS: dict[str, SpecialCall] = {
    "file": FetchFile(GUID, "a.pdf"),
    "image": FetchImage("1001"),
    "subject": FetchSubjectFile("5001", "1"),
    "report": RunReport(GUID),
}
UNGUARDED_FILES = {"get_connector": "Profit_None", "field": "FileId"}
DENIED: list[tuple[Any, str, str, str]] = [
    (["file"], "file", "[0]", "nothing says who may fetch which file; all are denied (name a GetConnector and its field with the id"),
    (["version", "subject"], "subject", "[1]", "nothing says who may fetch which attachment; all are denied"),
    ({"image": None}, "image", ".image", "nothing says who may fetch which image; all are denied"),
    (["report"], "report", "[0]", "nothing says which reports may be run; all are denied (list them, {reports: […]}, or say `unchecked`)"),
    ({"report": {}}, "report", ".report", "nothing says which reports may be run; all are denied"),
    ({"report": {"reports": [GUID]}}, "report", ".report.reports[0]", f"no filter type guards the report `{GUID}`; it is denied"),
    (
        {"file": UNGUARDED_FILES},
        "file",
        ".file.get_connector",
        "no filter type guards `Profit_None`, so nothing tells whose file it is",
    ),
]


@pytest.mark.parametrize(("value", "kind", "where", "text"), DENIED)
def test_what_lacks_a_rule_is_an_error_and_denied_but_the_rest_works(tmp_path: Path, value: Any, kind: str, where: str, text: str) -> None:
    content = listing(value)
    content["filter_types"]["department"]["reports"] = {}
    loaded = load_content(tmp_path, content)
    (problem,) = [problem for problem in loaded.problems if problem.severity == "error"]
    assert (problem.path, problem.fatal) == (f"app_connectors.hours.special_connectors{where}", False)
    assert text in str(problem)
    assert loaded.snapshot is not None
    decision = decided(loaded.snapshot.policy, CALLS[kind])
    assert isinstance(decision, Deny)
    listed_reports = value["report"].get("reports") if kind == "report" and isinstance(value, dict) else [GUID]
    assert decision.reason is (Reason.SPECIAL_CONNECTOR_UNGUARDED if listed_reports else Reason.CONNECTOR_NOT_LISTED)


def decided(policy: Policy, call: SpecialCall) -> Allow | Deny:
    return decide(policy, Caller(policy.users["j.devries"], policy.app_connectors["hours"], ""), call, NOW)


WARNINGS: list[tuple[Any, str, str]] = [
    ({"file": "unchecked"}, ".file", "every member can fetch every file whose id he knows"),
    ({"subject": "unchecked"}, ".subject", "every member can fetch every attachment whose id he knows"),
    ({"report": "unchecked"}, ".report", "every member can run every report that no filter type names and whose id he knows, with all"),
    ({"report": {"unchecked": ["77"]}}, ".report.unchecked[0]", "every member can run this report, with all that it shows"),
    ({"report": {"unchecked": [GUID]}}, ".report.unchecked[0]", "is guarded by filter type `department`, which still applies"),
    ({"image": {"get_connector": "Profit_Countries", "field": "Id"}}, ".image.get_connector", "the rule keeps no image from anybody"),
    (
        {"subject": {"get_connector": "Profit_Dossiers", "field": "SubjectId"}},
        ".subject",
        "the file's id under `file_field`",
    ),
]


@pytest.mark.parametrize(("value", "where", "text"), WARNINGS)
def test_what_is_let_through_is_warned_of(tmp_path: Path, value: Any, where: str, text: str) -> None:
    loaded = load_content(tmp_path, listing(value))
    (problem,) = [problem for problem in loaded.problems if ".special_connectors" in problem.path]
    assert (problem.severity, problem.path) == ("warning", f"app_connectors.hours.special_connectors{where}")
    assert text in str(problem)
    assert loaded.snapshot is not None


def test_a_rule_through_which_nobody_sees_anything_is_warned_of(tmp_path: Path) -> None:
    content = listing({"file": FILES})
    content["filter_types"]["department"]["filters"] = {"board": "everything"}
    content["groups"]["board"] = []
    problems = load_content(tmp_path, content).problems
    assert "no member of group `app` sees a row of `Profit_Files`" in [problem.message for problem in problems]


def test_a_connector_that_only_a_rule_names_is_not_one_that_nobody_uses(tmp_path: Path) -> None:
    content = listing({"file": FILES, "report": {"reports": [GUID]}})
    del content["filter_types"]["department"]["fields"]["Profit_Dossiers"]
    assert load_content(tmp_path, content).problems == ()
    content["app_connectors"]["hours"]["special_connectors"] = ["version"]
    assert [problem.message for problem in load_content(tmp_path, content).problems] == [
        "no app connector lists the GetConnector `Profit_Files`",
        f"no app connector lists the report `{GUID}`",
    ]


WRONG: list[tuple[Any, str, str]] = [
    ({"file": "everyone"}, ".file", "expected keys and values, or the word `unchecked`"),
    ({"file": True}, ".file", "expected keys and values, or the word `unchecked`"),
    ({"file": {"get_connector": "Profit_Files"}}, ".file.field", "is missing"),
    ({"file": {**FILES, "file_field": "Id"}}, ".file.file_field", "is not a key of this part"),
    ({"files": FILES}, ".files", "is not a key of this part (did you mean `file`?)"),
    ({"version": "unchecked"}, ".version", "takes nothing behind it"),
    ({"report": {"reports": ["a b"]}}, ".report.reports[0]", "is not the id of a report"),
    ({"report": {"reports": [GUID], "unchecked": [GUID.upper()]}}, ".report.unchecked[0]", "are the same report"),
    (
        {"file": {**FILES, "get_connector": "PROFIT_HOURS"}},
        ".file.get_connector",
        "are the same connector",
    ),
]


@pytest.mark.parametrize(("value", "where", "text"), WRONG)
def test_an_error_has_its_place_and_its_remedy(tmp_path: Path, value: Any, where: str, text: str) -> None:
    loaded = load_content(tmp_path, listing(value))
    (problem,) = [problem for problem in loaded.problems if problem.severity == "error"]
    assert problem.path == f"app_connectors.hours.special_connectors{where}"
    assert text in str(problem)
    assert loaded.snapshot is None


def test_a_report_that_is_mapped_must_map_every_field_that_a_filter_uses(tmp_path: Path) -> None:
    content = listing({"report": {"reports": [GUID]}})
    content["filter_types"]["department"]["reports"] = {GUID: {"dept": "1001"}}
    (problem,) = [problem for problem in load_content(tmp_path, content).problems if problem.severity == "error"]
    assert problem.path == f"filter_types.department.reports.{GUID}"
    assert "maps no field `department`" in problem.message
