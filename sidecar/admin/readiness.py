"""Whether requests can be served now: a policy is loaded and the sidecar is not stopping. A failed reload is told, not punished, and so is
a credential for a backend that can't be had: other environments are served, and to take every replica away would mend nothing."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sidecar.settings.problem import Severity
from sidecar.store.reload import PolicyStore


def readiness(
    store: PolicyStore,
    credentials: Mapping[str, Any],
    *,
    draining: bool,
    now: datetime,
    authority: Mapping[str, Any] | None = None,
) -> tuple[bool, dict[str, Any]]:
    """Ready or not, and a report for `/readyz` in plain values.

    :param credentials: by environment, what there is to tell of the access token for its backend.
    :param authority: how the token authority stands. That its database is away is told, not punished: other tokens work without.
    """
    snapshot, last = store.snapshot, store.last_reload
    report: dict[str, Any] = {"draining": draining}
    if snapshot is not None:
        report["policy"] = {
            "version": snapshot.policy.version,
            "loaded_at": snapshot.loaded_at.isoformat(timespec="seconds"),
            "age_seconds": round((now - snapshot.loaded_at).total_seconds(), 1),
        }
        report["shadow"] = list(snapshot.policy.in_shadow)
    if last is not None:
        errors = [str(problem) for problem in last.problems if problem.severity is Severity.ERROR]
        report["last_reload"] = {"succeeded": last.succeeded, "at": last.at.isoformat(timespec="seconds"), "errors": errors}
    if credentials:
        report["backend_credentials"] = dict(credentials)
    if authority is not None:
        report["one_time_passwords"] = dict(authority)
    return snapshot is not None and not draining, report
