"""A token that is bound is worth nothing in other hands; where a request was sent to, only the configuration can say."""

import pytest

from sidecar.errors import Reason, Refusal
from sidecar.identity.compact_jwt import Scheme
from sidecar.identity.confirmation import UNBOUND, Confirmation
from sidecar.issuers.possession import Possession, Sent
from tests.jwt.mint import P256
from tests.jwt.test_dpop_proof import NOW, TOKEN, URL, proof, thumbprint

PATH = "/ProfitRestServices/connectors/Profit_Hours"
BOUND = Confirmation(key=thumbprint(P256))


def possession(*urls: str) -> Possession:
    return Possession(urls or ("https://connectors.example.com",), lambda: NOW, lambda: 0.0)


def sent(scheme: Scheme = Scheme.DPOP, proof: bytes | None = None, method: str = "GET", target: str = PATH) -> Sent:
    return Sent(scheme, TOKEN, proof, None, method, target)


def reason_of(confirmation: Confirmation, what: Sent, *urls: str) -> Reason | None:
    try:
        possession(*urls).check(confirmation, what)
    except Refusal as refusal:
        return refusal.reason
    return None


@pytest.mark.parametrize(
    ("confirmation", "what", "reason"),
    [
        (UNBOUND, sent(Scheme.BEARER), None),
        (UNBOUND, sent(Scheme.BEARER, b"nonsense"), None),
        (UNBOUND, sent(Scheme.DPOP, proof()), Reason.DPOP_PROOF),
        (BOUND, sent(Scheme.DPOP, proof()), None),
        (BOUND, sent(Scheme.DPOP, proof(), target=f"{PATH}?take=1"), None),
        (BOUND, sent(Scheme.DPOP, proof(htm="POST"), method="POST"), None),
        (BOUND, sent(Scheme.BEARER), Reason.JWT_BOUND),
        (BOUND, sent(Scheme.BEARER, proof()), Reason.JWT_BOUND),
        (BOUND, sent(Scheme.DPOP), Reason.DPOP_PROOF),
        (BOUND, sent(Scheme.DPOP, proof(), method="POST"), Reason.DPOP_PROOF),
        (BOUND, sent(Scheme.DPOP, proof(), target=f"{PATH}2"), Reason.DPOP_PROOF),
        (BOUND, sent(Scheme.DPOP, proof(), target=URL), Reason.DPOP_PROOF),
        (BOUND, sent(Scheme.DPOP, proof(), target="\udcff"), Reason.DPOP_PROOF),
        (Confirmation(thumbprint(P256), bytes(32)), sent(Scheme.DPOP, proof()), Reason.JWT_CERTIFICATE),
    ],
)
def test_a_token_needs_what_it_is_bound_to(confirmation: Confirmation, what: Sent, reason: Reason | None) -> None:
    assert reason_of(confirmation, what) is reason


def test_a_proof_is_for_one_of_the_urls_under_which_clients_know_the_sidecar() -> None:
    assert reason_of(BOUND, sent(proof=proof()), "https://other.example", "https://connectors.example.com:443") is None
    assert reason_of(BOUND, sent(proof=proof()), "https://other.example") is Reason.DPOP_PROOF
    assert reason_of(BOUND, sent(proof=proof()), "http://connectors.example.com") is Reason.DPOP_PROOF


def test_a_proof_counts_once_also_for_another_query() -> None:
    taken = possession()
    taken.check(BOUND, sent(proof=proof(jti="once")))
    used = proof(jti="once")
    for again in (sent(proof=used), sent(proof=used, target=f"{PATH}?take=1"), sent(proof=proof(jti="once", iat=NOW))):
        with pytest.raises(Refusal) as refused:
            taken.check(BOUND, again)
        assert refused.value.reason is Reason.DPOP_REPLAYED
    taken.check(BOUND, sent(proof=proof(jti="twice")))
