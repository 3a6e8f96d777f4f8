"""Who may administer: whoever shows a key of which the configuration has the hash."""

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hmac import compare_digest

from sidecar.settings.admin import AdminKey

_BEARER = re.compile(r"[Bb][Ee][Aa][Rr][Ee][Rr] +([0-9A-Fa-f]{64}) *")
_WINDOW = 60.0
MOST_FAILURES = 30


@dataclass(frozen=True, slots=True)
class Holder:
    """Who has a key, by the name that it goes by in the configuration."""

    name: str
    read_only: bool

    @property
    def who(self) -> str:
        """As the audit tells it."""
        return f"api:{self.name}"


def holder_of(authorization: Sequence[str], keys: Mapping[str, AdminKey]) -> Holder | None:
    """Whose key this is; None for anything but exactly one key that is known.

    Only keys of the form that `sidecar admin key` makes are taken, so that nobody's own password is one. Every hash is compared, whole, so
    that the time tells nothing of which one it nearly was.

    :param authorization: the values of all such header fields.
    """
    match = _BEARER.fullmatch(authorization[0]) if len(authorization) == 1 else None
    if match is None:
        return None
    digest = hashlib.sha256(match[1].encode("ascii")).digest()
    found = None
    for name, key in keys.items():
        if compare_digest(bytes.fromhex(key.sha256), digest):
            found = Holder(name, key.read_only)
    return found


class FailedTries:
    """Counts tries with a wrong key or none, so that a flood of them is neither answered at length nor logged line by line.

    A key can't be guessed (256 bits left to chance), and whoever has one is let in whatever strangers do.
    """

    def __init__(self, clock: Callable[[], float], most: int = MOST_FAILURES) -> None:
        self._clock = clock
        self._most = most
        self._since = clock()
        self._count = 0

    def add(self) -> int:
        """One more; tells how many there have been within a minute."""
        now = self._clock()
        if now - self._since >= _WINDOW:
            self._since, self._count = now, 0
        self._count += 1
        return self._count

    @property
    def too_many(self) -> bool:
        """Whether further ones of this minute are told to wait."""
        return self._count > self._most

    @property
    def seconds(self) -> int:
        """Until the minute is over."""
        return max(1, round(_WINDOW - (self._clock() - self._since)))
