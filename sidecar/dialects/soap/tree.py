"""XML taken apart into a tree, strictly: what two parsers could read differently, or what makes a parser work hard, is refused.

By expat itself, one handler for each thing that XML has. It refuses a document type before a single entity is declared, so that none
is ever expanded or fetched; comments, processing instructions, versions and encodings can only be refused from this near.
"""

import re
from typing import NamedTuple
from xml.parsers import expat

WHITE_SPACE = " \t\n\r"
"""What XML takes for white space."""

_MOST_DEPTH = 48
_MOST_PARTS = 100_000  # elements, attributes, comments and CDATA sections: what costs time one by one
_MOST_ATTRIBUTES = 32
_LONGEST_ATTRIBUTE = 1_000
_LONGEST_NAME = 300
_MOST_DECLARATIONS = 64
_LONGEST_TAG = 65_536  # bytes; of a comment too
_SEPARATOR = " "
_ENCODING = re.compile("utf-?8", re.IGNORECASE)
_ENCODING_OF_A_TEXT = re.compile("utf-?8|utf-16", re.IGNORECASE)  # .NET's StringWriter says utf-16, of a text that has no bytes
_BYTE_ORDER_MARK = "\ufeff"


class UnreadableXmlError(ValueError):
    """Not XML, or XML with something in it that is not taken. The message never repeats a value."""


class Attribute(NamedTuple):
    """An attribute; `namespace` is empty where it has none."""

    namespace: str
    name: str
    value: str


class Element(NamedTuple):
    """An element with either children or text, never both: the white space between children is gone. Tuples, since there may be many."""

    namespace: str
    name: str
    attributes: tuple[Attribute, ...] = ()
    children: "tuple[Element, ...]" = ()
    text: str = ""


def read_bytes(data: bytes) -> Element:
    """The root of a document in UTF-8, perhaps with a byte order mark. The size of `data` is the caller's to bound.

    :raises UnreadableXmlError: for anything that has no single reading, or is over a bound.
    """
    return _read(_decoded(data), _ENCODING, by_namespace=True)


def read_text(text: str) -> Element:
    """The root of a document that is a value in another one.

    :raises UnreadableXmlError: as `read_bytes`.
    """
    return _read(text, _ENCODING_OF_A_TEXT, by_namespace=True)


def read_as_spelled(data: bytes) -> Element:
    """As `read_bytes`, but names keep their prefixes, and declarations of namespaces are attributes like any other.

    For documents that are written again and have prefixes in their values; nothing but well-formedness is known of these names.
    """
    return _read(_decoded(data), _ENCODING, by_namespace=False)


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8").removeprefix(_BYTE_ORDER_MARK)
    except UnicodeDecodeError:
        raise UnreadableXmlError("not UTF-8") from None


def _read(text: str, encoding: re.Pattern[str], *, by_namespace: bool) -> Element:
    if text.startswith(_BYTE_ORDER_MARK):
        raise UnreadableXmlError("a byte order mark where there should be none")
    if "\0" in text:
        # NUL as the first or second byte makes expat read UTF-16, whatever encoding it is told.
        raise UnreadableXmlError("a NUL character")
    building = _Building(encoding)
    parser = expat.ParserCreate("utf-8", _SEPARATOR if by_namespace else None)
    parser.ordered_attributes = True
    parser.buffer_text = True
    parser.XmlDeclHandler = building.declaration
    parser.StartDoctypeDeclHandler = building.document_type
    parser.ProcessingInstructionHandler = building.instruction
    parser.StartNamespaceDeclHandler = building.namespace
    parser.StartElementHandler = building.start
    parser.EndElementHandler = building.end
    parser.CharacterDataHandler = building.characters
    parser.StartCdataSectionHandler = building.start_cdata
    parser.EndCdataSectionHandler = building.end_cdata
    parser.CommentHandler = building.comment
    try:
        _feed(parser, text.encode("utf-8"))
    except expat.ExpatError as problem:
        raise UnreadableXmlError(f"not well-formed: {expat.ErrorString(problem.code)}") from None
    except UnicodeEncodeError:
        raise UnreadableXmlError("a lone surrogate") from None
    return building.root()


def _feed(parser: expat.XMLParserType, data: bytes) -> None:
    """In pieces: only at the end of a tag are its attributes counted, and until then nothing else in this program can run."""
    last = max(0, len(data) - 1) // _LONGEST_TAG * _LONGEST_TAG
    for start in range(0, last, _LONGEST_TAG):
        parser.Parse(data[start : start + _LONGEST_TAG], False)
        if parser.CurrentByteIndex < start:  # what is not complete yet began before this piece
            raise UnreadableXmlError(f"a tag or comment of more than {_LONGEST_TAG} bytes")
    parser.Parse(data[last:], True)


class _Open:
    """An element whose end has not come yet."""

    __slots__ = ("attributes", "children", "commented", "has_cdata", "name", "namespace", "texts", "written")

    def __init__(self, namespace: str, name: str, attributes: tuple[Attribute, ...]) -> None:
        self.namespace, self.name, self.attributes = namespace, name, attributes
        self.children: list[Element] = []
        self.texts: list[str] = []
        self.has_cdata = False  # some of the text stands in CDATA sections,
        self.written = False  # and some, more than white space, outside of them
        self.commented = False


class _Building:
    """The tree as it grows, and the bounds on it."""

    def __init__(self, encoding: re.Pattern[str]) -> None:
        self._encoding = encoding
        self._open: list[_Open] = []
        self._root: Element | None = None
        self._parts = 0
        self._declarations = 0
        self._in_cdata = False

    def root(self) -> Element:
        if self._root is None:
            raise UnreadableXmlError("no element")
        return self._root

    def declaration(self, version: str, encoding: str | None, _standalone: int) -> None:
        if version != "1.0":
            raise UnreadableXmlError("only XML 1.0 is taken")
        if encoding is not None and self._encoding.fullmatch(encoding) is None:
            raise UnreadableXmlError("only UTF-8 is taken")

    def document_type(self, *_: object) -> None:
        raise UnreadableXmlError("a document type is not taken")

    def instruction(self, *_: object) -> None:
        raise UnreadableXmlError("processing instructions are not taken")

    def namespace(self, _prefix: str | None, uri: str | None) -> None:
        self._declarations += 1
        if self._declarations > _MOST_DECLARATIONS or len(uri or "") > _LONGEST_NAME:
            raise UnreadableXmlError(f"more than {_MOST_DECLARATIONS} namespaces are declared, or one is too long")

    def start(self, qualified: str, spelled: list[str]) -> None:
        self._count(1 + len(spelled) // 2)
        if len(self._open) >= _MOST_DEPTH:
            raise UnreadableXmlError(f"elements nested more than {_MOST_DEPTH} deep")
        if len(spelled) > 2 * _MOST_ATTRIBUTES:
            raise UnreadableXmlError(f"an element with more than {_MOST_ATTRIBUTES} attributes")
        attributes = tuple([_attribute(name, value) for name, value in zip(spelled[::2], spelled[1::2], strict=True)])
        namespace, name = _split(qualified)
        self._open.append(_Open(namespace, name, attributes))

    def end(self, _name: str) -> None:
        done = self._open.pop()
        text = "".join(done.texts)
        if done.children:
            if done.written or done.has_cdata:
                raise UnreadableXmlError("text beside elements")
            text = ""
        elif done.commented:
            # `ad<!-- -->min` is admin, ad or min, depending on who reads it.
            raise UnreadableXmlError("a comment within a value")
        elif done.written and done.has_cdata:
            raise UnreadableXmlError("a value partly within CDATA, partly not")
        element = Element(done.namespace, done.name, done.attributes, tuple(done.children), text)
        if self._open:
            self._open[-1].children.append(element)
        else:
            self._root = element

    def characters(self, text: str) -> None:
        innermost = self._open[-1]
        innermost.texts.append(text)
        if not self._in_cdata and not innermost.written and text.strip(WHITE_SPACE):
            innermost.written = True

    def start_cdata(self) -> None:
        self._count(1)
        self._in_cdata = True
        self._open[-1].has_cdata = True

    def end_cdata(self) -> None:
        self._in_cdata = False

    def comment(self, _text: str) -> None:
        self._count(1)
        if self._open:
            self._open[-1].commented = True

    def _count(self, parts: int) -> None:
        self._parts += parts
        if self._parts > _MOST_PARTS:
            raise UnreadableXmlError(f"more than {_MOST_PARTS} elements and attributes")


def _attribute(qualified: str, value: str) -> Attribute:
    if len(value) > _LONGEST_ATTRIBUTE:
        raise UnreadableXmlError(f"an attribute of more than {_LONGEST_ATTRIBUTE} characters")
    return Attribute(*_split(qualified), value)


def _split(qualified: str) -> tuple[str, str]:
    """Namespace and local name. The name is behind the last separator: it can't hold one, whatever a namespace is called."""
    if len(qualified) > 2 * _LONGEST_NAME:
        raise UnreadableXmlError("a name that is too long")
    namespace, _, name = qualified.rpartition(_SEPARATOR)
    return namespace, name
