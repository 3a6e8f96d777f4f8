"""When two e-mail addresses are the same one: pure, and the same for Python and for both databases, whatever their language settings."""

from collections.abc import Iterable

from sidecar.policy.model import User

_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}


def folded(address: str) -> str:
    """The address with A to Z in lower case; two addresses are the same if these are.

    No other letter has a second form. Unicode's own rules make a k of the Kelvin sign, an s of the long one and ss of an ß, so that whoever
    gets himself such an address somewhere could be taken for another; and no database knows them by itself.
    """
    return address.translate(_LOWER)


def names_by_email(users: Iterable[User]) -> dict[str, str | None]:
    """The name of each user by his address, folded. An address that two users share names neither: it is there with None."""
    names: dict[str, str | None] = {}
    for user in users:
        if user.email:
            address = folded(user.email)
            names[address] = None if address in names else user.name
    return names
