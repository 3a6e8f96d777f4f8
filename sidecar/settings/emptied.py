"""Keys that narrow what somebody may, with nothing behind them: elsewhere such a key counts as left out, but here that would widen rights,
as when somebody comments out the last address under `allow`.
"""

from collections.abc import Iterator

from sidecar.settings.model import Settings
from sidecar.settings.problem import KeyPath
from sidecar.settings.report import Report


def check_emptied(settings: Settings, report: Report) -> None:
    """Report every such key. An empty list of allowed addresses is one too: it reads as nobody, and would let everybody in."""
    for path in _narrowing(settings):
        if report.is_empty(path, lists=path[-1] == "allow"):
            report.error(path, "has nothing behind it, and would restrict nothing", "say what is meant, or take the key out")


def _narrowing(settings: Settings) -> Iterator[KeyPath]:
    yield from (("admin", "keys", name, "read_only") for name in settings.admin.keys)
    for port in ((), ("admin",)):
        yield from ((*port, "tls"), (*port, "tls", "client_certificate"))
    yield from (("users", user, "blocked") for user in settings.users)
    yield from (("tokens", number, "expires") for number in range(len(settings.tokens)))
    narrowing = ("algorithms", "types", "max_age", "max_lifetime", "dpop", "required_claims", "environment_claim")
    yield from (("issuers", name, key) for name in settings.issuers for key in narrowing)
    for name, part in settings.app_connectors.items():
        path: KeyPath = ("app_connectors", name)
        yield from ((*path, key) for key in ("valid_from", "valid_until", "row_guard", "ip", "client_certificate"))
        yield from ((*path, "ip", key) for key in ("allow", "deny"))
        yield from ((*path, "tokens", number, "expires") for number in range(len(part.tokens)))
