"""A token that is bound is worth nothing in other hands; where a request was sent to, only the configuration can say."""

import pytest

from sidecar.errors import Reason, Refusal
from sidecar.identity.compact_jwt import Presented, Scheme
from sidecar.identity.confirmation import check_key
from sidecar.issuers.possession import Possession
from sidecar.issuers.proofs_seen import ProofsSeen
from tests.jwt.mint import P256, P384
from tests.jwt.test_dpop_proof import NOW, TOKEN, URL, proof, thumbprint

PATH = "/ProfitRestServices/connectors/Profit_Hours"
KEY = thumbprint(P256)
PUBLIC = ("https://connectors.example.com",)
BEARER, DPOP = Presented(Scheme.BEARER, TOKEN), Presented(Scheme.DPOP, TOKEN)


def possession() -> Possession:
    return Possession(ProofsSeen(), lambda: NOW, lambda: 0.0)


def reason_of(
    key: bytes = KEY,
    presented: Presented | None = DPOP,
    header: bytes | None = None,
    method: str = "GET",
    target: str = PATH,
    urls: tuple[str, ...] = PUBLIC,
    to: Possession | None = None,
) -> Reason | None:
    brought = (to or possession()).proof_with(header, method, target)
    try:
        check_key(key, presented, brought, urls)
    except Refusal as refusal:
        return refusal.reason
    return None


@pytest.mark.parametrize(
    ("what", "reason"),
    [
        ({"key": b"", "presented": BEARER}, None),
        ({"key": b"", "presented": None}, None),
        ({"key": b"", "header": proof()}, Reason.DPOP_PROOF),
        ({"header": proof()}, None),
        ({"header": proof(), "target": f"{PATH}?take=1"}, None),
        ({"header": proof(), "target": f"{PATH}?filtervalues=\xe9"}, None),
        ({"header": proof(htm="POST"), "method": "POST"}, None),
        ({"presented": BEARER}, Reason.JWT_AS_BEARER),
        ({"presented": BEARER, "header": proof()}, Reason.JWT_AS_BEARER),
        ({"presented": None, "header": proof()}, Reason.JWT_AS_BEARER),
        ({}, Reason.DPOP_PROOF),
        ({"header": proof(P384, "ES384")}, Reason.DPOP_PROOF),
        ({"header": proof(), "method": "POST"}, Reason.DPOP_PROOF),
        ({"header": proof(), "target": f"{PATH}2"}, Reason.DPOP_PROOF),
        ({"header": proof(), "target": URL}, Reason.DPOP_PROOF),
        ({"header": proof(), "target": "\udcff"}, Reason.DPOP_PROOF),
        ({"header": proof(htu="https://connectors.example.com.evil.example/x"), "target": ".evil.example/x"}, Reason.DPOP_PROOF),
        ({"header": proof(), "urls": ()}, Reason.DPOP_PROOF),
        ({"header": proof(), "urls": ("https://other.example",)}, Reason.DPOP_PROOF),
        ({"header": proof(), "urls": ("http://connectors.example.com",)}, Reason.DPOP_PROOF),
        ({"header": proof(), "urls": ("https://other.example", "https://Connectors.example.com:443")}, None),
        ({"header": proof(htu=URL.replace("/Profit", "/erp/Profit", 1)), "urls": ("https://connectors.example.com/erp",)}, None),
    ],
    ids=lambda value: None if isinstance(value, dict) else str(value),
)
def test_a_token_needs_a_proof_of_the_key_to_which_it_is_bound(what: dict[str, object], reason: Reason | None) -> None:
    assert reason_of(**what) is reason  # type: ignore[arg-type]


def test_a_proof_counts_once_also_for_another_query() -> None:
    taken, used = possession(), proof(jti="once")
    assert reason_of(header=used, to=taken) is None
    for header, target in ((used, PATH), (used, f"{PATH}?take=1"), (proof(jti="once", iat=NOW), PATH)):
        assert reason_of(header=header, target=target, to=taken) is Reason.DPOP_REPLAYED
    assert reason_of(header=proof(jti="twice"), to=taken) is None


def test_a_request_that_is_judged_again_has_proven_its_key_and_no_other() -> None:
    brought = possession().proof_with(proof(), "GET", PATH)
    for _ in range(3):
        brought.check(KEY, TOKEN, PUBLIC)
    for key, token in ((thumbprint(P384), TOKEN), (KEY, b"another")):
        with pytest.raises(Refusal):
            brought.check(key, token, PUBLIC)
