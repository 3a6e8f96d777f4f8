"""Tokens are verified once, every known attack is refused for its reason, and whatever is done to a valid token spoils it."""

import base64
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.errors import Reason, Refusal
from sidecar.identity.compact_jwt import presented_in
from sidecar.identity.issuer import Issuer
from sidecar.identity.jwt_meaning import Meaning
from sidecar.identity.jwt_signature import check_signature
from sidecar.issuers import verifier as module
from sidecar.issuers.forgeries import MOST, WINDOW_SECONDS
from sidecar.issuers.providers import Providers
from sidecar.issuers.verifier import Verified, Verifier
from tests.jwt import mint
from tests.jwt.attacks import ATTACKS, Attack
from tests.jwt.issuers import COMPANY, ISSUERS
from tests.jwt.mint import b64, claims, token

ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Of P-256."""


class Stage:
    """A verifier with a clock that is set by hand, and a count of the signatures that it looks at."""

    def __init__(self, *issuers: Issuer, monkeypatch: pytest.MonkeyPatch | None = None) -> None:
        self.now = time.time()
        self.ticks = 0.0
        self.signatures = 0
        self.providers = Providers()
        self.providers.issuers = {issuer.issuer: issuer for issuer in issuers} or ISSUERS
        self.verifier = Verifier(self.providers, lambda: self.now, lambda: self.ticks)
        if monkeypatch is not None:
            monkeypatch.setattr(module, "check_signature", self._counted(check_signature))

    def _counted(self, real: Callable[..., None]) -> Callable[..., None]:
        def check(*arguments: Any) -> None:
            self.signatures += 1
            real(*arguments)

        return check

    def verify(self, text: str, address: str = "192.0.2.7") -> Verified:
        bare = presented_in(b"Bearer " + text.encode("utf-8"))
        assert bare is not None
        found = self.verifier.verify(bare.token, address)
        assert found is not None
        return found

    def reason(self, text: str, address: str = "192.0.2.7") -> Reason:
        with pytest.raises(Refusal) as raised:
            self.verify(text, address)
        return raised.value.reason


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    return Stage(monkeypatch=monkeypatch)


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: f"{attack.kind}: {attack.name}")
def test_every_known_attack_is_refused_for_its_reason(attack: Attack) -> None:
    assert Stage().reason(attack.make()) is attack.reason


SOUND: list[tuple[str, dict[str, Any]]] = [
    ("the provider's ordinary token", {}),
    ("at+jwt", {"typ": "at+jwt"}),
    ("application/at+jwt", {"typ": "application/AT+JWT"}),
    ("no typ", {"typ": None}),
    ("x5t, which says which key it is", {"x5t": "abc"}),
    ("PS256", {"signer": mint.PS, "algorithm": "PS256", "kid": "ps-1"}),
    ("ES256", {"signer": mint.P256, "algorithm": "ES256", "kid": "ec-1"}),
    ("ES384", {"signer": mint.P384, "algorithm": "ES384", "kid": "ec-384"}),
    ("EdDSA", {"signer": mint.ED, "algorithm": "EdDSA", "kid": "ed-1"}),
    ("no kid, where one key will do", {"signer": mint.P256, "algorithm": "ES256", "kid": None}),
]


@pytest.mark.parametrize(("name", "how"), SOUND)
def test_what_providers_send_is_verified(name: str, how: dict[str, Any]) -> None:
    assert Stage().verify(token(None, **how)).meaning == Meaning("hours", user="j.devries"), name


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": ["connectors"]},
        {"typ": "Bearer", "nonce": "x", "session_state": "x"},  # Keycloak
        {"ver": "2.0", "tid": "x", "oid": "x", "scp": "access"},  # Entra
        {"token_use": "access"},  # Cognito
        {"exp": int(time.time()) + 20_000.5},
        {"sub": None, "iat": None},
    ],
)
def test_what_providers_say_is_taken(changes: dict[str, Any]) -> None:
    assert Stage().verify(token(claims(**changes))).meaning.user == "j.devries"


def test_a_partners_address_and_a_shared_secret_work() -> None:
    by_address = {**claims(), "iss": mint.PARTNER, "email": "J.deVries@example.com", "email_verified": True}
    assert Stage().verify(token(by_address, mint.PARTNERS, kid="partner-1")).meaning == Meaning("hours", email="J.deVries@example.com")
    by_secret = {**claims(), "iss": mint.SHARED}
    assert Stage().verify(token(by_secret, mint.SECRET, "HS256", kid=None)).meaning == Meaning("hours", user="j.devries")


@pytest.mark.parametrize(
    ("value", "attribute"),
    [("CONS", "CONS"), (7, "7"), (True, "true"), (["CONS", "ICT"], ("CONS", "ICT")), ([], ())],
)
def test_claims_feed_attributes_where_they_are_named(value: Any, attribute: Any) -> None:
    assert Stage().verify(token(claims(department=value, other="x"))).meaning.attributes == {"department": attribute}


RULES: list[tuple[dict[str, Any], dict[str, Any], Reason | None]] = [
    ({"required_claims": ("sid",)}, {}, Reason.JWT_CLAIMS),
    ({"required_claims": ("sid",)}, {"sid": "x"}, None),
    ({"types": frozenset({"at+jwt"})}, {}, Reason.JWT_NOT_ACCEPTED),
    ({"max_age": 5, "leeway": 0}, {}, Reason.JWT_EXPIRED),
    ({"max_age": 60}, {"iat": None}, Reason.JWT_CLAIMS),
    ({"max_lifetime": 300}, {}, Reason.JWT_CLAIMS),
    ({"max_lifetime": 310}, {}, None),
    ({"other_audiences": True}, {"aud": ["connectors", "payroll"]}, None),
    ({"other_audiences": True}, {"aud": ["payroll"]}, Reason.JWT_AUDIENCE),
    ({"environment_claim": "env"}, {}, Reason.JWT_CLAIMS),
    ({"environment_claim": "env"}, {"env": "O12345AA"}, None),
]


@pytest.mark.parametrize(("rule", "changes", "reason"), RULES)
def test_each_rule_of_an_issuer_counts(rule: dict[str, Any], changes: dict[str, Any], reason: Reason | None) -> None:
    stage = Stage(replace(COMPANY, **rule))
    if reason is None:
        stage.verify(token(claims(**changes)))
    else:
        assert stage.reason(token(claims(**changes))) is reason


def test_a_signature_costs_once(stage: Stage) -> None:
    text, forged = token(), token(None, mint.STRANGERS)
    assert stage.verify(text) is stage.verify(text)
    assert {stage.reason(forged) for _ in range(3)} == {Reason.JWT_SIGNATURE}
    assert stage.signatures == 2


def test_the_clock_is_looked_at_each_time(stage: Stage) -> None:
    text = token()
    expires = stage.verify(text).expires
    stage.now = expires - 0.1
    stage.verify(text)
    stage.now = expires
    assert stage.reason(text) is Reason.JWT_EXPIRED
    assert stage.reason(text) is Reason.JWT_EXPIRED


def test_another_policy_or_key_set_forgets_what_was_verified(stage: Stage) -> None:
    text = token()
    stage.verify(text)
    stage.providers.issuers = {mint.COMPANY: replace(COMPANY, audiences=frozenset({"payroll"}))}
    stage.providers.revision += 1
    assert stage.reason(text) is Reason.JWT_AUDIENCE
    stage.providers.issuers = {}
    stage.providers.revision += 1
    assert stage.reason(text) is Reason.JWT_ISSUER_UNKNOWN


@pytest.mark.parametrize(
    "attack", [each for each in ATTACKS if each.reason is not Reason.JWT_SIGNATURE], ids=lambda attack: f"{attack.kind}: {attack.name}"
)
def test_what_costs_little_comes_before_the_signature(attack: Attack, monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage(monkeypatch=monkeypatch)
    stage.reason(attack.make())
    assert stage.signatures == 0


def test_forgeries_from_one_address_are_bounded_and_known_tokens_go_on(stage: Stage) -> None:
    text = token()
    stage.verify(text, "2001:db8::1")
    reasons = [stage.reason(token(claims(jti=str(number)), mint.STRANGERS), f"2001:db8::{number:x}") for number in range(MOST + 5)]
    assert reasons == [Reason.JWT_SIGNATURE] * MOST + [Reason.JWT_TOO_MANY_FORGED] * 5
    assert stage.signatures == MOST + 1
    stage.verify(text, "2001:db8::1")
    stage.verify(token(claims(jti="new")), "2001:db8:0:1::1")  # elsewhere
    assert stage.reason(token(claims(jti="newer")), "2001:db8::9") is Reason.JWT_TOO_MANY_FORGED
    stage.ticks = WINDOW_SECONDS
    stage.verify(token(claims(jti="newest")), "2001:db8::9")


def test_what_is_remembered_is_bounded(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_REMEMBERED", 3)
    sound = [token(claims(jti=str(number)), mint.SECRET, "HS256", kid=None) for number in range(5)]
    stage.providers.issuers = {mint.COMPANY: replace(ISSUERS[mint.SHARED], issuer=mint.COMPANY)}
    for text in sound:
        stage.verify(text)
        stage.reason(text + "A" * 4)
    assert (len(stage.verifier._verified), len(stage.verifier._forged)) == (3, 3)


def test_the_other_half_of_an_ecdsa_signature_says_nothing_else() -> None:
    """(r, n-s) is as good as (r, s), by the nature of ECDSA. It makes no other token of it: nothing here goes by the signature's bytes."""
    text = token(None, mint.P256, "ES256", kid="ec-1")
    head, payload, raw = text.split(".")
    signature = base64.urlsafe_b64decode(raw + "==")
    other = ORDER - int.from_bytes(signature[32:], "big")
    twin = f"{head}.{payload}.{b64(signature[:32] + other.to_bytes(32, 'big'))}"
    assert twin != text
    assert Stage().verify(twin) == Stage().verify(text)


def test_no_refusal_quotes_the_token() -> None:
    for attack in ATTACKS:
        text = attack.make()
        with pytest.raises(Refusal) as raised:
            Stage().verify(text)
        assert not any(part and len(part) > 8 and part in str(raised.value) for part in text.split("."))


SIGNERS: dict[str, tuple[mint.Signer, str]] = {"RS256": (mint.RSA, "rsa-1"), "ES256": (mint.P256, "ec-1"), "EdDSA": (mint.ED, "ed-1")}
VALID = {
    algorithm: token(claims(exp=int(time.time()) + 80_000), signer, algorithm, kid=kid) for algorithm, (signer, kid) in SIGNERS.items()
}


@given(
    algorithm=st.sampled_from(sorted(VALID)),
    position=st.integers(0, 10_000),
    change=st.one_of(
        st.tuples(st.just("set"), st.binary(min_size=1, max_size=3)),
        st.tuples(st.just("insert"), st.binary(min_size=1, max_size=3)),
        st.tuples(st.just("cut"), st.just(b"")),
        st.tuples(st.just("swap case"), st.just(b"")),
        st.tuples(st.just("truncate"), st.just(b"")),
    ),
)
def test_whatever_is_changed_of_a_valid_token_spoils_it(algorithm: str, position: int, change: tuple[str, bytes]) -> None:
    text = VALID[algorithm].encode()
    position %= len(text)
    how, what = change
    mutated = {
        "set": text[:position] + what + text[position + len(what) :],
        "insert": text[:position] + what + text[position:],
        "cut": text[:position] + text[position + 1 :],
        "swap case": text[:position] + text[position : position + 1].swapcase() + text[position + 1 :],
        "truncate": text[:position],
    }[how]
    stage = Stage()
    assert stage.verify(VALID[algorithm]).meaning.user == "j.devries"
    try:
        presented = presented_in(b"Bearer " + mutated)
        bare = b"" if presented is None else presented.token
        found = stage.verifier.verify(bare, "192.0.2.7")
    except Refusal:
        return
    assert (bare, found is not None) == (text, True)


@given(st.binary(max_size=200), st.sampled_from([b"", b"Bearer ", b"bearer  ", b"DPoP ", b"dpop"]))
def test_no_bytes_do_anything_but_be_refused(content: bytes, scheme: bytes) -> None:
    reason = Reason.JWT_MALFORMED
    try:
        bare = presented_in(scheme + content)
        found = None if bare is None else Stage().verifier.verify(bare.token, "")
    except Refusal as refusal:
        reason, found = refusal.reason, None
    assert (found, reason) == (None, Reason.JWT_MALFORMED)
