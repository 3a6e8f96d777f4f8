"""One YAML file to a tree: nothing but mappings, lists and scalars, each key once, every value with its line.

The events of the parser are read one by one, so that nesting and aliases are bounded whatever the file holds.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path

import yaml
from yaml import events
from yaml.constructor import SafeConstructor
from yaml.resolver import Resolver

from sidecar.settings.problem import Problem, Severity
from sidecar.settings.tree import Entry, Listing, Mapping, Node, Place, Scalar, Written

LARGEST_FILE = 64 * 1024 * 1024
_DEEPEST = 64
_MOST_ALIASED = 100_000  # nodes that all aliases together stand for: bounds "billion laughs"

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAG = "tag:yaml.org,2002:"
_OTHER_THAN_TEXT = frozenset(_TAG + kind for kind in ("bool", "int", "float", "null", "timestamp"))
_RESOLVER = Resolver()


@dataclass(frozen=True, slots=True)
class Document:
    """A file as far as it can be read. `root` is None where it can't; there is a problem then."""

    file: str
    root: Mapping | None
    problems: tuple[Problem, ...] = ()


class _UnreadableError(Exception):
    def __init__(self, line: int, message: str, remedy: str = "") -> None:
        super().__init__(line, message, remedy)
        self.line, self.message, self.remedy = line, message, remedy


def read_text(path: Path) -> str:
    """The text of a file, of bounded size; line ends as they are.

    :raises ValueError: with a message for people, when there is no such regular file of UTF-8 text, or it may not be read.
    """
    try:
        if path.exists() and not path.is_file():
            raise ValueError("is not a regular file")
        with path.open("rb") as file:
            data = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise ValueError(f"can't be read: {error.strerror}") from None
    if len(data) > LARGEST_FILE:
        raise ValueError(f"is larger than {LARGEST_FILE // 1024 // 1024} MB")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ValueError(f"is not UTF-8 text (line {line})") from None


def read_document(path: Path) -> Document:
    """The tree of a file."""
    try:
        return parse(read_text(path), str(path))
    except ValueError as error:
        return Document(str(path), None, (Problem(Severity.ERROR, str(path), 0, "", f"the file {error}"),))


def parse(text: str, file: str) -> Document:
    """The tree of a text; an empty one has no keys."""
    composer = _Composer(file)
    try:
        root = composer.document(iter(yaml.parse(text, Loader=_LOADER)))
    except _UnreadableError as error:
        composer.complain(error.line, "", error.message, error.remedy)
        root = None
    except yaml.MarkedYAMLError as error:
        root = None
        line = error.problem_mark.line if error.problem_mark else 0
        composer.complain(line + 1, "", f"not YAML: {_sentence(error)}", _syntax_remedy(text, line))
    except yaml.YAMLError as error:
        root = None
        position = getattr(error, "position", 0)
        composer.complain(text.count("\n", 0, position) + 1, "", f"not YAML: {getattr(error, 'reason', 'unreadable')}")
    return Document(file, root, tuple(composer.problems))


def _sentence(error: yaml.MarkedYAMLError) -> str:
    # Never str(error), which quotes the line, and with it what may be a secret.
    return " ".join(part for part in (error.problem, error.context) if part)


def _syntax_remedy(text: str, line: int) -> str:
    lines = text.splitlines()
    here = lines[line] if line < len(lines) else ""
    indentation = here[: len(here) - len(here.lstrip())]
    if "\t" in indentation:
        return "indent with spaces, not with tabs"
    return "quote texts that begin with : * & ! @ % ` or hold a colon followed by a space; see whether brackets and quotes are closed"


class _Composer:
    """From events to nodes; collects what can be told without giving up."""

    def __init__(self, file: str) -> None:
        self.problems: list[Problem] = []
        self._file = file
        self._anchors: dict[str, tuple[Node, int]] = {}
        self._nodes = 0
        self._aliased = 0

    def complain(self, line: int, path: str, message: str, remedy: str = "") -> None:
        self.problems.append(Problem(Severity.ERROR, self._file, line, path, message, remedy))

    def document(self, stream: Iterator[events.Event]) -> Mapping | None:
        root: Node | None = None
        for event in stream:
            if not isinstance(event, events.NodeEvent):
                continue
            if root is not None:
                raise _UnreadableError(_line(event), "a second document begins here", "leave the `---` out, or use several files")
            root = self._node(event, stream, 0)
        if root is None or (isinstance(root, Scalar) and root.is_null):
            return Mapping(Place(self._file, 1), {})
        if not isinstance(root, Mapping):
            raise _UnreadableError(root.place.line, "expected keys and values, such as `listen: 127.0.0.1:8080`")
        return root

    def _node(self, event: events.Event, stream: Iterator[events.Event], depth: int) -> Node:
        if isinstance(event, events.AliasEvent):
            return self._alias(event)
        if depth > _DEEPEST:
            raise _UnreadableError(_line(event), "nested too deeply")
        if isinstance(event, events.CollectionStartEvent):
            self._refuse_tag(event)
        before = self._nodes
        self._nodes += 1
        node: Node
        match event:
            case events.MappingStartEvent():
                node = self._mapping(event, stream, depth)
            case events.SequenceStartEvent():
                items = []
                while not isinstance(item := next(stream), events.SequenceEndEvent):
                    items.append(self._node(item, stream, depth + 1))
                node = Listing(Place(self._file, _line(event)), tuple(items))
            case _:
                node = self._scalar(event)
        anchor = getattr(event, "anchor", None)
        if anchor:
            self._anchors[anchor] = node, self._nodes - before
        return node

    def _alias(self, event: events.AliasEvent) -> Node:
        if event.anchor not in self._anchors:  # or it is within the anchor's own value
            raise _UnreadableError(_line(event), "an alias (*) to an anchor (&) that does not stand before it", "quote it if it is text")
        node, size = self._anchors[event.anchor]
        self._nodes += size
        self._aliased += size
        if self._aliased > _MOST_ALIASED:
            raise _UnreadableError(_line(event), "aliases stand for too much")
        return node

    def _mapping(self, start: events.Event, stream: Iterator[events.Event], depth: int) -> Mapping:
        entries: dict[str, Entry] = {}
        while not isinstance(event := next(stream), events.MappingEndEvent):
            line = _line(event)
            if not isinstance(event, events.ScalarEvent):
                raise _UnreadableError(line, "a key must be plain text")
            key = self._key(event)
            node = self._node(next(stream), stream, depth + 1)
            if key in entries:
                self.complain(line, key, f"the key is given twice; first on line {entries[key].place.line}", "keep one of them")
            else:
                entries[key] = Entry(Place(self._file, line), node)
        return Mapping(Place(self._file, _line(start)), entries)

    def _key(self, event: events.ScalarEvent) -> str:
        text = str(event.value)
        if event.implicit[0] and text == "<<":
            self.complain(_line(event), text, "merge keys are not part of the format", "write the keys out, or use several files")
            return text
        value = self._scalar(event).value
        if isinstance(value, Written):
            self.complain(_line(event), text, f"YAML reads this key as {value.kind}", f'quote it: "{text}"')
        return text

    def _scalar(self, event: events.Event) -> Scalar:
        assert isinstance(event, events.ScalarEvent)  # noqa: S101  the parser yields nothing else here
        place = Place(self._file, _line(event))
        if not event.implicit[0]:  # quoted, or tagged
            self._refuse_tag(event)
            return Scalar(place, event.value)
        if reads_as_text(event.value):
            return Scalar(place, event.value)
        tag = _tag_of(event.value)
        construct = SafeConstructor.yaml_constructors[tag]
        try:
            value: bool | float | date | None = construct(SafeConstructor(), yaml.ScalarNode(tag, event.value))
        except (ValueError, OverflowError):
            self.complain(place.line, "", "looks like a date or number, but is none", "quote it if it is text")
            value = None
        return Scalar(place, Written(value, event.value))

    def _refuse_tag(self, event: events.Event) -> None:
        tag = getattr(event, "tag", None)
        if tag not in (None, "!", f"{_TAG}str"):
            raise _UnreadableError(_line(event), "tags (!) are not part of the format", "quote texts that begin with an exclamation mark")


def reads_as_text(text: str) -> bool:
    """Whether this, unquoted, is a text for YAML 1.1, and not a number, a date, …"""
    return _tag_of(text) not in _OTHER_THAN_TEXT


@lru_cache(maxsize=4096)
def _tag_of(text: str) -> str:
    """What YAML 1.1 takes an unquoted scalar for. Keys and words occur again and again."""
    return str(_RESOLVER.resolve(yaml.ScalarNode, text, (True, False)))  # type: ignore[no-untyped-call]


def _line(event: events.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 0
