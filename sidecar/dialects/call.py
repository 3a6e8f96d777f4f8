"""What is asked: one frozen class for each kind of call, the same for every dialect.

A call holds what the client said, parsed and not yet judged. Connector names are still in the client's letter case; the decision
brings the canonical name of the whitelist, and only that is forwarded.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from sidecar.filters.predicate import EVERYTHING, Predicate


class Action(StrEnum):
    """What an UpdateConnector may do to a record."""

    INSERT = "insert"
    UPDATE = "update"
    DELETE = "delete"


class Special(StrEnum):
    """The special connectors, by their names in the configuration."""

    SUBJECT = "subject"
    FILE = "file"
    IMAGE = "image"
    REPORT = "report"
    DATA = "data"
    VERSION = "version"


@dataclass(frozen=True, slots=True)
class Sort:
    """Order by a field."""

    field: str
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """Which stretch of the rows; None where the client left it to the backend. Both are -1 for "all rows"."""

    skip: int | None = None
    take: int | None = None


@dataclass(frozen=True, slots=True)
class GetRows:
    """Rows of a GetConnector."""

    connector: str
    filter: Predicate = EVERYTHING
    order: tuple[Sort, ...] = ()
    page: Page = Page()


@dataclass(frozen=True, slots=True)
class Keys:
    """Which record: key fields with their values, as the elements of a DELETE path name them. Equal lengths."""

    names: tuple[str, ...]
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Element:
    """One element of an UpdateConnector's path, with the key that picks a record of it where there is one."""

    name: str
    keys: Keys | None = None


@dataclass(frozen=True, slots=True)
class Update:
    """A write. `actions` holds the verb's own action and, once the body was read, those that its `@Action`s name."""

    connector: str
    verb: Action
    elements: tuple[Element, ...] = ()
    actions: frozenset[Action] = field(default_factory=frozenset)


@dataclass(frozen=True, slots=True)
class Metainfo:
    """The list of connectors that the caller may use."""


@dataclass(frozen=True, slots=True)
class DescribeGet:
    """The fields of a GetConnector."""

    connector: str


@dataclass(frozen=True, slots=True)
class DescribeUpdate:
    """The schema of an UpdateConnector."""

    connector: str


@dataclass(frozen=True, slots=True)
class ProductVersion:
    """The backend's version."""


@dataclass(frozen=True, slots=True)
class FetchFile:
    """An attachment by its GUID (32 hex characters) and stored name. The spelling on the wire is kept, because backends serve only one."""

    guid: str
    name: str
    as_query: bool = False


@dataclass(frozen=True, slots=True)
class FetchImage:
    """An image; format 0 original, 1 thumbnail, 2 medium, None for the backend's choice."""

    image: str
    format: int | None = None


@dataclass(frozen=True, slots=True)
class FetchSubjectFile:
    """An attachment of a dossier item."""

    subject: str
    file: str
    as_query: bool = False


@dataclass(frozen=True, slots=True)
class FetchSubject:
    """The attachments of a dossier item, all of them: what they are, or also what they hold. Only SOAP has it."""

    subject: str
    with_data: bool


@dataclass(frozen=True, slots=True)
class RunReport:
    """A report with a filter on its own field codes."""

    report: str
    filter: Predicate = EVERYTHING


@dataclass(frozen=True, slots=True)
class Preflight:
    """A browser asks which verbs and headers it may use (CORS); answered here, told to nobody."""


SpecialCall = ProductVersion | FetchFile | FetchImage | FetchSubjectFile | FetchSubject | RunReport
Call = GetRows | Update | Metainfo | DescribeGet | DescribeUpdate | SpecialCall | Preflight

SPECIAL_OF: dict[type[SpecialCall], Special] = {
    ProductVersion: Special.VERSION,
    FetchFile: Special.FILE,
    FetchImage: Special.IMAGE,
    FetchSubjectFile: Special.SUBJECT,
    FetchSubject: Special.SUBJECT,
    RunReport: Special.REPORT,
}
