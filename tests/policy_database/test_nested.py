"""Settings to rows and back: the same meaning, and one form for each meaning. Without a database."""

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.policy.model import Policy
from sidecar.policy_database.nested import nested_of
from sidecar.policy_database.rows import UnstorableError, left_over, rows_of
from sidecar.settings.compile import compile_policy
from sidecar.settings.model import Settings
from sidecar.settings.report import Report
from sidecar.settings.tree import Mapping, Place
from tests.policy_database.configurations import configurations, shuffled
from tests.settings.sample import SAMPLE, bent


def policy(content: dict[str, Any]) -> Policy:
    report = Report(Mapping(Place("config.yaml", 0), {}), [])
    compiled = compile_policy(Settings.model_validate(content), report)
    assert [problem for problem in report.problems if problem.severity == "error"] == []
    return compiled


def written(content: dict[str, Any]) -> dict[str, Any]:
    return nested_of(rows_of(Settings.model_validate(content)))


def otp_keys(content: dict[str, Any]) -> dict[str, Any]:
    return {name: each.otp_keys for name, each in Settings.model_validate(content).app_connectors.items()}


def with_environment(nested: dict[str, Any]) -> dict[str, Any]:
    return nested | {"environments": SAMPLE["environments"]}


@given(configurations())
def test_what_comes_out_means_what_went_in(content: dict[str, Any]) -> None:
    nested = written(content)
    assert policy(with_environment(nested)) == policy(content)
    assert left_over(Settings.model_validate(content)) == []
    assert otp_keys(nested) == otp_keys(content)  # these are no part of the policy


@given(configurations(), st.randoms(use_true_random=False))
def test_what_came_out_comes_out_again_and_the_order_of_keys_is_nothing(content: dict[str, Any], seed: random.Random) -> None:
    nested = written(content)
    assert repr(written(shuffled(nested, seed))) == repr(nested)
    assert repr(written(shuffled(content, seed))) == repr(nested)


def test_the_sample_comes_out_as_it_is_but_for_its_tokens_which_stand_apart() -> None:
    tokens = SAMPLE["app_connectors"]["hours"]["tokens"]
    apart = bent("app_connectors/hours/tokens", None) | {"tokens": [{"app_connector": "hours", **tokens[0]}]}
    assert with_environment(written(SAMPLE)) == apart


@pytest.mark.parametrize(
    ("content", "path"),
    [
        (bent("groups/app", ["j.devries", "gone", "m.jansen"]), ("groups", "app", 1)),
        (bent("app_connectors/hours/tokens", [{"user": "gone", "sha256": "0" * 64}]), ("app_connectors", "hours", "tokens", 0)),
        (bent("tokens", [{"app_connector": "gone", "user": "j.devries", "sha256": "0" * 64}]), ("tokens", 0)),
        (bent("tokens", [{"app_connector": "hours", "user": "gone", "sha256": "0" * 64}]), ("tokens", 0)),
    ],
)
def test_what_names_nobody_is_left_out_and_told(content: dict[str, Any], path: tuple[str | int, ...]) -> None:
    assert left_over(Settings.model_validate(content)) == [path]
    assert "gone" not in repr(written(content))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("users/j.devries/email", "a\0b"),
        ("users/j.devries/attributes", {"employee": "\ud800"}),
        ("users/j.devries/attributes", {"employee": ["1", "\0"]}),
        ("app_connectors/hours/description", "\udfff"),
    ],
)
def test_what_no_database_keeps_is_refused_without_repeating_it(path: str, value: Any) -> None:
    with pytest.raises(UnstorableError) as raised:
        written(bent(path, value))
    assert path.split("/")[1] in str(raised.value)
    assert str(raised.value).isprintable()
