"""What supervisor and worker tell each other arrives as it was said."""

from ipaddress import ip_network
from typing import Any

from sidecar.record.metrics import Metrics
from sidecar.settings.model import Settings
from sidecar.store.reload import _ONLY_AT_START
from sidecar.workers.adding_up import collected
from sidecar.workers.messages import _KEPT, Command, Report, Start


def test_a_worker_learns_what_holds_until_a_restart_and_nothing_else() -> None:
    content: dict[str, Any] = {
        "listen": "[::1]:0",
        "admin": {"listen": "127.0.0.1:0"},  # and not the keys, which come and go
        "trusted_proxies": ["192.0.2.0/24", "2001:db8::/32"],
        "limits": {"head": 4096},
        "timeouts": {"drain": 0.5},
    }
    admin = {**content["admin"], "keys": {"console": {"sha256": "ab" * 32}}}
    settings = Settings.model_validate({**content, "admin": admin, "groups": {"g": ["a"]}, "environments": {"E": _ENVIRONMENT}})
    line = Start(settings, 8080, 5, 6).encode()
    assert line.count(b"\n") == 1
    assert b"SECRET" not in line
    start = Start.decode(line)
    assert start == Start(Settings.model_validate(content), 8080, 5, 6)
    assert Start.decode(Start(settings, 8080, 5, 6, "sqlite:///policy.db").encode()).database == "sqlite:///policy.db"
    assert ip_network("2001:db8::/32") in start.settings.trusted_proxies


_ENVIRONMENT = {"rest": "https://backend.example/rest", "credential": {"afas_token": "SECRET"}}


def test_what_a_worker_learns_is_all_that_is_read_only_at_the_start() -> None:
    assert {path[0] for path in _ONLY_AT_START} == _KEPT.keys()


def test_reports_and_commands_arrive_as_they_were_said() -> None:
    metrics = Metrics()
    metrics.backend.observe(0.1)
    report = Report(3, True, {"policy": {"version": "ü\n"}}, collected(metrics))
    assert Report.decode(report.encode()) == report
    assert report.encode().count(b"\n") == 1
    assert Command.decode(Command("report", 7).encode()) == Command("report", 7)
