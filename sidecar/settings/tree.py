"""What YAML files say, with the place of everything: the tree between the text and the settings."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any


@dataclass(frozen=True, slots=True)
class Place:
    """A line of a file, counted from 1."""

    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Written:
    """An unquoted scalar that YAML 1.1 reads as something else than text: what it reads, and what was written."""

    value: bool | int | float | date | None = field(repr=False)  # a datetime is a date
    text: str = field(repr=False)

    @property
    def kind(self) -> str:
        """What YAML takes it for, in words."""
        match self.value:
            case None:
                return "nothing"
            case bool():
                return "a boolean"
            case int() | float():
                return "a number"
            case _:
                return "a date"


@dataclass(frozen=True, slots=True)
class Scalar:
    """A single value."""

    place: Place
    value: str | Written = field(repr=False)

    @property
    def is_null(self) -> bool:
        return isinstance(self.value, Written) and self.value.value is None


@dataclass(frozen=True, slots=True)
class Listing:
    """A list. `numbers` are the positions that its items have in their own files, where they come from several."""

    place: Place
    items: tuple["Node", ...]
    numbers: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """A key's place, and its value."""

    place: Place
    node: "Node"


@dataclass(frozen=True, slots=True)
class Mapping:
    """Keys with their values."""

    place: Place
    entries: dict[str, Entry]


Node = Scalar | Listing | Mapping


def plain(node: Node) -> Any:
    """The tree as dicts, lists, str and `Written`, without places."""
    match node:
        case Mapping():
            return {key: plain(entry.node) for key, entry in node.entries.items()}
        case Listing():
            return [plain(item) for item in node.items]
        case Scalar():
            return node.value


def tree_of(value: Any, place: Place) -> Any:
    """The tree of plain values that did not come from YAML, all of it at one place."""
    match value:
        case dict():
            return Mapping(place, {str(key): Entry(place, tree_of(item, place)) for key, item in value.items()})
        case list():
            return Listing(place, tuple(tree_of(item, place) for item in value))
        case str():
            return Scalar(place, value)
        case _:
            return Scalar(place, Written(value, json.dumps(value)))


def find(root: Node, path: Sequence[str | int]) -> Node | None:
    """The node at this path, None if there is none."""
    node: Node | None = root
    for step in path:
        match node:
            case Mapping() if isinstance(step, str) and step in node.entries:
                node = node.entries[step].node
            case Listing() if isinstance(step, int) and step < len(node.items):
                node = node.items[step]
            case _:
                return None
    return node


def locate(root: Node, path: Sequence[str | int]) -> tuple[Place, list[str | int]]:
    """The place of a path, or of the part of it that exists; and the path as its own file counts.

    The place of a value under a key is that of the key.
    """
    place, shown = root.place, list(path)
    node: Node | None = root
    for depth, step in enumerate(path):
        match node:
            case Mapping() if isinstance(step, str) and step in node.entries:
                place, node = node.entries[step].place, node.entries[step].node
            case Listing() if isinstance(step, int) and step < len(node.items):
                if node.numbers:
                    shown[depth] = node.numbers[step]
                node = node.items[step]
                place = node.place
            case _:
                break
    return place, shown
