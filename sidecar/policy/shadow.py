"""Which of Profit's conditions stay in force for an app connector in shadow, and which are only told. A pure function."""

from datetime import datetime

from sidecar.errors import Reason
from sidecar.policy.decide import CONDITIONS
from sidecar.policy.model import Caller

IN_FORCE = frozenset(
    {
        Reason.TOKEN_EXPIRED,
        Reason.JWT_EXPIRED,
        Reason.USER_BLOCKED,
        Reason.APP_CONNECTOR_BLOCKED,
        Reason.APP_CONNECTOR_NOT_YET_VALID,
        Reason.APP_CONNECTOR_EXPIRED,
    }
)
"""What somebody said in so many words, or what a date says: a revocation means the same before and after the roll-out."""


def unmet_in_shadow(caller: Caller, now: datetime) -> tuple[Reason | None, Reason | None]:
    """The first unmet condition that is in force all the same, and the first of any kind, which is to be told."""
    unmet = [reason for condition in CONDITIONS if (reason := condition(caller, now)) is not None]
    return next((reason for reason in unmet if reason in IN_FORCE), None), unmet[0] if unmet else None
