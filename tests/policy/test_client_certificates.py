"""Which client certificates meet the condition of an app connector."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.errors import Reason
from sidecar.policy.decide import CONDITIONS, certificate_is_allowed, is_named
from sidecar.policy.model import AppConnector, Caller, CertificateRule, ClientCertificate, User

NOW = datetime(2026, 6, 1, tzinfo=UTC)
DAY = timedelta(days=1)
SHOWN = ClientCertificate(b"\1" * 32, "hours app", frozenset({"hours.example"}), frozenset({"spiffe://e/hours"}), NOW - DAY, NOW + DAY)


def judged(rule: CertificateRule | None, certificate: ClientCertificate | None, now: datetime = NOW) -> Reason | None:
    app_connector = AppConnector("hours", "E", "everyone", client_certificate=rule)
    return certificate_is_allowed(Caller(User("ann"), app_connector, "", certificate=certificate), now)


def test_the_condition_is_one_of_those_that_all_must_hold() -> None:
    assert certificate_is_allowed in CONDITIONS


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        (CertificateRule(sha256=frozenset({b"\1" * 32})), None),
        (CertificateRule(dns_names=frozenset({"other.example", "hours.example"})), None),
        (CertificateRule(uris=frozenset({"spiffe://e/hours"})), None),
        (CertificateRule(common_names=frozenset({"hours app"})), None),
        (CertificateRule(sha256=frozenset({b"\2" * 32}), dns_names=frozenset({"hours.example"})), None),
        (CertificateRule(sha256=frozenset({b"\2" * 32})), Reason.CLIENT_CERTIFICATE_NOT_ALLOWED),
        (CertificateRule(dns_names=frozenset({"example", "s.example", "hours.example."})), Reason.CLIENT_CERTIFICATE_NOT_ALLOWED),
        (CertificateRule(dns_names=frozenset({"hours app"})), Reason.CLIENT_CERTIFICATE_NOT_ALLOWED),
        (CertificateRule(uris=frozenset({"spiffe://e/Hours"})), Reason.CLIENT_CERTIFICATE_NOT_ALLOWED),
        (CertificateRule(common_names=frozenset({"hours.example", "Hours app", ""})), Reason.CLIENT_CERTIFICATE_NOT_ALLOWED),
        (CertificateRule(), Reason.CLIENT_CERTIFICATE_NOT_ALLOWED),
    ],
)
def test_a_certificate_must_be_named_and_is_compared_whole(rule: CertificateRule, reason: Reason | None) -> None:
    assert judged(rule, SHOWN) is reason
    assert judged(rule, None) is Reason.CLIENT_CERTIFICATE_MISSING
    assert judged(None, SHOWN) is judged(None, None) is None


def test_a_certificate_without_a_common_name_is_not_the_one_of_an_empty_name() -> None:
    nameless = ClientCertificate(b"\1" * 32, "", frozenset(), frozenset(), NOW - DAY, NOW + DAY)
    assert judged(CertificateRule(common_names=frozenset({""})), nameless) is Reason.CLIENT_CERTIFICATE_NOT_ALLOWED


@pytest.mark.parametrize(
    ("now", "counts"),
    [(NOW - DAY, True), (NOW + DAY, True), (NOW - DAY - timedelta(seconds=1), False), (NOW + DAY + timedelta(seconds=1), False)],
)
def test_a_certificate_counts_within_its_period_however_long_the_connection_lasts(now: datetime, counts: bool) -> None:
    rule = CertificateRule(sha256=frozenset({b"\1" * 32}))
    assert judged(rule, SHOWN, now) is (None if counts else Reason.CLIENT_CERTIFICATE_EXPIRED)


_NAMES = st.frozensets(st.sampled_from(["a", "b", "c"]))
_DIGESTS = st.sampled_from([b"\1" * 32, b"\2" * 32])
_RULES = st.builds(CertificateRule, st.frozensets(_DIGESTS), _NAMES, _NAMES, _NAMES)
_SHOWN = st.builds(ClientCertificate, _DIGESTS, st.sampled_from(["", "a", "b"]), _NAMES, _NAMES, st.just(NOW), st.just(NOW))


@given(_RULES, _RULES, _SHOWN)
def test_two_rules_together_name_what_either_of_them_names(one: CertificateRule, other: CertificateRule, shown: ClientCertificate) -> None:
    both = CertificateRule(
        one.sha256 | other.sha256, one.dns_names | other.dns_names, one.uris | other.uris, one.common_names | other.common_names
    )
    assert is_named(both, shown) == (is_named(one, shown) or is_named(other, shown))
