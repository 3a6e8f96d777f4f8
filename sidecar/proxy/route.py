"""Where an environment's calls go: the backend's origin and base path, and the paths under which clients may ask for it."""

from dataclasses import dataclass
from functools import lru_cache

from sidecar.dialects.rest.read import BASE
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
    origin, base_path = parse_origin(rest, ca_file)
    own = tuple(segment.lower() for segment in base_path.split("/") if segment)
    return Route(origin, base_path, tuple(dict.fromkeys((BASE, own))))
