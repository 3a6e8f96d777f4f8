"""Files to snapshot: what is written is what is loaded, however YAML spells it, and the version tells one meaning from another."""

import copy
import random
from pathlib import Path
from typing import Any

import pytest
import trustme
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.policy.where import why_not_literal
from sidecar.settings.model import Settings
from sidecar.store.file import Loaded, load
from tests.settings.sample import ENVIRON, NOW, SAMPLE, bent, load_content

# Words that YAML 1.1 takes for something else unless they are quoted are over-represented.
_TRICKY = st.sampled_from(
    ["no", "on", "0123", "1:30", "1e5", "1.5e+3", "0x1F", "2027-01-01", "1_000", "=", "<<", "- a", "a: b", "#x", "é", "🎉"]
)
_TEXTS = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=8)
_NAMES = (_TRICKY | _TEXTS).filter(lambda text: why_not_literal(text) is None)


@st.composite
def _configurations(draw: st.DrawFn) -> dict[str, Any]:
    users = draw(st.lists(_NAMES, min_size=1, max_size=4, unique=True))
    groups = draw(
        st.dictionaries(_NAMES.filter(lambda name: name != "everyone"), st.lists(st.sampled_from(users), unique=True), max_size=3)
    )
    values = _NAMES | st.lists(_NAMES, max_size=3)
    return {
        "environments": {"E": {"rest": "https://backend.example/rest", "credential": {"passthrough": True}}},
        "users": {user: {"email": draw(_NAMES), "attributes": draw(st.dictionaries(_NAMES, values, max_size=3))} for user in users},
        "groups": groups,
        "app_connectors": {
            name: {"environment": "E", "group": draw(st.sampled_from([*groups, "everyone"])), "description": draw(_NAMES)}
            for name in draw(st.lists(_NAMES, max_size=2, unique=True))
        },
    }


def _load(folder: Path, text: str) -> Loaded:
    file = folder / "config.yaml"
    file.write_bytes(text.encode())
    return load([file], ENVIRON, NOW)


@settings(max_examples=60)  # each writes and loads files
@given(content=_configurations(), style=st.sampled_from([None, True, False]), allow_unicode=st.booleans())
def test_what_was_dumped_is_loaded(
    tmp_path_factory: pytest.TempPathFactory, content: dict[str, Any], style: bool, allow_unicode: bool
) -> None:
    text = yaml.safe_dump(content, default_flow_style=style, allow_unicode=allow_unicode)
    loaded = _load(tmp_path_factory.getbasetemp(), text)
    assert [problem for problem in loaded.problems if problem.severity == "error"] == []
    assert loaded.settings == Settings.model_validate(content)


def _shuffled(content: Any, order: random.Random) -> Any:
    if not isinstance(content, dict):
        return content
    keys = list(content)
    order.shuffle(keys)
    return {key: _shuffled(content[key], order) for key in keys}


def _version(loaded: Loaded) -> str:
    assert loaded.snapshot is not None, loaded.problems
    return loaded.snapshot.policy.version


@settings(max_examples=60)  # each writes and loads files
@given(content=_configurations(), order=st.randoms(use_true_random=False))
def test_the_version_does_not_depend_on_how_the_files_look(
    tmp_path_factory: pytest.TempPathFactory, content: dict[str, Any], order: random.Random
) -> None:
    folder = tmp_path_factory.getbasetemp()
    plain = _version(_load(folder, yaml.safe_dump(content)))
    other = _version(_load(folder, "# a comment\n" + yaml.safe_dump(_shuffled(content, order), sort_keys=False, default_flow_style=True)))
    assert plain == other
    assert len(plain) == 12


CHANGES = [
    ("users/j.devries/email", "else@example.com"),
    ("users/j.devries/blocked", True),
    ("users/j.devries/applications", ["insite"]),
    ("users/j.devries/attributes/departments", ["CONS"]),
    ("groups/consultancy", []),
    ("app_connectors/hours/blocked", True),
    ("app_connectors/hours/valid_until", "2030-01-01"),
    ("app_connectors/hours/get_connectors", []),
    ("app_connectors/hours/unfiltered_get_connectors", []),
    ("app_connectors/hours/update_connectors/PtRealization", ["insert", "delete"]),
    ("app_connectors/hours/special_connectors", ["version"]),
    ("app_connectors/hours/ip", {"deny": ["192.0.2.1"]}),
    ("app_connectors/hours/tokens", []),
    ("app_connectors/hours/group", "management"),
    ("filter_types/department/filters/consultancy", "department not in @user.departments"),
    ("filter_types/department/filters/management", "nothing"),
    ("filter_types/department/fields/Profit_Hours/department", "Afd"),
    ("environments/O12345AA/rest", "https://other.example/ProfitRestServices"),
    ("environments/O12345AA/mixed_separators", "or_of_ands"),
    ("environments/O12345AA/credential", {"passthrough": True}),
]


def test_every_change_of_meaning_has_another_version(tmp_path: Path) -> None:
    versions = [_version(load_content(tmp_path, bent(path, value))) for path, value in CHANGES]
    versions += [_version(load_content(tmp_path, SAMPLE)), _version(load_content(tmp_path, SAMPLE, {"PROFIT_TOKEN": "1" * 64}))]
    assert len(set(versions)) == len(versions)


def test_how_a_filter_is_laid_out_is_no_change_of_meaning(tmp_path: Path) -> None:
    spaced = bent("filter_types/department/filters/consultancy", "department  IN\n  @user.departments")
    assert _version(load_content(tmp_path, spaced)) == _version(load_content(tmp_path, SAMPLE))


def test_the_content_of_a_ca_file_counts(tmp_path: Path) -> None:
    authorities = [trustme.CA(organization_name=name).cert_pem.bytes() for name in ("one", "two")]
    versions = []
    for pem in authorities:
        (tmp_path / "ca.pem").write_bytes(pem)
        loaded = load_content(tmp_path, bent("environments/O12345AA/ca_file", "ca.pem"))
        assert tmp_path / "ca.pem" in loaded.files
        assert loaded.snapshot is not None
        assert loaded.snapshot.environments["O12345AA"].ca_file == str(tmp_path / "ca.pem")
        versions.append(_version(loaded))
    assert versions[0] != versions[1]


def test_loading_has_a_snapshot_unless_there_is_a_fatal_error(tmp_path: Path) -> None:
    for content in (SAMPLE, bent("groups/consultancy", ["x"]), bent("app_connectors/hours/group", "x"), bent("listen", 1)):
        loaded = load_content(tmp_path, copy.deepcopy(content))
        fatal = any(problem.prevents_loading for problem in loaded.problems)
        assert (loaded.snapshot is None) == fatal
        assert (loaded.settings is None) == fatal
        if loaded.snapshot is not None:
            assert loaded.snapshot.loaded_at == NOW
