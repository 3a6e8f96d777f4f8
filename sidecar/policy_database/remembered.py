"""What was found by key, and of which keys nothing is there: two memories of fixed size, so that what is made up can't push out what is."""

from collections import OrderedDict
from typing import Generic, TypeVar

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


class Remembered(Generic[_Key, _Value]):
    """What was used last stays longest; of what is not there, what was asked last."""

    def __init__(self, most: int, most_absent: int) -> None:
        self._most = most
        self._most_absent = most_absent
        self._there: OrderedDict[_Key, _Value] = OrderedDict()
        self._absent: dict[_Key, None] = {}

    def __len__(self) -> int:
        return len(self._there)

    @property
    def absent(self) -> int:
        """Of how many keys it is known that nothing is there."""
        return len(self._absent)

    def find(self, key: _Key) -> _Value | None:
        """What is there; None if that is not known, or nothing is."""
        value = self._there.get(key)
        if value is not None:
            self._there.move_to_end(key)
        return value

    def is_absent(self, key: _Key) -> bool:
        """Whether it is known that nothing is there."""
        return key in self._absent

    def keep(self, key: _Key, value: _Value | None) -> None:
        """Remember what is there, or that nothing is."""
        if value is None:
            if len(self._absent) >= self._most_absent:
                del self._absent[next(iter(self._absent))]
            self._absent[key] = None
            return
        self._there[key] = value
        self._there.move_to_end(key)
        if len(self._there) > self._most:
            self._there.popitem(last=False)

    def forget(self) -> None:
        """All of it."""
        self._there.clear()
        self._absent.clear()
