"""A few invented users who stand for a million, as far as advice on app connectors, groups and filters asks."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from sidecar.policy.model import Policy, User


class Witnesses:
    """For each group: that somebody is in it, and who has which attribute; for each group of an app connector: with which filters."""

    def __init__(self, policy: Policy) -> None:
        self._of_apps = {each.group for each in policy.app_connectors.values()}
        self._with_filter = {group for each in policy.filter_types.values() for group in each.filters}
        self._attributes: dict[str, set[str]] = defaultdict(set)
        self._together: set[tuple[str, str]] = set()

    def hear(self, users: Iterable[User]) -> None:
        """Take note of some users who are there."""
        for user in users:
            for group in user.groups:
                self._attributes[group].update(user.attributes)
            with_filter = user.groups & self._with_filter
            self._together.update((app, group) for app in user.groups & self._of_apps for group in with_filter)

    @property
    def users(self) -> Mapping[str, User]:
        """They have no names that anybody could have."""
        memberships: list[tuple[tuple[str, ...], set[str]]] = [
            ((group,), attributes) for group, attributes in sorted(self._attributes.items())
        ]
        memberships += [(pair, set()) for pair in sorted(self._together)]
        return {
            f"\0{number}": User(f"\0{number}", "", frozenset(), False, False, dict.fromkeys(attributes, ""), frozenset(groups))
            for number, (groups, attributes) in enumerate(memberships)
        }
