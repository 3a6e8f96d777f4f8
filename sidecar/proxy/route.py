"""Where an environment's calls go: the backend's origin and base path, and the paths under which clients may ask for it."""

from dataclasses import dataclass
from functools import lru_cache

from sidecar.dialects.rest.read import BASE
from sidecar.dialects.soap.services import BASE as SOAP_BASE
from sidecar.proxy.upstream import Origin, parse_origin


@dataclass(frozen=True, slots=True)
class Route:
    """`bases` holds the documented path and the environment's own, for apps that only had their host name changed."""

    origin: Origin
    base_path: str
    bases: tuple[tuple[str, ...], ...]


@lru_cache(maxsize=1024)
def route_to(rest: str, ca_file: str | None) -> Route:
    """The route to a REST base URL, which was checked when the configuration was loaded."""
    return _route(rest, ca_file, BASE)


@lru_cache(maxsize=1024)
def soap_route_to(soap: str, ca_file: str | None) -> Route:
    """The route to a SOAP base URL, which was checked likewise."""
    return _route(soap, ca_file, SOAP_BASE)


def _route(url: str, ca_file: str | None, documented: tuple[str, ...]) -> Route:
    origin, base_path = parse_origin(url, ca_file)
    own = tuple(segment.lower() for segment in base_path.split("/") if segment)
    return Route(origin, base_path, tuple(dict.fromkeys((documented, own))))
