"""Which requests are for SOAP: by verb and path alone, before anybody knows who asks, since a token may stand in the message."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from sidecar.dialects.rest.target import split_target
from sidecar.errors import Refusal
from sidecar.proxy.route import Route, soap_route_to
from sidecar.store.snapshot import Environment

_SUFFIX = ".asmx"


class SoapPath(NamedTuple):
    """A service's path. `base` as lower-case segments; `file` as it was asked for, decoded; no query is an empty one."""

    base: tuple[str, ...]
    file: str
    query: str


def soap_path(method: str, target: str, environments: Iterable[Environment]) -> SoapPath | None:
    """The path, if this is a message for a service of one of these environments, or a question for its WSDL."""
    if method not in ("POST", "GET") or _SUFFIX not in target.lower():
        return None
    try:
        segments, query = split_target(target)
    except Refusal:
        return None  # for the REST dialect to refuse
    path = SoapPath(tuple([segment.lower() for segment in segments[:-1]]), segments[-1], query or "")
    if not path.file.lower().endswith(_SUFFIX) or (method == "GET" and path.query.lower() != "wsdl"):
        return None
    return path if any(route_below(path, environment) for environment in environments) else None


def reached_by(path: SoapPath, environments: Iterable[Environment]) -> Iterator[tuple[Environment, Route]]:
    """The environments that serve SOAP below this base, in the order of the configuration."""
    for environment in environments:
        route = route_below(path, environment)
        if route is not None:
            yield environment, route


def route_of(environment: Environment) -> Route | None:
    """The way to the environment's SOAP services, if it has any."""
    return None if environment.soap is None else soap_route_to(environment.soap, environment.ca_file)


def route_below(path: SoapPath, environment: Environment) -> Route | None:
    """The way to this environment's services, if the path is one to them."""
    route = route_of(environment)
    return route if route is not None and path.base in route.bases else None
