"""What is wrong with a configuration: where, what, and what would be right. Never a secret, whatever was written in the wrong place."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

KeyPath = tuple[str | int, ...]
"""The keys and list positions (from 0) that lead to a place in the configuration."""

_SECRETS = re.compile(r"PHRva2Vu[A-Za-z0-9+/=_-]+|<token\b.*|[0-9A-Fa-f]{40,}|[A-Za-z0-9+=_]{60,}", re.DOTALL)


class Severity(StrEnum):
    """How bad it is. Alphabetical order is that of importance."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One problem. `path` is such as ``app_connectors.hours.tokens[0].user``; `line` counts from 1, 0 where there is none.

    An error that is not `fatal` leaves a policy that works and denies what the error is about.
    """

    severity: Severity
    file: str
    line: int
    path: str
    message: str
    remedy: str = ""
    fatal: bool = field(default=True, kw_only=True)

    def __post_init__(self) -> None:
        # A token in the place of a key or name would otherwise be quoted back.
        for name in ("path", "message", "remedy"):
            object.__setattr__(self, name, _SECRETS.sub("(hidden)", getattr(self, name)))

    @property
    def prevents_loading(self) -> bool:
        return self.severity is Severity.ERROR and self.fatal

    @property
    def place(self) -> str:
        """File and line, in the form that editors open."""
        return f"{self.file}:{self.line}" if self.line else self.file

    @property
    def statement(self) -> str:
        """What is wrong, with the key path before it."""
        return f"{self.path}: {self.message}" if self.path else self.message

    def __str__(self) -> str:
        remedy = f" ({self.remedy})" if self.remedy else ""
        return f"{self.place}: {self.severity.value}: {self.statement}{remedy}"


def path_text(path: Sequence[str | int]) -> str:
    """The path as people write it."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text
