"""Whether requests can be served now: a policy counts, and the sidecar is not stopping. A failed reload is told, not punished. So is a
database of policy that is away, as long as the last good policy counts, and a credential for a backend that can't be had: other
environments are served, and to take every replica away would mend nothing.
"""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sidecar.settings.problem import Severity
from sidecar.store.reload import PolicyStore

if TYPE_CHECKING:
    from sidecar.store.policy_watch import PolicyWatch  # brings SQLAlchemy along


def readiness(
    store: PolicyStore,
    credentials: Mapping[str, Any],
    *,
    draining: bool,
    now: datetime,
    authority: Mapping[str, Any] | None = None,
    issuers: Mapping[str, Any] | None = None,
    tls: Mapping[str, Any] | None = None,
) -> tuple[bool, dict[str, Any]]:
    """Ready or not, and a report for `/readyz` in plain values.

    :param credentials: by environment, what there is to tell of the access token for its backend.
    :param authority: how the token authority stands. That its database is away is told, not punished: other tokens work without.
    :param issuers: by identity provider, what there is to tell of its keys. That it is down is told, not punished, for the same reason.
    :param tls: by port, which certificate is shown there, and what is wrong with the files of another.
    """
    snapshot, last = store.in_force, store.last_reload
    report: dict[str, Any] = {"draining": draining}
    if snapshot is not None:
        report["policy"] = {
            "version": snapshot.policy.version,
            "loaded_at": snapshot.loaded_at.isoformat(timespec="seconds"),
            "age_seconds": round((now - snapshot.loaded_at).total_seconds(), 1),
        }
        report["shadow"] = list(snapshot.policy.in_shadow)
    if store.watch is not None:
        report["policy_database"] = _policy_database(store, store.watch)
    if last is not None:
        errors = [str(problem) for problem in last.problems if problem.severity is Severity.ERROR]
        report["last_reload"] = {"succeeded": last.succeeded, "at": last.at.isoformat(timespec="seconds"), "errors": errors}
    if credentials:
        report["backend_credentials"] = dict(credentials)
    if tls:
        report["tls"] = dict(tls)
    if authority is not None:
        report["one_time_passwords"] = dict(authority)
    if issuers:
        report["issuers"] = dict(issuers)
    return store.snapshot is not None and not draining, report


def _policy_database(store: PolicyStore, watch: "PolicyWatch") -> dict[str, Any]:
    seconds, left = store.heard_seconds, store.seconds_left
    return {
        "kind": watch.kind,
        "revision": None if watch.revision is None else asdict(watch.revision),
        "heard_seconds": None if seconds is None else round(seconds, 1),
        "seconds_left": None if left is None else round(left, 1),
        "listening": watch.listening,
        "stale": store.is_stale,
        "problem": None if watch.problem is None else watch.problem.message,
    }
