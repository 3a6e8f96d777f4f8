"""What a database of policy holds of what is kept in memory: app connectors, groups and filter types. Or why that can't be known."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sidecar.settings.tree import Mapping

if TYPE_CHECKING:
    from sidecar.policy_database.revision import Revision  # brings SQLAlchemy along, which many have no use for


@dataclass(frozen=True, slots=True)
class Rights:
    """The sections as they would stand in a file, and the revision of the database at that moment.

    :ivar sections: None if a row of them can't be read.
    """

    revision: "Revision"
    sections: Mapping | None


class RightsUnknownError(Exception):
    """Says what is wrong with the database, and nothing of what was asked or answered.

    :ivar passing: it gives no answer, so that waiting may help.
    """

    def __init__(self, message: str, remedy: str, *, passing: bool) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.passing = passing
