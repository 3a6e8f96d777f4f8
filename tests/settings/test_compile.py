"""From settings to policy: who is in which group, what guards a GetConnector, which token opens what."""

from pathlib import Path
from typing import Any

import pytest

from sidecar.dialects.call import Action, GetRows, Special
from sidecar.errors import Reason
from sidecar.identity.identify import identify
from sidecar.identity.user_token import authorization_for, digest_of
from sidecar.policy.decide import decide
from sidecar.policy.decision import Allow, Deny
from sidecar.policy.model import Caller, CertificateRule, Policy
from tests.settings.sample import NOW, SECRET, SHA256, bent, load_content


def _policy(folder: Path, content: dict[str, Any]) -> Policy:
    loaded = load_content(folder, content)
    assert loaded.snapshot is not None, loaded.problems
    return loaded.snapshot.policy


def test_a_user_is_in_the_groups_that_name_him_and_in_those_of_everyone(tmp_path: Path) -> None:
    policy = _policy(tmp_path, bent("groups/staff", "all"))
    assert policy.users["j.devries"].groups == {"everyone", "staff", "consultancy", "app"}
    assert policy.users["m.jansen"].groups == {"everyone", "staff", "management", "app"}


def test_everyone_exists_whether_it_is_written_or_not(tmp_path: Path) -> None:
    for content in (bent("app_connectors/hours/group", "everyone"), bent("groups/everyone", "all")):
        assert all("everyone" in user.groups for user in _policy(tmp_path, content).users.values())


def test_every_filter_type_guards_the_connectors_that_its_fields_name_whatever_their_letter_case(tmp_path: Path) -> None:
    content = bent("filter_types/administration", {"fields": {"PROFIT_hours": {"adm": "Admin"}}, "filters": {"app": "adm = 1"}})
    connector = _policy(tmp_path, content).app_connectors["hours"].get_connectors["profit_hours"]
    assert connector.name == "Profit_Hours"
    assert connector.filter_types == ("administration", "department")
    assert not connector.unfiltered


def test_a_listed_connector_is_unfiltered_only_if_it_is_named_so_and_nothing_guards_it(tmp_path: Path) -> None:
    content = bent("app_connectors/hours/unfiltered_get_connectors", ["Profit_Countries", "Profit_Hours"])
    content["app_connectors"]["hours"]["get_connectors"].append("Profit_Forgotten")
    connectors = _policy(tmp_path, content).app_connectors["hours"].get_connectors
    assert {name: (each.unfiltered, each.guarded) for name, each in connectors.items()} == {
        "profit_hours": (False, True),
        "profit_countries": (True, True),
        "profit_forgotten": (False, False),
    }


def test_a_connector_that_nothing_guards_is_an_error_and_denied_but_the_rest_works(tmp_path: Path) -> None:
    loaded = load_content(tmp_path, bent("app_connectors/hours/get_connectors", ["Profit_Hours", "Profit_Forgotten"]))
    (problem,) = loaded.problems
    assert (problem.severity, problem.path, problem.fatal) == ("error", "app_connectors.hours.get_connectors[1]", False)
    assert loaded.snapshot is not None
    policy = loaded.snapshot.policy
    caller = Caller(policy.users["m.jansen"], policy.app_connectors["hours"], "")
    assert decide(policy, caller, GetRows("Profit_Forgotten"), NOW) == Deny(Reason.CONNECTOR_UNGUARDED)
    assert isinstance(decide(policy, caller, GetRows("profit_hours"), NOW), Allow)


def test_what_is_listed_of_other_connectors_is_kept(tmp_path: Path) -> None:
    content = bent("app_connectors/hours/special_connectors", ["version", "data"])
    content["app_connectors"]["hours"]["update_connectors"] = {"PtRealization": ["insert", "update"], "KnSubject": ["delete"]}
    app_connector = _policy(tmp_path, content).app_connectors["hours"]
    assert app_connector.special_connectors == {Special.VERSION: None, Special.DATA: None}
    assert {key: (each.name, set(each.actions)) for key, each in app_connector.update_connectors.items()} == {
        "ptrealization": ("PtRealization", {Action.INSERT, Action.UPDATE}),
        "knsubject": ("KnSubject", {Action.DELETE}),
    }


def test_an_app_connector_is_blocked_until_someone_says_false(tmp_path: Path) -> None:
    assert _policy(tmp_path, bent("app_connectors/hours/blocked", None)).app_connectors["hours"].blocked


def test_a_token_is_known_by_its_hash_whatever_the_hashs_letter_case(tmp_path: Path) -> None:
    digest = digest_of(SECRET)
    for spelled in (digest.hex(), digest.hex().upper()):
        tokens = [{"user": "j.devries", "description": "iPhone", "sha256": spelled}]
        caller = identify(_policy(tmp_path, bent("app_connectors/hours/tokens", tokens)), authorization_for(SECRET), "")
        assert (caller.user.name, caller.app_connector.name, caller.device) == ("j.devries", "hours", "iPhone")


def test_what_is_left_of_a_user_or_app_connector_that_was_taken_away_is_no_reason_not_to_load(tmp_path: Path) -> None:
    content = bent("users/j.devries", None)
    content["tokens"] = [{"app_connector": "gone", "user": "m.jansen", "sha256": "cd" * 32}]
    loaded = load_content(tmp_path, content)
    assert loaded.snapshot is not None
    assert list(loaded.snapshot.policy.tokens) == [bytes.fromhex(SHA256)]
    assert {(problem.severity.value, problem.path) for problem in loaded.problems} == {
        ("error", "app_connectors.hours.tokens[0].user"),
        ("error", "tokens[0].app_connector"),
        ("warning", "groups.app[0]"),
        ("warning", "groups.consultancy"),
        ("warning", "groups.consultancy[0]"),
    }


@pytest.mark.parametrize("departments", [[], ["CONS"], "CONS"])
def test_an_attribute_of_at_most_one_value_may_stand_beside_an_equals_sign(tmp_path: Path, departments: Any) -> None:
    content = bent("filter_types/department/filters/consultancy", "department = @user.departments")
    content["users"]["j.devries"]["attributes"]["departments"] = departments
    loaded = load_content(tmp_path, content)
    assert loaded.snapshot is not None
    assert len(loaded.problems) == isinstance(departments, list)


def test_certificates_are_named_in_any_spelling(tmp_path: Path) -> None:
    colons = ":".join(["AB"] * 32)
    rule = {"sha256": [colons, SHA256], "dns_names": ["Hours.Example"], "uris": ["spiffe://e/Hours"], "common_names": ["Hours App"]}
    compiled = _policy(tmp_path, bent("app_connectors/hours/client_certificate", rule)).app_connectors["hours"].client_certificate
    assert compiled == CertificateRule(
        frozenset({bytes.fromhex(SHA256)}), frozenset({"hours.example"}), frozenset({"spiffe://e/Hours"}), frozenset({"Hours App"})
    )
