"""What a token is bound to, and which tokens are not believed because of it."""

from datetime import UTC, datetime
from typing import Any

import pytest

from sidecar.errors import Reason, Refusal
from sidecar.identity.confirmation import UNBOUND, Binding, Confirmation, check_certificate, read_confirmation
from sidecar.policy.model import ClientCertificate
from tests.jwt.mint import b64

KEY, CERTIFICATE = bytes(range(32)), bytes(range(32, 64))
JKT, X5T = b64(KEY), b64(CERTIFICATE)
OFF, ALLOWED, REQUIRED = Binding


@pytest.mark.parametrize(
    ("cnf", "dpop", "certificates", "read"),
    [
        (None, OFF, OFF, UNBOUND),
        (None, ALLOWED, ALLOWED, UNBOUND),
        (None, REQUIRED, OFF, Reason.JWT_UNBOUND),
        (None, OFF, REQUIRED, Reason.JWT_UNBOUND),
        ({"jkt": JKT}, OFF, ALLOWED, Reason.JWT_BOUND),
        ({"jkt": JKT}, ALLOWED, OFF, Confirmation(key=KEY)),
        ({"jkt": JKT}, REQUIRED, OFF, Confirmation(key=KEY)),
        ({"jkt": JKT}, ALLOWED, REQUIRED, Reason.JWT_UNBOUND),
        ({"x5t#S256": X5T}, ALLOWED, OFF, Reason.JWT_BOUND),
        ({"x5t#S256": X5T}, OFF, ALLOWED, Confirmation(certificate=CERTIFICATE)),
        ({"x5t#S256": X5T}, REQUIRED, ALLOWED, Reason.JWT_UNBOUND),
        ({"jkt": JKT, "x5t#S256": X5T}, ALLOWED, ALLOWED, Confirmation(KEY, CERTIFICATE)),
        ({"jkt": JKT, "x5t#S256": X5T}, ALLOWED, OFF, Reason.JWT_BOUND),
        ({"jkt": JKT, "x5t#S256": X5T}, OFF, ALLOWED, Reason.JWT_BOUND),
    ],
)
def test_what_an_issuer_s_tokens_may_and_must_be_bound_to(
    cnf: Any, dpop: Binding, certificates: Binding, read: Confirmation | Reason
) -> None:
    claims = {} if cnf is None else {"cnf": cnf}
    if isinstance(read, Confirmation):
        assert read_confirmation(claims, dpop, certificates) == read
        return
    with pytest.raises(Refusal) as refused:
        read_confirmation(claims, dpop, certificates)
    assert refused.value.reason is read


@pytest.mark.parametrize(
    "cnf",
    [
        {},
        None,
        [],
        "x",
        {"jwk": {}},
        {"jkt": JKT, "jwk": {}},
        {"kid": "x"},
        {"jkt": JKT + "="},
        {"jkt": JKT[:-1]},
        {"jkt": JKT[:-1] + "9"},
        {"jkt": None},
        {"jkt": [JKT]},
        {"jkt": KEY.hex()},
        {"x5t": X5T},
        {"x5t#S256": ""},
    ],
)
def test_what_is_not_known_is_not_overlooked(cnf: Any) -> None:
    for binding in (OFF, ALLOWED):
        with pytest.raises(Refusal) as refused:
            read_confirmation({"cnf": cnf}, binding, binding)
        assert refused.value.reason is Reason.JWT_BOUND


def test_a_token_that_is_bound_to_a_certificate_needs_that_and_no_other() -> None:
    def shown(sha256: bytes) -> ClientCertificate:
        now = datetime(2026, 6, 1, tzinfo=UTC)
        return ClientCertificate(sha256, "", frozenset(), frozenset(), now, now)

    check_certificate(CERTIFICATE, shown(CERTIFICATE))
    for wrong in (None, shown(KEY)):
        with pytest.raises(Refusal) as refused:
            check_certificate(CERTIFICATE, wrong)
        assert refused.value.reason is Reason.JWT_CERTIFICATE
