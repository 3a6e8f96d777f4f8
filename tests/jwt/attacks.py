"""Every published class of attack on JWTs, each with tokens that carry it out, and the reason for which they are refused.

`docs/threat-model.md` has the same classes. The table is held against the verifier, and against the proxy from outside.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from sidecar.errors import Reason
from tests.jwt import mint
from tests.jwt.mint import b64, claims, in_json, jwk, signature, signed, token


@dataclass(frozen=True)
class Attack:
    """One token. `make` gives it, so that its times are those of the moment when it is sent."""

    kind: str
    name: str
    make: Callable[[], str]
    reason: Reason


def _with(**changes: Any) -> Callable[[], str]:
    return lambda: token(claims(**changes))


def _raw(payload: Callable[[], bytes]) -> Callable[[], str]:
    return lambda: token(payload())


def _parts() -> tuple[str, str, str]:
    header, payload, signed_with = token().split(".")
    return header, payload, signed_with


def _no_signature(algorithm: Any, ending: str = "") -> Callable[[], str]:
    return lambda: f"{b64(in_json({'alg': algorithm, 'typ': 'JWT'}))}.{b64(in_json(claims()))}.{ending}"


def _confused(secret: bytes, algorithm: str = "HS256", **header: Any) -> Callable[[], str]:
    return lambda: token(None, secret, algorithm, **header)


def _ec(value: bytes, algorithm: str = "ES256", kid: str = "ec-1") -> Callable[[], str]:
    return lambda: f"{b64(in_json({'alg': algorithm, 'typ': 'JWT', 'kid': kid}))}.{b64(in_json(claims()))}.{b64(value)}"


def _order() -> int:
    return 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def _der() -> str:
    """The signature as most libraries of cryptography give it, and not as RFC 7518 3.4 has it."""
    head, payload, raw = token(None, mint.P256, "ES256", kid="ec-1").split(".")
    der = mint.P256.sign(f"{head}.{payload}".encode(), ec.ECDSA(SHA256()))
    assert raw
    return f"{head}.{payload}.{b64(der)}"


def _stretched(width: int) -> str:
    """Right numbers in another width."""
    head, payload, _ = token(None, mint.P256, "ES256", kid="ec-1").split(".")
    raw = signature(mint.P256, "ES256", f"{head}.{payload}".encode())
    r, s = (int.from_bytes(half, "big").to_bytes(width, "big") for half in (raw[:32], raw[32:]))
    return f"{head}.{payload}.{b64(r + s)}"


def _curve_of_another(curve_key: ec.EllipticCurvePrivateKey, algorithm: str, kid: str) -> str:
    return token(None, curve_key, algorithm, kid=kid)


def _twice(first: str, second: str, whole: str) -> bytes:
    return whole.replace(first, f"{second},{first}", 1).encode()


def _payload_with(text: str) -> Callable[[], bytes]:
    """The claims with one more member, spelled so."""
    return lambda: in_json(claims())[:-1] + b"," + text.encode() + b"}"


def _changed(position: int, change: Callable[[str], str]) -> Callable[[], str]:
    """A valid token of which one part was changed, the signature left as it was."""

    def make() -> str:
        parts = list(_parts())
        parts[position] = change(parts[position])
        return ".".join(parts)

    return make


def _kid(kid: object) -> Callable[[], str]:
    return lambda: token(None, mint.STRANGERS, kid=kid)


def _partners() -> dict[str, Any]:
    return {**claims(), "iss": mint.PARTNER, "email": "j.devries@example.com", "email_verified": True}


def _weak(secret: bytes) -> Callable[[], str]:
    return lambda: token({**claims(), "iss": mint.SHARED}, secret, "HS256", kid=None)


def _header(**members: Any) -> Callable[[], str]:
    return lambda: token(None, **members)


def _own_key(**header: Any) -> Callable[[], str]:
    """Signed with a key that the token brings along."""
    return lambda: token(None, mint.STRANGERS, **header)


def _raw_header(content: bytes) -> Callable[[], str]:
    return lambda: signed(content, in_json(claims()), mint.RSA, "RS256")


def _bomb() -> str:
    return token(in_json(claims())[:-1] + b',"x":"' + b"A" * 20_000 + b'"}')


R = Reason
_EVIL = "https://attacker.example/keys.json"
_KINDS: dict[str, dict[str, tuple[Callable[[], str], Reason]]] = {
    "no signature (CVE-2015-9235, CVE-2020-28042)": {
        **{
            f"alg {algorithm!r}": (_no_signature(algorithm), R.JWT_MALFORMED)
            for algorithm in ("none", "None", "NONE", "nOnE", "none ", "", "RS256")
        },
        **{
            f"alg {algorithm!r} with something in the signature's place": (_no_signature(algorithm, "AAAA"), R.JWT_NOT_ACCEPTED)
            for algorithm in ("none", "None", "nOnE", "NONE", "none\0", " none", "", None, 0, [], ["RS256"], {"RS256": 1}, True)
        },
        "no alg at all": (_header(alg=None), R.JWT_NOT_ACCEPTED),
        "the signature taken off, with its dot": (lambda: ".".join(_parts()[:2]), R.JWT_MALFORMED),
        "the signature taken off": (_changed(2, lambda _: ""), R.JWT_MALFORMED),
        "a shorter signature": (_changed(2, lambda text: text[:168]), R.JWT_SIGNATURE),
        "zeros for a signature": (_changed(2, lambda _: b64(bytes(256))), R.JWT_SIGNATURE),
    },
    "public key as shared secret (CVE-2015-9235, CVE-2016-10555)": {
        "PEM": (_confused(mint.public_pem(mint.RSA)), R.JWT_NOT_ACCEPTED),
        "PEM without its last line end": (_confused(mint.public_pem(mint.RSA).strip()), R.JWT_NOT_ACCEPTED),
        "PEM with Windows line ends": (_confused(mint.public_pem(mint.RSA).replace(b"\n", b"\r\n")), R.JWT_NOT_ACCEPTED),
        "DER": (_confused(mint.public_der(mint.RSA)), R.JWT_NOT_ACCEPTED),
        "the JWK": (_confused(in_json(jwk(mint.RSA, "rsa-1"))), R.JWT_NOT_ACCEPTED),
        "HS512": (_confused(mint.public_pem(mint.RSA), "HS512"), R.JWT_NOT_ACCEPTED),
        "of an EC key": (_confused(mint.public_pem(mint.P256), kid="ec-1"), R.JWT_NOT_ACCEPTED),
        "nothing as a secret": (_confused(b""), R.JWT_NOT_ACCEPTED),
        "a secret that stands in the published set": (_confused(mint.SECRET, kid="oct-1"), R.JWT_NOT_ACCEPTED),
        "alg says RS256, the signature is an HMAC": (
            lambda: signed(in_json({"alg": "RS256", "kid": "rsa-1"}), in_json(claims()), mint.public_pem(mint.RSA), "HS256"),
            R.JWT_SIGNATURE,
        ),
    },
    "keys that the token brings or points to (CVE-2018-0114)": {
        "jwk": (_own_key(jwk=jwk(mint.STRANGERS, "rsa-1")), R.JWT_NOT_ACCEPTED),
        "jwk without kid": (_own_key(jwk=jwk(mint.STRANGERS, None), kid=None), R.JWT_NOT_ACCEPTED),
        "jwk that is a secret": (lambda: token(None, b"x" * 32, "HS256", jwk=jwk(b"x" * 32, "rsa-1")), R.JWT_NOT_ACCEPTED),
        "jwk that is the provider's own": (_header(jwk=jwk(mint.RSA, "rsa-1")), R.JWT_NOT_ACCEPTED),
        "jku": (_own_key(jku=_EVIL), R.JWT_NOT_ACCEPTED),
        "jku of the provider": (_own_key(jku=f"{mint.COMPANY}/keys"), R.JWT_NOT_ACCEPTED),
        "jku that looks like the provider": (_own_key(jku=f"{mint.COMPANY}@attacker.example/"), R.JWT_NOT_ACCEPTED),
        "x5u": (_own_key(x5u=_EVIL), R.JWT_NOT_ACCEPTED),
        "x5c": (_own_key(x5c=[b64(mint.public_der(mint.STRANGERS))]), R.JWT_NOT_ACCEPTED),
        "x5t says nothing": (_own_key(x5t=mint.thumbprint(mint.STRANGERS)), R.JWT_SIGNATURE),
        "signed by somebody else": (_own_key(), R.JWT_SIGNATURE),
        "signed by somebody else, EC": (lambda: token(None, mint.STRANGERS_P256, "ES256", kid="ec-1"), R.JWT_SIGNATURE),
    },
    "kid as a path, a query or a command": {
        **{
            f"kid {kid!r}": (_kid(kid), R.JWT_KEY_UNKNOWN)
            for kid in (
                "../../../../dev/null",
                "/proc/sys/kernel/randomize_va_space",
                "x' UNION SELECT 'secret' --",
                "rsa-1' OR '1'='1",
                "rsa-1; id",
                "rsa-1|id",
                "$(id)",
                "http://attacker.example/key",
                "RSA-1",
                "rsa-1 ",
            )
        },
        **{
            f"kid {kid!r}, no text": (_kid(kid), R.JWT_NOT_ACCEPTED)
            for kid in (1, True, ["rsa-1"], {"rsa-1": 1}, "", "rsa-1\0", "rsa-1\n", "k" * 257)
        },
        "no kid, where several keys would do": (
            lambda: token(_partners(), mint.PARTNERS, kid=None),
            R.JWT_KEY_UNKNOWN,
        ),
    },
    "psychic signatures (CVE-2022-21449)": {
        "r and s are 0": (_ec(bytes(64)), R.JWT_SIGNATURE),
        "r is 0": (_ec(bytes(32) + b"\1" * 32), R.JWT_SIGNATURE),
        "s is 0": (_ec(b"\1" * 32 + bytes(32)), R.JWT_SIGNATURE),
        "r and s are the order": (_ec(_order().to_bytes(32, "big") * 2), R.JWT_SIGNATURE),
        "r and s are beyond the order": (_ec((_order() + 1).to_bytes(32, "big") * 2), R.JWT_SIGNATURE),
        "all bits": (_ec(b"\xff" * 64), R.JWT_SIGNATURE),
        "zeros in DER": (_ec(encode_dss_signature(0, 0)), R.JWT_SIGNATURE),
        "ES384": (_ec(bytes(96), "ES384", "ec-384"), R.JWT_SIGNATURE),
        "EdDSA": (_ec(bytes(64), "EdDSA", "ed-1"), R.JWT_SIGNATURE),
    },
    "other forms of an ECDSA signature": {
        "DER": (_der, R.JWT_SIGNATURE),
        "wider": (partial(_stretched, 33), R.JWT_SIGNATURE),
        "much wider": (partial(_stretched, 48), R.JWT_SIGNATURE),
        "empty": (lambda: ".".join([*token(None, mint.P256, "ES256", kid="ec-1").split(".")[:2], ""]), R.JWT_MALFORMED),
        "one number only": (_ec(b"\1" * 32), R.JWT_SIGNATURE),
    },
    "curve and algorithm that don't belong together": {
        "ES256 with a P-384 key": (lambda: _curve_of_another(mint.P384, "ES256", "ec-384"), R.JWT_KEY_UNKNOWN),
        "ES384 with a P-256 key": (lambda: _curve_of_another(mint.P256, "ES384", "ec-1"), R.JWT_KEY_UNKNOWN),
        "ES256K": (_header(alg="ES256K"), R.JWT_NOT_ACCEPTED),
        "an RSA key for ES256": (lambda: token(None, mint.RSA, "RS256", alg="ES256"), R.JWT_KEY_UNKNOWN),
        "an EC key for RS256": (lambda: token(None, mint.RSA, "RS256", kid="ec-1"), R.JWT_KEY_UNKNOWN),
    },
    "one key for several algorithms": {
        "a key for RS256 used for PS256": (lambda: token(None, mint.RSA, "PS256"), R.JWT_KEY_UNKNOWN),
        "a key for PS256 used for RS256": (lambda: token(None, mint.PS, "RS256", kid="ps-1"), R.JWT_KEY_UNKNOWN),
        "a key for encryption": (lambda: token(None, mint.ENCRYPTION, kid="enc-1"), R.JWT_KEY_UNKNOWN),
        "a weak key": (lambda: token(None, mint.WEAK, kid="weak-1"), R.JWT_KEY_UNKNOWN),
        "an algorithm that this issuer does not use": (lambda: token(None, mint.RSA, "RS512"), R.JWT_NOT_ACCEPTED),
        **{f"alg {name}": (_header(alg=name), R.JWT_NOT_ACCEPTED) for name in ("rs256", "Rs256", "RS256 ", " RS256", "RS256\0", "RS-256")},
    },
    "encrypted tokens, and signed taken for encrypted": {
        "five parts": (lambda: token() + ".AAAA.AAAA", R.JWT_MALFORMED),
        "five parts, dir": (lambda: f"{b64(in_json({'alg': 'dir', 'enc': 'A256GCM'}))}..AAAA.AAAA.AAAA", R.JWT_MALFORMED),
        "enc in the header": (_header(enc="A128CBC-HS256"), R.JWT_NOT_ACCEPTED),
        "alg of encryption": (_header(alg="RSA-OAEP"), R.JWT_NOT_ACCEPTED),
        "alg PBES2 with a count that takes for ever": (_header(alg="PBES2-HS256+A128KW", p2c=2**31 - 1, p2s="AAAA"), R.JWT_NOT_ACCEPTED),
        "zip in the header": (_header(zip="DEF"), R.JWT_NOT_ACCEPTED),
        "more than is ever read": (_bomb, R.JWT_MALFORMED),
    },
    "tokens within tokens": {
        "cty JWT": (_header(cty="JWT"), R.JWT_NOT_ACCEPTED),
        "cty application/jwt": (_header(cty="application/jwt"), R.JWT_NOT_ACCEPTED),
        "a token for a payload": (lambda: token(token().encode()), R.JWT_MALFORMED),
        "a token in quotes for a payload": (lambda: token(in_json(token())), R.JWT_MALFORMED),
    },
    "extensions (CVE-2025-59420)": {
        "crit with something unknown": (_header(crit=["http://example.com/bork"], **{"http://example.com/bork": True}), R.JWT_NOT_ACCEPTED),
        "crit with exp": (_header(crit=["exp"], exp=0), R.JWT_NOT_ACCEPTED),
        "crit empty": (_header(crit=[]), R.JWT_NOT_ACCEPTED),
        "crit no list": (_header(crit="b64"), R.JWT_NOT_ACCEPTED),
        "crit null": (_raw_header(b'{"alg":"RS256","kid":"rsa-1","crit":null}'), R.JWT_NOT_ACCEPTED),
        "b64 false": (_header(b64=False, crit=["b64"]), R.JWT_NOT_ACCEPTED),
        "b64 false, payload in clear": (lambda: _unencoded(), R.JWT_MALFORMED),
        "b64 true": (_header(b64=True), R.JWT_NOT_ACCEPTED),
    },
    "JSON with more than one reading": {
        "alg twice": (_raw_header(b'{"alg":"none","alg":"RS256","kid":"rsa-1"}'), R.JWT_MALFORMED),
        "alg twice, one with an escape": (_raw_header(b'{"\\u0061lg":"none","alg":"RS256","kid":"rsa-1"}'), R.JWT_MALFORMED),
        "user twice": (
            _raw(lambda: _twice('"sub"', '"preferred_username":"m.jansen"', in_json(claims()).decode())),
            R.JWT_MALFORMED,
        ),
        "a key twice, deep within": (_raw(_payload_with('"act":{"a":1,"a":2}')), R.JWT_MALFORMED),
        "NaN": (_raw(_payload_with('"x":NaN')), R.JWT_MALFORMED),
        "Infinity": (_raw(_payload_with('"x":Infinity')), R.JWT_MALFORMED),
        "1e400": (_raw(_payload_with('"x":1e400')), R.JWT_MALFORMED),
        "a number of many digits": (_raw(_payload_with('"x":' + "9" * 5_000)), R.JWT_MALFORMED),
        "a remark": (_raw(lambda: b"/* */" + in_json(claims())), R.JWT_MALFORMED),
        "something behind": (_raw(lambda: in_json(claims()) + b"{}"), R.JWT_MALFORMED),
        "a byte order mark": (_raw(lambda: b"\xef\xbb\xbf" + in_json(claims())), R.JWT_MALFORMED),
        "UTF-16": (_raw(lambda: in_json(claims()).decode().encode("utf-16")), R.JWT_MALFORMED),
        "bytes that are no UTF-8": (_raw(_payload_with('"x":"')), R.JWT_MALFORMED),
        "half a surrogate pair": (_raw(_payload_with('"x":"\\ud800"')), R.JWT_MALFORMED),
        "a list at the top": (_raw(lambda: in_json([claims()])), R.JWT_MALFORMED),
        "nothing": (_raw(lambda: b""), R.JWT_MALFORMED),
        "null": (_raw(lambda: b"null"), R.JWT_MALFORMED),
        "depth": (_raw(_payload_with('"x":' + "[" * 1_900 + "]" * 1_900)), R.JWT_MALFORMED),
        "depth of objects": (_raw(_payload_with('"x":' + '{"a":' * 1_500 + "1" + "}" * 1_500)), R.JWT_MALFORMED),
        "many objects": (_raw(_payload_with('"x":[' + ",".join(["{}"] * 2_500) + "]")), R.JWT_MALFORMED),
    },
    "times": {
        "expired": (lambda: token(claims(exp=int(time.time()) - 31, iat=int(time.time()) - 90)), R.JWT_EXPIRED),
        "expired long ago": (_with(exp=1, iat=0), R.JWT_EXPIRED),
        "without end": (_with(exp=None), R.JWT_CLAIMS),
        "null": (_raw(lambda: in_json({**claims(), "exp": None})), R.JWT_CLAIMS),
        "exp a text": (lambda: token(claims(exp=str(int(time.time()) + 300))), R.JWT_CLAIMS),
        "exp true": (_with(exp=True), R.JWT_CLAIMS),
        "exp a list": (lambda: token(claims(exp=[int(time.time()) + 300])), R.JWT_CLAIMS),
        "exp an object": (_with(exp={}), R.JWT_CLAIMS),
        "exp below 0": (_with(exp=-1), R.JWT_CLAIMS),
        "exp beyond all years": (_with(exp=10**18), R.JWT_CLAIMS),
        "exp 1e308": (_raw(lambda: in_json(claims(exp=0)).replace(b'"exp":0', b'"exp":1e308')), R.JWT_CLAIMS),
        "exp for ten years": (lambda: token(claims(exp=int(time.time()) + 315_360_000)), R.JWT_CLAIMS),
        "not before tomorrow": (lambda: token(claims(nbf=int(time.time()) + 86_400)), R.JWT_CLAIMS),
        "nbf a text": (_with(nbf="0"), R.JWT_CLAIMS),
        "made tomorrow": (lambda: token(claims(iat=int(time.time()) + 3_600, exp=int(time.time()) + 7_200)), R.JWT_CLAIMS),
        "iat true": (_with(iat=True), R.JWT_CLAIMS),
        "iat false": (_with(iat=False), R.JWT_CLAIMS),
    },
    "tokens for others": {
        "another audience": (_with(aud="payroll"), R.JWT_AUDIENCE),
        "no audience": (_with(aud=None), R.JWT_AUDIENCE),
        "an empty list": (_with(aud=[]), R.JWT_AUDIENCE),
        "others beside": (_with(aud=["connectors", "payroll"]), R.JWT_AUDIENCE),
        "ours within another's": (_with(aud="connectors payroll"), R.JWT_AUDIENCE),
        "ours with a slash": (_with(aud="connectors/"), R.JWT_AUDIENCE),
        "in other letters": (_with(aud="Connectors"), R.JWT_AUDIENCE),
        "a number": (_with(aud=1), R.JWT_AUDIENCE),
        "an object": (_with(aud={"connectors": True}), R.JWT_AUDIENCE),
        "a list in a list": (_with(aud=[["connectors"]]), R.JWT_AUDIENCE),
        "a list with a number": (_with(aud=["connectors", 1]), R.JWT_AUDIENCE),
        "a hundred": (_with(aud=["connectors"] * 100), R.JWT_AUDIENCE),
    },
    "mixed-up issuers": {
        "unknown": (_with(iss="https://attacker.example"), R.JWT_ISSUER_UNKNOWN),
        "none": (_with(iss=None), R.JWT_ISSUER_UNKNOWN),
        "a list": (_with(iss=[mint.COMPANY]), R.JWT_ISSUER_UNKNOWN),
        "with a slash": (_with(iss=f"{mint.COMPANY}/"), R.JWT_ISSUER_UNKNOWN),
        "in other letters": (_with(iss=mint.COMPANY.upper()), R.JWT_ISSUER_UNKNOWN),
        "the company's key for the partner": (lambda: token(_partners()), R.JWT_SIGNATURE),
        "the partner's key for the company": (lambda: token(None, mint.PARTNERS, kid="rsa-1"), R.JWT_SIGNATURE),
        "the partner's key for the company, by its id": (lambda: token(None, mint.PARTNERS, kid="partner-1"), R.JWT_KEY_UNKNOWN),
        "the shared secret for the company": (lambda: token(None, mint.SECRET, "HS256"), R.JWT_NOT_ACCEPTED),
        "the company's key for the shared secret": (_with(iss=mint.SHARED), R.JWT_NOT_ACCEPTED),
    },
    "tokens of another kind": {
        "typ of a logout token": (_header(typ="logout+jwt"), R.JWT_NOT_ACCEPTED),
        "typ of a DPoP proof": (_header(typ="dpop+jwt"), R.JWT_NOT_ACCEPTED),
        "typ no text": (_header(typ=["JWT"]), R.JWT_NOT_ACCEPTED),
        "typ null": (_raw_header(b'{"alg":"RS256","kid":"rsa-1","typ":null}'), R.JWT_NOT_ACCEPTED),
        "an ID token, with the hash of an access token": (_with(at_hash="x"), R.JWT_CLAIMS),
        "an ID token, with the hash of a code": (_with(c_hash="x"), R.JWT_CLAIMS),
        "an ID token, with a nonce": (_with(nonce="x"), R.JWT_CLAIMS),
        "an ID token of Keycloak": (_with(typ="ID"), R.JWT_CLAIMS),
        "a refresh token of Keycloak": (_with(typ="Refresh"), R.JWT_CLAIMS),
        "an ID token of Cognito": (_with(token_use="id"), R.JWT_CLAIMS),
        "a logout token": (_with(events={"http://schemas.openid.net/event/backchannel-logout": {}}), R.JWT_CLAIMS),
        "the claim typ no text": (_with(typ=1), R.JWT_CLAIMS),
        "bound to a key (RFC 9449)": (_with(cnf={"jkt": "x"}), R.JWT_BOUND),
        "bound to a certificate (RFC 8705)": (_with(cnf={"x5t#S256": "x"}), R.JWT_BOUND),
        "bound to nothing": (_with(cnf={}), R.JWT_BOUND),
    },
    "claims about who it is": {
        "another client": (_with(azp="payroll-app"), R.JWT_CLIENT_UNKNOWN),
        "no client": (_with(azp=None), R.JWT_CLAIMS),
        "a client in a list": (_with(azp=["hours-mobile"]), R.JWT_CLAIMS),
        "a user in a list": (_with(preferred_username=["j.devries"]), R.JWT_CLAIMS),
        "a user in an object": (_with(preferred_username={"j.devries": 1}), R.JWT_CLAIMS),
        "no user": (_with(preferred_username=None), R.JWT_CLAIMS),
        "a user of spaces": (_with(preferred_username=" "), R.JWT_CLAIMS),
        "a user with a space": (_with(preferred_username="j.devries "), R.JWT_CLAIMS),
        "a user with a line end": (_with(preferred_username="j.devries\n"), R.JWT_CLAIMS),
        "a user with a NUL": (_with(preferred_username="j.devries\0"), R.JWT_CLAIMS),
        "a user that is true": (_with(preferred_username=True), R.JWT_CLAIMS),
        "sub no text": (_with(sub=1), R.JWT_CLAIMS),
        "a client that is called like a user (RFC 9700, 4.15)": (_with(client_id="j.devries"), R.JWT_CLAIMS),
        "an address that nobody verified": (
            lambda: token({**claims(), "iss": mint.PARTNER, "email": "j.devries@example.com"}, mint.PARTNERS, kid="partner-1"),
            R.JWT_CLAIMS,
        ),
        "an address, verified as a text": (
            lambda: token(
                {**claims(), "iss": mint.PARTNER, "email": "j.devries@example.com", "email_verified": "true"},
                mint.PARTNERS,
                kid="partner-1",
            ),
            R.JWT_CLAIMS,
        ),
        "two addresses in one (GHSA-c5c4-8r6x-56w3)": (
            lambda: token(
                {**claims(), "iss": mint.PARTNER, "email": "a@attacker.example@example.com", "email_verified": True},
                mint.PARTNERS,
                kid="partner-1",
            ),
            R.JWT_CLAIMS,
        ),
        "an attribute that is an object": (_with(department={"a": 1}), R.JWT_CLAIMS),
        "an attribute of which one value is bad": (_with(department=["CONS", None]), R.JWT_CLAIMS),
    },
    "weak shared secrets": {
        **{
            f"secret {secret!r}": (_weak(secret), R.JWT_SIGNATURE)
            for secret in (b"secret", b"your-256-bit-secret", b"changeme", b"", b"\0" * 32)
        },
    },
    "other spellings of a valid token": {
        "padding": (_changed(0, lambda text: text + "="), R.JWT_MALFORMED),
        "padding behind the signature": (_changed(2, lambda text: text + "=="), R.JWT_MALFORMED),
        "base64 of the other alphabet": (_changed(2, lambda text: text[:-4] + "+/+/"), R.JWT_MALFORMED),
        "stray bits behind the last byte": (_changed(2, lambda text: text[:-1] + ("h" if text[-1] != "h" else "i")), R.JWT_MALFORMED),
        "a dot more": (lambda: token() + ".", R.JWT_MALFORMED),
        "a dot before": (lambda: "." + token(), R.JWT_MALFORMED),
        "a billion parts, nearly": (lambda: "." * 8_000, R.JWT_MALFORMED),
        "one part": (lambda: "AAAA", R.JWT_MALFORMED),
        "letters beyond ASCII that look alike": (_changed(0, lambda text: "е" + text[1:]), R.JWT_MALFORMED),
        "full-width letters": (_changed(1, lambda text: "ｅ" + text[1:]), R.JWT_MALFORMED),
        "a percent escape": (_changed(1, lambda text: "%65" + text[1:]), R.JWT_MALFORMED),
        "a space within": (_changed(1, lambda text: text[:4] + " " + text[4:]), R.JWT_MALFORMED),
        "two tokens": (lambda: f"{token()},{token()}", R.JWT_MALFORMED),
        "in quotes": (lambda: f'"{token()}"', R.JWT_MALFORMED),
        "JSON serialisation": (
            lambda: in_json(dict(zip(("protected", "payload", "signature"), _parts(), strict=True))).decode(),
            R.JWT_MALFORMED,
        ),
    },
}


def _unencoded() -> str:
    """RFC 7797 with a payload that stands as it is."""
    return signed(in_json({"alg": "RS256", "kid": "rsa-1", "b64": False, "crit": ["b64"]}), in_json(claims()).decode(), mint.RSA, "RS256")


def attacks() -> Iterator[Attack]:
    for kind, cases in _KINDS.items():
        for name, (make, reason) in cases.items():
            yield Attack(kind, name, make, reason)


ATTACKS = list(attacks())
