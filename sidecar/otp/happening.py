"""What became of a request for a code, a redemption, a revocation or a mail: for log and metrics, never for the caller."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from sidecar.errors import Reason


class Operation(StrEnum):
    """What was tried."""

    REQUEST = "request"
    REDEEM = "redeem"
    REVOKE = "revoke"
    MAIL = "mail"


class Outcome(StrEnum):
    """How it ended, where no condition of the policy is the reason."""

    QUEUED = "queued"  # a mail is on its way
    ISSUED = "issued"
    REVOKED = "revoked"
    MAILED = "mailed"
    UNKNOWN_KEYS = "unknown_keys"
    NOT_THERE = "not_there"  # the token to revoke
    WRONG_CODE = "wrong_code"  # wrong, expired, spent, or never made
    USER_LIMIT = "user_limit"
    ADDRESS_LIMIT = "address_limit"
    MAIL_LIMIT = "mail_limit"
    OUTBOX_FULL = "outbox_full"
    MAIL_FAILED = "mail_failed"


@dataclass(frozen=True, slots=True)
class Happening:
    """One line for the log. `user` is a user of the policy or "": what a client only claims to be may be anything, even a password.

    :ivar reference: of the request, where one asked for it.
    """

    operation: Operation
    outcome: Outcome | Reason
    app_connector: str = ""
    user: str = ""
    address: str = ""
    detail: str = ""
    reference: str = ""

    def told(self) -> dict[str, str]:
        """As fields of a line."""
        return {
            "reference": self.reference,
            "operation": self.operation,
            "outcome": self.outcome,
            "app_connector": self.app_connector,
            "user": self.user,
            "client": self.address,
            "detail": self.detail,
        }


Observe = Callable[[Happening], object]
