"""What comes of asking the token authority: all that its caller may learn."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Accepted:
    """The request was taken. Whether a mail goes out, only its reader learns."""


@dataclass(frozen=True, slots=True)
class Issued:
    """A new user token: 64 hexadecimal characters, shown this once."""

    data: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class NotIssued:
    """The code, the user, the keys or the moment is wrong; the caller doesn't learn which."""


@dataclass(frozen=True, slots=True)
class Throttled:
    """Too many from this address, whatever they ask: try again after so many seconds."""

    seconds: int


ACCEPTED = Accepted()
NOT_ISSUED = NotIssued()
