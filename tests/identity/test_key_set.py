"""What a provider publishes becomes keys, each for its algorithms; what can't or mustn't verify is passed over and told."""

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from sidecar.identity.algorithms import JwtAlgorithm
from sidecar.identity.key_set import read_key_set, read_pem, secret_key
from tests.jwt import mint
from tests.jwt.mint import in_json, jwk

A = JwtAlgorithm
ALL_RSA = {A.RS256, A.RS384, A.RS512, A.PS256, A.PS384, A.PS512}
LARGE_EXPONENT = {**jwk(mint.RSA, "k"), "e": mint.b64((2**33 + 1).to_bytes(5, "big"))}
P521 = ec.generate_private_key(ec.SECP521R1())


def read(*entries: dict[str, Any]) -> list[tuple[str | None, frozenset[JwtAlgorithm]]]:
    return [(key.kid, key.algorithms) for key in read_key_set(in_json({"keys": entries})).keys]


@pytest.mark.parametrize(
    ("entry", "algorithms"),
    [
        (jwk(mint.RSA, "k"), ALL_RSA),
        (jwk(mint.RSA, "k", alg="PS384"), {A.PS384}),
        (jwk(mint.RSA, "k", use="sig", key_ops=["verify"], x5c=["AAAA"], x5t="AAAA"), ALL_RSA),
        (jwk(mint.P256, "k"), {A.ES256}),
        (jwk(mint.P384, "k", alg="ES384"), {A.ES384}),
        (jwk(P521, "k"), {A.ES512}),
        (jwk(mint.ED, "k"), {A.EDDSA}),
        (jwk(mint.ED, "k", alg="EdDSA"), {A.EDDSA}),
    ],
)
def test_a_key_is_for_its_algorithms(entry: dict[str, Any], algorithms: set[JwtAlgorithm]) -> None:
    assert read(entry) == [("k", frozenset(algorithms))]


@pytest.mark.parametrize(
    ("entry", "what"),
    [
        (jwk(mint.RSA, "k", use="enc"), "is not for verification"),
        (jwk(mint.RSA, "k", key_ops=["encrypt"]), "is not for verification"),
        (jwk(mint.RSA, "k", key_ops="verify"), "is not for verification"),
        (jwk(mint.RSA, "k", alg="RSA-OAEP"), "says an algorithm that it is not for"),
        (jwk(mint.RSA, "k", alg="ES256"), ""),
        (jwk(mint.RSA, "k", alg="HS256"), ""),
        (jwk(mint.RSA, "k", alg="none"), ""),
        (jwk(mint.P256, "k", alg="ES384"), ""),
        (jwk(mint.RSA, "k", d="AAAA"), "is a private key"),
        (jwk(mint.SECRET, "k"), "is a secret"),
        (jwk(mint.SECRET, "k", alg="HS256"), "is a secret"),
        (jwk(mint.WEAK, "k"), "RSA key outside of 2048 to 8192 bits"),
        (LARGE_EXPONENT, "RSA key outside of"),
        ({**jwk(mint.RSA, "k"), "e": "AQ"}, ""),  # 1: everybody could sign
        ({**jwk(mint.P256, "k"), "x": mint.b64(bytes(32))}, "can't be read"),  # not on the curve
        ({**jwk(mint.P256, "k"), "crv": "secp256k1"}, ""),
        ({**jwk(mint.ED, "k"), "crv": "Ed448"}, ""),
        ({**jwk(mint.ED, "k"), "crv": "X25519"}, ""),
        ({"kty": "RSA", "kid": "k"}, "can't be read"),
        ({"kty": "RSA", "kid": "k", "n": 1, "e": []}, "can't be read"),
        ({"kty": 1, "kid": "k"}, "can't be read"),
        ({}, "can't be read"),
        (jwk(mint.RSA, "k" * 257), "has an id that is no short text"),
        ({**jwk(mint.RSA, "k"), "kid": 1}, "has an id that is no short text"),
    ],
)
def test_what_can_not_or_must_not_verify_is_passed_over(entry: dict[str, Any], what: str) -> None:
    keys = read_key_set(in_json({"keys": [entry, jwk(mint.P256, "good")]}))
    assert [key.kid for key in keys.keys] == ["good"]
    assert len(keys.passed_over) == 1
    assert what in keys.passed_over[0]


def test_exactly_one_key_is_chosen_or_none() -> None:
    keys = read_key_set(
        in_json({"keys": [jwk(mint.RSA, "a"), jwk(mint.PS, "a"), jwk(mint.P256, "b"), jwk(mint.P384, None), jwk(mint.STRANGERS, "c")]})
    )
    assert keys.key_for("a", A.RS256) is None  # two of the same id
    assert keys.key_for(None, A.RS256) is None
    for kid, algorithm, position in (("b", A.ES256, 2), (None, A.ES256, 2), ("anything", A.ES384, 3), ("c", A.PS512, 4)):
        assert keys.key_for(kid, algorithm) is keys.keys[position]
    assert keys.key_for("b", A.ES384) is keys.keys[3]
    assert keys.key_for("b", A.RS256) is None


def test_a_fingerprint_is_that_of_the_keys_whatever_their_order() -> None:
    one, other = jwk(mint.RSA, "a"), jwk(mint.P256, "b")
    prints = [
        read_key_set(in_json({"keys": entries})).fingerprint
        for entries in ([one, other], [other, one, jwk(mint.WEAK, "w")], [one], [{**one, "kid": "c"}], [{**one, "alg": "RS256"}])
    ]
    assert prints[0] == prints[1]
    assert len(set(prints)) == 4


def test_pem_holds_public_keys_and_nothing_else() -> None:
    keys = read_pem(mint.public_pem(mint.RSA) + b"a remark\n" + mint.public_pem(mint.P256))
    assert [(key.kid, set(key.algorithms)) for key in keys.keys] == [(None, ALL_RSA), (None, {A.ES256})]
    for content, what in (
        (b"", "holds no PEM"),
        (b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", "neither a public key"),
        (b"-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----", "holds a private key"),
        (mint.public_pem(rsa.generate_private_key(3, 1024)), "outside of 2048"),  # noqa: S505  to be refused
        (mint.public_pem(ec.generate_private_key(ec.SECP256K1())), "not known here"),
    ):
        with pytest.raises(ValueError, match=what):
            read_pem(content)


def test_no_key_is_told_by_what_is_printed_of_it() -> None:
    keys = secret_key(mint.SECRET, [A.HS256])
    assert mint.SECRET.decode() not in repr(keys) + keys.fingerprint
