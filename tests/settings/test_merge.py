"""Several files make one configuration, whichever way it is cut; nothing but tokens may stand in two of them."""

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from sidecar.settings.document import parse
from sidecar.settings.merge import merge
from sidecar.settings.tree import plain
from sidecar.store.file import load
from tests.settings.sample import ENVIRON, ENVIRONMENT, NOW, SAMPLE, SHA256

_KEYS = st.sampled_from(["a", "b", "c", "d"])
_CONTENT = st.recursive(
    st.text("xyz", min_size=1, max_size=3) | st.lists(st.text("xyz", min_size=1, max_size=2), max_size=3),
    lambda values: st.dictionaries(_KEYS, values, max_size=4),
    max_leaves=12,
)
_CONFIGURATION = st.fixed_dictionaries(
    {}, optional={"users": st.dictionaries(_KEYS, _CONTENT), "listen": st.just("x:1"), "tokens": st.lists(st.text("xyz", min_size=1))}
)


def _cut(content: dict[str, Any], draw: st.DrawFn, *, top: bool) -> tuple[dict[str, Any], dict[str, Any]]:
    """The content in two parts, cut at any key at any depth, and within the list of tokens."""
    one: dict[str, Any] = {}
    other: dict[str, Any] = {}
    for key, value in content.items():
        choice = draw(st.sampled_from(["one", "other", "both"]))
        if choice == "both" and isinstance(value, dict):
            one[key], other[key] = _cut(value, draw, top=False)
        elif choice == "both" and top and key == "tokens":
            at = draw(st.integers(0, len(value)))
            one[key], other[key] = value[:at], value[at:]
        else:
            (other if choice == "other" else one)[key] = value
    return one, other


@st.composite
def _cut_configurations(draw: st.DrawFn) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    whole = draw(_CONFIGURATION)
    one, other = _cut(whole, draw, top=True)
    return whole, [one, other]


def _tree(content: dict[str, Any], file: str) -> Any:
    root = parse(yaml.safe_dump(content), file).root
    assert root is not None
    return root


def _without_empty(content: Any) -> Any:
    return {key: _without_empty(value) for key, value in content.items() if value not in ({}, [])} if isinstance(content, dict) else content


@given(_cut_configurations())
def test_the_parts_of_a_configuration_merge_to_the_whole(cut: tuple[dict[str, Any], list[dict[str, Any]]]) -> None:
    whole, parts = cut
    merged, problems = merge([_tree(part, f"{number}.yaml") for number, part in enumerate(parts)])
    assert problems == []
    assert _without_empty(plain(merged)) == _without_empty(whole)


@given(_CONFIGURATION)
def test_everything_that_stands_in_two_files_is_an_error_in_both_places(content: dict[str, Any]) -> None:
    def leaves(value: Any, path: tuple[str, ...]) -> list[str]:
        if isinstance(value, dict):
            return [leaf for key, item in value.items() for leaf in leaves(item, (*path, key))]
        return [] if path == ("tokens",) else [".".join(path)]

    _, problems = merge([_tree(content, "one.yaml"), _tree(content, "other.yaml")])
    assert sorted(problem.path for problem in problems) == sorted(leaves(content, ()))
    for problem in problems:
        assert problem.file == "other.yaml"
        assert problem.message.startswith(f"already stands in one.yaml:{problem.line}")


def _write(folder: Path, **files: Any) -> Path:
    for name, content in files.items():
        (folder / f"{name}.yaml").write_text(content if isinstance(content, str) else yaml.safe_dump(content))
    return folder / "config.yaml"


def test_tokens_stand_in_a_file_apart(tmp_path: Path) -> None:
    content = copy.deepcopy(SAMPLE)
    tokens = content["app_connectors"]["hours"].pop("tokens")
    apart = {"tokens": [{**tokens[0], "app_connector": "hours"}]}
    config = _write(tmp_path, config={**content, "include": ["tokens.yaml"]}, tokens=apart)
    loaded = load([config], ENVIRON, NOW)
    assert loaded.snapshot is not None
    assert list(loaded.snapshot.policy.tokens) == [bytes.fromhex(SHA256)]
    assert loaded.files == (config, tmp_path / "tokens.yaml")


def test_tokens_of_several_files_are_all_there_and_each_problem_names_its_own_file(tmp_path: Path) -> None:
    def token(number: int, user: str = "j.devries") -> dict[str, str]:
        return {"app_connector": "hours", "user": user, "description": f"{number}", "sha256": f"{number:064x}"}

    config = _write(
        tmp_path,
        config={**SAMPLE, "include": ["one.yaml", "two.yaml"]},
        one={"tokens": [token(1), token(2)]},
        two={"tokens": [token(3), token(4, "j.devreis")]},
    )
    loaded = load([config], ENVIRON, NOW)
    assert loaded.snapshot is not None
    assert len(loaded.snapshot.policy.tokens) == 5
    (problem,) = loaded.problems
    assert (Path(problem.file).name, problem.path) == ("two.yaml", "tokens[1].user")
    assert problem.remedy == "did you mean `j.devries`?"


def test_the_same_key_in_two_files_names_both_places(tmp_path: Path) -> None:
    _write(tmp_path, config=f"listen: 127.0.0.1:1\n{ENVIRONMENT}", more="# a comment\nlisten: 127.0.0.1:1\n")
    loaded = load([tmp_path / "config.yaml", tmp_path / "more.yaml"], {}, NOW)
    assert [str(problem) for problem in loaded.problems] == [
        f"{tmp_path}/more.yaml:2: error: listen: already stands in {tmp_path}/config.yaml:1 (keep it in one of the files)"
    ]


@pytest.mark.parametrize(
    ("config", "included", "message"),
    [
        ("include: [more.yaml]\n", "include: [other.yaml]\n", "an included file can't include others"),
        ("include: [more.yaml, more.yaml]\n", "", "is part of the configuration already"),
        ("include: [config.yaml]\n", "", "is part of the configuration already"),
        ("include: [nowhere.yaml]\n", "", "the included file"),
        ("include: [more.yaml]\n", "a: [\n", "the included file"),
    ],
)
def test_an_include_that_can_not_be_followed_is_an_error_where_it_stands(tmp_path: Path, config: str, included: str, message: str) -> None:
    _write(tmp_path, config=config, more=included)
    problems = load([tmp_path / "config.yaml"], {}, NOW).problems
    (problem,) = [problem for problem in problems if problem.path == "include"]
    assert problem.line == 1
    assert message in problem.message


def test_a_file_that_is_missing_is_watched_all_the_same(tmp_path: Path) -> None:
    config = _write(tmp_path, config="include: [tokens.yaml]\n")
    assert load([config], {}, NOW).files == (config, tmp_path / "tokens.yaml")
