"""Which operation is meant: method and path of each follow from its name, so that the API has the words of the command line.

`user.list` is `GET /users`, `user.add` is `POST /users`; with a name behind them, `user.show`, `user.change` and `user.remove` are GET,
PATCH and DELETE of `/users/{name}`, and any other words stand behind it: `POST /users/{name}/block`, `POST /apps/{app}/get-connector/add`.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from pydantic.fields import FieldInfo

from sidecar.admin.api.problem import Problem, Why
from sidecar.administration.catalogue import OPERATIONS
from sidecar.administration.operation import Argument, Kind, Operation

_WITHOUT_A_NAME = {"list": "GET", "add": "POST", "new": "POST"}
_UNCOUNTED = {"audit"}
_WITH_A_NAME = {"show": "GET", "change": "PATCH", "remove": "DELETE", "revoke": "DELETE"}


@dataclass(frozen=True, slots=True)
class Route:
    """An operation's place.

    :ivar collection: the first segment, such as users.
    :ivar key: the field of the request that the second segment is, "" without one.
    :ivar verb: the segments behind that.
    """

    operation: Operation
    method: str
    collection: str
    key: str = ""
    verb: tuple[str, ...] = ()

    @property
    def path(self) -> str:
        """Such as /users/{name}/block."""
        return "/".join(("", self.collection, *((f"{{{self.key}}}",) if self.key else ()), *self.verb))

    @property
    def makes(self) -> bool:
        """Whether it makes a thing that was not there."""
        return self.method == "POST" and not self.key


def route_of(operation: Operation) -> Route:
    """Where an operation is."""
    thing, _, verb = operation.name.partition(".")
    collection = thing if thing in _UNCOUNTED else f"{thing}s"
    key = next((name for name, field in operation.request.model_fields.items() if _is_argument(field)), "")
    if verb in _WITHOUT_A_NAME:
        return Route(operation, _WITHOUT_A_NAME[verb], collection)
    if verb in _WITH_A_NAME:
        return Route(operation, _WITH_A_NAME[verb], collection, key)
    return Route(operation, "GET" if operation.kind is Kind.READ else "POST", collection, key, tuple(verb.split(".")))


def _is_argument(field: FieldInfo) -> bool:
    return any(isinstance(each, Argument) for each in field.metadata)


ROUTES: tuple[Route, ...] = tuple(route_of(operation) for operation in OPERATIONS.values())


def routes_at(segments: tuple[str, ...]) -> dict[str, Route]:
    """What there is at a path, by method. A word behind the name is compared as it is; the name may be any.

    :raises Problem: NOT_FOUND.
    """
    found = {route.method: route for route in _matching(segments)}
    if not found:
        raise Problem(Why.NOT_FOUND, "there is nothing here", "`/api/v1/openapi.json` tells what there is")
    return found


def _matching(segments: tuple[str, ...]) -> Iterator[Route]:
    for route in ROUTES:
        wanted = (route.collection, *(segments[1:2] if route.key else ()), *route.verb)
        if wanted == segments and len(segments) == 1 + bool(route.key) + len(route.verb):
            yield route


def showing(collection: str) -> Route | None:
    """Where one thing of a collection is shown; None where it isn't."""
    return next((each for each in ROUTES if each.collection == collection and each.operation.name.endswith(".show")), None)
