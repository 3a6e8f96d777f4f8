"""An operation on a policy in a database: its name, what it takes and gives, and the function that does it within one transaction."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from inspect import getdoc
from typing import Any, Generic, TypeVar, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, model_validator
from sqlalchemy.ext.asyncio import AsyncConnection

from sidecar.policy_database.storable import is_storable
from sidecar.settings.model import Settings
from sidecar.settings.scalars import complaint


class Kind(StrEnum):
    """Whether it leaves everything as it is."""

    READ = "read"
    CHANGE = "change"


@dataclass(frozen=True, slots=True)
class Work:
    """What an operation works with. `files` are the settings that stand in files: environments are known from there."""

    connection: AsyncConnection
    files: Settings
    now: datetime


class Argument:
    """Marks a field that stands on the command line without the name of an option before it."""


class Request(BaseModel):
    """What an operation takes."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    @model_validator(mode="after")
    def _storable(self) -> "Request":
        if not is_storable(self.model_dump(mode="python")):
            raise complaint("holds a character that no database keeps: a NUL or half a pair", "leave it out")
        return self


class Told(BaseModel):
    """What an operation gives."""

    model_config = ConfigDict(frozen=True)


State = TypeVar("State", bound=Told)


class Page(Told, Generic[State]):
    """Some of a list, in the order of the database."""

    items: list[State]
    next: str | None = Field(description="Where there is more: the value of `after` for it.")


class Changed(Told, Generic[State]):
    """What a change was made of: before and after, null for nothing."""

    subject: str = Field(description="The name of what was changed.")
    before: State | None = None
    after: State | None = None
    warnings: list[str] = Field(default=[], description="What is hardly meant, or good to know. The change was made.")

    def audited(self) -> tuple[Any, Any]:
        """Before and after for the audit: plain data without secrets."""
        return _plain(self.before), _plain(self.after)


def _plain(state: Told | None) -> Any:
    return None if state is None else state.model_dump(mode="json")


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation. `name` is such as user.block; `description` says more than `title`.

    `function` takes a `Work` and a request, and gives a `result`; whatever it raises, nothing of what it did remains. Only one with
    `of_rights` may touch app connectors, groups or filter types.
    """

    name: str
    kind: Kind
    of_rights: bool
    title: str
    description: str
    request: type[Request]
    result: type[BaseModel]
    function: Callable[[Work, Any], Awaitable[BaseModel]]


_R = TypeVar("_R", bound=Request)
_B = TypeVar("_B", bound=BaseModel)
_C = TypeVar("_C", bound=Changed[Any])


def reading(name: str, title: str) -> Callable[[Callable[[Work, _R], Awaitable[_B]]], Operation]:
    """Makes an operation that changes nothing of a function; its docstring is the description."""
    return lambda function: _operation(name, Kind.READ, title, function, of_rights=False)


def changing(name: str, title: str, *, of_rights: bool = False) -> Callable[[Callable[[Work, _R], Awaitable[_C]]], Operation]:
    """Makes an operation that changes something of a function; its docstring is the description."""
    return lambda function: _operation(name, Kind.CHANGE, title, function, of_rights=of_rights)


def _operation(name: str, kind: Kind, title: str, function: Callable[[Work, Any], Awaitable[BaseModel]], *, of_rights: bool) -> Operation:
    hints = get_type_hints(function)
    return Operation(name, kind, of_rights, title, getdoc(function) or "", hints["request"], hints["return"], function)
