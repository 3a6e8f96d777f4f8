"""Add an item to a list in a YAML text, or take one out, by the positions of the parser: every other character stays as it is.

Both layouts of lists are known, block (`- item`) and flow (`[item, item]`). Whoever calls this must parse the result and compare: what
is laid out in a stranger way than foreseen then comes out as a difference, not as damage.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import yaml

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class EditError(ValueError):
    """The text can't be edited here; the message names the line."""


def append_item(text: str, key: str, item: str) -> str:
    """The text with `item`, in flow style on one line, at the end of the list under a top-level key, which is made if need be.

    :raises EditError: when the text isn't laid out for that.
    """
    newline = _newline(text)
    root = yaml.compose(text, Loader=_LOADER)
    if root is None:
        return f"{_closed(text, newline)}{key}:{newline}  - {item}{newline}"
    if not isinstance(root, yaml.MappingNode):
        raise _refused(root, "expected keys and values")
    indent = " " * root.start_mark.column
    entry = _entry(root, key)
    if entry is None and root.flow_style:
        raise _refused(root, f"add the key `{key}` with an empty list first")
    if entry is None:
        return f"{_closed(text, newline)}{indent}{key}:{newline}{indent}  - {item}{newline}"
    name, value = entry
    _refuse_aliases([name, value])
    if isinstance(value, yaml.SequenceNode) and value.value:
        _refuse_aliases(value.value)
        return _append_to_flow(text, value, item, newline) if value.flow_style else _append_to_block(text, value, item, newline)
    inside = text[value.start_mark.index : value.end_mark.index]
    is_empty = isinstance(value, yaml.SequenceNode) or inside in ("", "~", "null")
    if not is_empty or (root.flow_style and not isinstance(value, yaml.SequenceNode)):
        raise _refused(value, f"expected a list under `{key}`")
    if root.flow_style or "#" in inside:
        return _insert(text, value.end_mark.index - 1, item)
    # `tokens: []  # a comment`: the comment stays on its line, the item goes below.
    kept = text[: value.start_mark.index].rstrip(" ")
    emptied = kept + text[value.end_mark.index :]
    if kept.endswith("\n"):  # the brackets had a line of their own
        return _insert(emptied, len(kept), f"{indent}  - {item}")
    return _insert(emptied, _line_end(emptied, len(kept)), f"{newline}{indent}  - {item}")


def remove_item(text: str, path: Sequence[str | int]) -> str:
    """The text without the list item at this path. A list that had no other keeps its key, and is empty (`[]`).

    :raises EditError: when there is no such item, or it isn't laid out for that.
    """
    *keys, last = path
    number = int(last)
    node: Any = yaml.compose(text, Loader=_LOADER)
    key: Any = None
    for step in keys:
        entry = _entry(node, str(step))
        if entry is None:
            raise _refused(node, f"there is no `{step}`")
        _refuse_aliases(entry)
        key, node = entry
    if not isinstance(node, yaml.SequenceNode) or number >= len(node.value):
        raise _refused(node, "there is no such item")
    _refuse_aliases(node.value)
    if node.flow_style:
        return _remove_from_flow(text, node, number)
    return _remove_from_block(text, node, number, key.start_mark.column)


# Block style


def _append_to_block(text: str, listing: yaml.SequenceNode, item: str, newline: str) -> str:
    position = _line_end(text, _content_end(text, listing))
    return _insert(text, position, f"{newline}{' ' * listing.start_mark.column}- {item}")


def _remove_from_block(text: str, listing: yaml.SequenceNode, number: int, key_column: int) -> str:
    before = _content_end(text, listing.value[number - 1]) if number else listing.start_mark.index
    dash = _skip_blank(text, before)
    item = listing.value[number]
    start, end = _line_start(text, dash), _content_end(text, item)
    if len(listing.value) == 1:
        deeper = "  " if listing.start_mark.column <= key_column else ""
        return text[:dash] + deeper + "[]" + text[max(end, dash + 1) :]
    after = _line_end(text, max(end, dash + 1))
    return text[:start] + text[_after_newline(text, after) :]


def _content_end(text: str, node: yaml.Node) -> int:
    """Where a node's own text ends. The parser's mark of a block collection lies beyond the comments that follow it."""
    if isinstance(node, yaml.CollectionNode) and node.value and not node.flow_style:
        last = node.value[-1]
        return _content_end(text, last[1] if isinstance(last, tuple) else last)
    end = node.end_mark.index
    return node.start_mark.index + len(text[node.start_mark.index : end].rstrip())


# Flow style


def _append_to_flow(text: str, listing: yaml.SequenceNode, item: str, newline: str) -> str:
    last = listing.value[-1]
    start, end = last.start_mark.index, last.end_mark.index
    line_end = _line_end(text, end)
    on_own_line = not text[_line_start(text, start) : start].strip() and line_end < listing.end_mark.index
    if not on_own_line:
        return _insert(text, end, f", {item}")
    indent = text[_line_start(text, start) : start]
    comma = "" if text[_skip_blank(text, end)] == "," else ","
    return text[:end] + comma + text[end:line_end] + f"{newline}{indent}{item}" + text[line_end:]


def _remove_from_flow(text: str, listing: yaml.SequenceNode, number: int) -> str:
    item = listing.value[number]
    start, end = item.start_mark.index, item.end_mark.index
    following = _skip_blank(text, end)
    if text[following] == ",":
        shortened = text[:start] + text[end:following] + text[following + 1 :]
    elif number:
        preceding = _skip_blank(text, listing.value[number - 1].end_mark.index)
        shortened = text[:preceding] + text[preceding + 1 : start] + text[end:]
        start -= 1
    else:
        shortened = text[:start] + text[end:]
    line_start, line_end = _line_start(shortened, start), _line_end(shortened, start)
    if not shortened[line_start:line_end].strip():
        return shortened[:line_start] + shortened[_after_newline(shortened, line_end) :]
    head, tail = shortened[:start], shortened[start:]
    if tail.startswith("]"):
        return head.rstrip(" ") + tail
    return head + tail.removeprefix(" ") if head.endswith((" ", "[")) else shortened


# Both


def _entry(node: Any, key: str) -> tuple[yaml.Node, yaml.Node] | None:
    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    return next(((name, value) for name, value in pairs if name.value == key), None)


def _refuse_aliases(nodes: Sequence[yaml.Node]) -> None:
    """An alias is a node that lies elsewhere, and so not between its neighbours."""
    for one, next_one in pairwise(nodes):
        if not one.start_mark.index < next_one.start_mark.index:
            raise _refused(one, "an alias (*) stands here; edit it by hand")


def _refused(node: yaml.Node | None, message: str) -> EditError:
    return EditError(f"line {node.start_mark.line + 1 if node is not None else 1}: {message}")


def _insert(text: str, position: int, addition: str) -> str:
    return text[:position] + addition + text[position:]


def _newline(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _closed(text: str, newline: str) -> str:
    return text if not text or text.endswith("\n") else text + newline


def _line_start(text: str, position: int) -> int:
    return text.rfind("\n", 0, position) + 1


def _line_end(text: str, position: int) -> int:
    """Before the line's own newline."""
    end = text.find("\n", position)
    end = len(text) if end < 0 else end
    return end - 1 if end > position and text[end - 1] == "\r" else end


def _after_newline(text: str, position: int) -> int:
    end = text.find("\n", position)
    return len(text) if end < 0 else end + 1


def _skip_blank(text: str, position: int) -> int:
    """The next position that is neither space nor comment."""
    while position < len(text):
        if text[position] == "#":
            position = _line_end(text, position)
        elif not text[position].isspace():
            break
        else:
            position += 1
    return position
