"""Metrics: plain numbers that come out in Prometheus' form."""

from prometheus_client import CollectorRegistry, generate_latest

from sidecar.errors import Reason
from sidecar.record.exchange import Exchange, Outcome
from sidecar.record.metrics import Metrics


def test_what_was_counted_is_told_when_scraped() -> None:
    metrics = Metrics()
    registry = CollectorRegistry()
    registry.register(metrics)
    metrics.observe(Exchange(outcome=Outcome.ALLOW, status=200, sent=10, backend_seconds=0.003))
    metrics.observe(Exchange(outcome=Outcome.DENY, reason=Reason.USER_BLOCKED, status=403))
    metrics.added.observe(0.00005)
    metrics.gauges["sidecar_idle_backend_connections"] = ("Idle connections.", lambda: 3)
    metrics.in_flight = 2
    text = generate_latest(registry).decode()
    assert 'sidecar_requests_total{decision="allow",reason="",status="2xx"} 1.0' in text
    assert 'sidecar_requests_total{decision="deny",reason="user_blocked",status="4xx"} 1.0' in text
    assert "sidecar_sent_bytes_total 10.0" in text
    assert "sidecar_in_flight_requests 2.0" in text
    assert 'sidecar_backend_seconds_bucket{le="0.0025"} 0.0' in text
    assert 'sidecar_backend_seconds_bucket{le="0.005"} 1.0' in text
    assert 'sidecar_backend_seconds_bucket{le="+Inf"} 1.0' in text
    assert 'sidecar_added_seconds_bucket{le="0.0001"} 1.0' in text
    assert "sidecar_idle_backend_connections 3.0" in text
