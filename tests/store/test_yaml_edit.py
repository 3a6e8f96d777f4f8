"""Items come into and out of lists in YAML texts, and nothing else changes: a table of layouts, and a law over generated ones."""

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from sidecar.store.yaml_edit import EditError, append_item, remove_item

APPENDED = [
    ("", "tokens:\n  - NEW\n"),
    ("# nothing yet\n", "# nothing yet\ntokens:\n  - NEW\n"),
    ("a: 1", "a: 1\ntokens:\n  - NEW\n"),
    ("a: 1  # one\n# the end\n", "a: 1  # one\n# the end\ntokens:\n  - NEW\n"),
    ("tokens:\n", "tokens:\n  - NEW\n"),
    ("tokens:  # none\na: 1\n", "tokens:  # none\n  - NEW\na: 1\n"),
    ("tokens: ~\n", "tokens:\n  - NEW\n"),
    ("tokens: []\na: 1\n", "tokens:\n  - NEW\na: 1\n"),
    ("tokens: []  # none\n", "tokens:  # none\n  - NEW\n"),
    ("tokens:\n  []\na: 1\n", "tokens:\n  - NEW\na: 1\n"),
    ("tokens: [  # none\n]\n", "tokens: [  # none\nNEW]\n"),
    ("tokens:\n  - {a: 1}  # one\n\n# two\nb: 1\n", "tokens:\n  - {a: 1}  # one\n  - NEW\n\n# two\nb: 1\n"),
    ("tokens:\n- a: 1\n  b: 2\n# end\n", "tokens:\n- a: 1\n  b: 2\n- NEW\n# end\n"),
    ("tokens:\n- a: 1\n  b: |\n    text\n\nc: 1\n", "tokens:\n- a: 1\n  b: |\n    text\n- NEW\n\nc: 1\n"),
    ("tokens:\n  - a", "tokens:\n  - a\n  - NEW"),
    ("tokens: [{a: 1}]\n", "tokens: [{a: 1}, NEW]\n"),
    ("tokens: [\n  {a: 1}, # one\n]\n", "tokens: [\n  {a: 1}, # one\n  NEW\n]\n"),
    ("tokens: [\n  {a: 1} # one\n]\n", "tokens: [\n  {a: 1}, # one\n  NEW\n]\n"),
    ("{tokens: [], a: 1}\n", "{tokens: [NEW], a: 1}\n"),
    ("a: 1\r\ntokens:\r\n  - b\r\n", "a: 1\r\ntokens:\r\n  - b\r\n  - NEW\r\n"),
    ("  a: 1\n", "  a: 1\n  tokens:\n    - NEW\n"),
    ("a: '🎉é'\ntokens:\n  - '🎉'  # 🎉\nb: 1\n", "a: '🎉é'\ntokens:\n  - '🎉'  # 🎉\n  - NEW\nb: 1\n"),
]


@pytest.mark.parametrize(("before", "after"), APPENDED)
def test_an_item_is_appended_and_all_else_stays(before: str, after: str) -> None:
    assert append_item(before, "tokens", "NEW") == after
    content = yaml.safe_load(before) or {}
    assert yaml.safe_load(after) == {**content, "tokens": [*(content.get("tokens") or []), "NEW"]}


REMOVED = [
    ("tokens:\n  - a  # one\n  # about b\n  - b\n", 0, "tokens:\n  # about b\n  - b\n"),
    ("tokens:\n  - a\n  # about b\n  - b  # two\n# end\n", 1, "tokens:\n  - a\n  # about b\n# end\n"),
    ("tokens:\n- x: 1\n  # inside\n  y: 2\n- b\nc: 1\n", 0, "tokens:\n- b\nc: 1\n"),
    ("tokens:\n-\n  x: 1\n- b\n", 0, "tokens:\n- b\n"),
    ("tokens:\n  - a\nc: 1\n", 0, "tokens:\n  []\nc: 1\n"),
    ("tokens:\n- a  # one\nc: 1\n", 0, "tokens:\n  []  # one\nc: 1\n"),
    ("tokens:\n- a\n-\n- b\n", 1, "tokens:\n- a\n- b\n"),
    ("tokens:\n  - a\n  - b", 1, "tokens:\n  - a\n"),
    ("tokens: [a]\n", 0, "tokens: []\n"),
    ("tokens: [a, b, c]\n", 0, "tokens: [b, c]\n"),
    ("tokens: [a, b, c]\n", 1, "tokens: [a, c]\n"),
    ("tokens: [a, b, c]\n", 2, "tokens: [a, b]\n"),
    ("tokens: [a, b,]\n", 1, "tokens: [a,]\n"),
    ("tokens: [\n  a, # one\n  b, # two\n  c  # three\n]\n", 1, "tokens: [\n  a, # one\n  # two\n  c  # three\n]\n"),
    ("tokens: [\n  a,\n  b\n]\n", 0, "tokens: [\n  b\n]\n"),
    ("tokens: [\n  a, # one, two\n  b\n]\n", 1, "tokens: [\n  a # one, two\n]\n"),
    ("tokens:\r\n  - a\r\n  - b\r\n", 0, "tokens:\r\n  - b\r\n"),
]


@pytest.mark.parametrize(("before", "number", "after"), REMOVED)
def test_an_item_is_removed_and_all_else_stays(before: str, number: int, after: str) -> None:
    assert remove_item(before, ("tokens", number)) == after
    content = yaml.safe_load(before)
    del content["tokens"][number]
    assert yaml.safe_load(after) == content


def test_an_item_is_removed_from_a_list_at_any_depth() -> None:
    text = "app_connectors:\n  hours:\n    group: x  # a comment\n    tokens:\n    - {a: 1}\n    - {a: 2}\n"
    assert remove_item(text, ("app_connectors", "hours", "tokens", 0)) == text.replace("    - {a: 1}\n", "")


REFUSED = [
    ("tokens: &t [a]\nmore: *t\n", ("more", 0), "line 2: an alias"),
    ("tokens:\n- &x {a: 1}\n- *x\n- b\n", ("tokens", 1), "line 2: an alias"),
    ("tokens:\n- a\n", ("tokens", 1), "there is no such item"),
    ("tokens: {a: 1}\n", ("tokens", 0), "there is no such item"),
    ("tokens:\n- a\n", ("others", 0), "there is no `others`"),
]


@pytest.mark.parametrize(("text", "path", "message"), REFUSED)
def test_an_item_that_is_laid_out_too_strangely_is_left_alone(text: str, path: tuple[str | int, ...], message: str) -> None:
    with pytest.raises(EditError, match=message):
        remove_item(text, path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{a: 1}\n", "line 1: add the key `tokens`"),
        ("- a\n", "line 1: expected keys and values"),
        ("tokens: text\n", "line 1: expected a list"),
        ("x: &x [a]\ntokens: *x\n", "line 2: an alias"),
        ("tokens:\n- &x a\n- b\n- *x\n", "line 3: an alias"),
    ],
)
def test_a_text_that_has_no_room_for_an_item_is_left_alone(text: str, message: str) -> None:
    with pytest.raises(EditError, match=message):
        append_item(text, "tokens", "NEW")


_COMMENTS = st.sampled_from(["", "  # a, b ] } - c", "  # ünïcode 🎉"])
_ITEMS = st.sampled_from(
    ["{user: a, description: 'x, y'}", "'# no comment'", "[a, b]", "plain text", "{user: a,\n      description: b}", '"é🎉"']
)


@st.composite
def _texts(draw: st.DrawFn) -> tuple[str, int]:
    """A text with a list of tokens in some layout, and how many items it has."""
    items = draw(st.lists(_ITEMS, min_size=1, max_size=4))
    newline = draw(st.sampled_from(["\n", "\r\n"]))
    lines = [draw(st.sampled_from(["# first", "a: 1", "a:\n  - x"])), ""]
    layout = draw(st.sampled_from(["block", "indented", "flow", "lines"]))
    indent = "" if layout == "block" else "  "
    if layout in ("block", "indented"):
        lines.append(f"tokens:{draw(_COMMENTS)}")
        for item in items:
            lines += [f"{indent}# above"] * draw(st.integers(0, 1))
            lines.append(f"{indent}- {item}{draw(_COMMENTS)}")
    elif layout == "lines":
        comma = draw(st.sampled_from(["", ","]))
        lines.append(f"tokens: [{draw(_COMMENTS)}")
        lines += [f"    {item},{draw(_COMMENTS)}" for item in items[:-1]]
        lines += [f"    {items[-1]}{comma}{draw(_COMMENTS)}", f"  ]{draw(_COMMENTS)}"]
    else:
        lines.append(f"tokens: [{', '.join(items)}]{draw(_COMMENTS)}")
    lines += draw(st.lists(st.sampled_from(["# last", "", "z: {b: 1}"]), max_size=2, unique=True))
    text = "\n".join(lines) + draw(st.sampled_from(["", "\n"]))
    return text.replace("\n", newline), len(items)


def _comments(text: str) -> int:
    return text.count("# a, b ] } - c") + text.count("# ünïcode") + text.count("# first") + text.count("# last") + text.count("# above")


@given(_texts())
def test_to_append_an_item_and_remove_it_changes_no_meaning_and_loses_no_comment(case: tuple[str, int]) -> None:
    text, length = case
    content: dict[str, Any] = yaml.safe_load(text)
    longer = append_item(text, "tokens", "{user: new}")
    assert yaml.safe_load(longer) == {**content, "tokens": [*content["tokens"], {"user": "new"}]}
    assert _comments(longer) == _comments(text)
    shorter = remove_item(longer, ("tokens", length))
    assert yaml.safe_load(shorter) == content
    assert _comments(shorter) >= _comments(text) - 1  # one on the line of the removed item goes with it


@given(_texts(), st.data())
def test_to_remove_items_until_none_is_left_takes_exactly_them(case: tuple[str, int], data: st.DataObject) -> None:
    text, length = case
    content: dict[str, Any] = yaml.safe_load(text)
    for left in range(length, 0, -1):
        number = data.draw(st.integers(0, left - 1))
        text = remove_item(text, ("tokens", number))
        del content["tokens"][number]
        assert yaml.safe_load(text) == content
    assert yaml.safe_load(append_item(text, "tokens", "{user: new}")) == {**content, "tokens": [{"user": "new"}]}
