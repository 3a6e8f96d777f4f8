"""What is written is read back exactly, whatever texts there are in it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.settings.document import parse
from sidecar.settings.tree import Written, plain
from sidecar.settings.writing import item_line, lines_of

_TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(
    [
        "no",
        "012",
        "1_000",
        "2027-01-01",
        "~",
        "null",
        "a: b",
        "- a",
        "#",
        "a #b",
        "'",
        '"',
        "\\",
        "{",
        "\ufffe",
        "\x85",
        "\u2028",
        "x" * 2000,
    ]
)
_VALUES = st.recursive(
    _TEXTS | st.booleans() | st.none(), lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXTS, inner, max_size=4)
)


def read(text: str) -> Any:
    document = parse(text, "config.yaml")
    assert document.root is not None, document.problems
    assert not document.problems
    return truths(plain(document.root))


def truths(value: Any) -> Any:
    match value:
        case dict():
            return {key: truths(item) for key, item in value.items()}
        case list():
            return [truths(item) for item in value]
        case Written():
            return value.value
    return value


@given(st.dictionaries(_TEXTS, _VALUES, min_size=1, max_size=4))
def test_what_is_written_is_read_back(content: dict[str, Any]) -> None:
    assert read("\n".join(line for key, value in content.items() for line in lines_of(key, value))) == content


@given(st.lists(_VALUES, min_size=1, max_size=4))
def test_items_of_a_list_are_read_back(items: list[Any]) -> None:
    assert read("\n".join(["items:", *map(item_line, items)])) == {"items": items}


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ({"users": {"j.devries": {"email": "j@example.com"}}}, 'users: {j.devries: {email: "j@example.com"}}'),
        ({"blocked": True, "name": "no"}, 'blocked: true\nname: "no"'),
        (
            {"groups": {"app": ["j.devries"] * 12}, "empty": {}},
            "groups:\n  app:\n" + "    - j.devries\n" * 12 + "empty: {}",
        ),
    ],
)
def test_people_can_read_it_too(content: dict[str, Any], text: str) -> None:
    assert "\n".join(line for key, value in content.items() for line in lines_of(key, value)) == text
