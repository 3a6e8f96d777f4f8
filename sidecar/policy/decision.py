"""What comes out of deciding: allow, with the rows, or deny, with a reason."""

from dataclasses import dataclass

from sidecar.errors import Reason
from sidecar.filters.predicate import Predicate


@dataclass(frozen=True, slots=True)
class Grant:
    """One filter of one group, as it contributed to a filter type's rows."""

    group: str
    where: str
    predicate: Predicate


@dataclass(frozen=True, slots=True)
class TypeRows:
    """The rows that one filter type lets a user see: the union of his groups' grants, none if there is none."""

    filter_type: str
    grants: tuple[Grant, ...]
    predicate: Predicate


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of one GetConnector that a user may see: all filter types must hold."""

    by_type: tuple[TypeRows, ...]
    predicate: Predicate


@dataclass(frozen=True, slots=True)
class Claim:
    """What must be true before something is fetched by its id: among the rows of a GetConnector that the user may see is one with these
    ids in these fields."""

    get_connector: str
    ids: tuple[tuple[str, str], ...]  # field and id; the thing's own first
    rows: Rows


@dataclass(frozen=True, slots=True)
class Allow:
    """The call may be forwarded, to the connector of this canonical name; rows only as `rows` admits (None: the call has no rows).

    With a `claim`, not before the backend has confirmed it, and then with the ids as it spells them.
    """

    connector: str = ""
    rows: Rows | None = None
    claim: Claim | None = None


@dataclass(frozen=True, slots=True)
class Deny:
    """The call is refused."""

    reason: Reason
    detail: str = ""


Decision = Allow | Deny
