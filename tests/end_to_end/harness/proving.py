"""An issuer whose tokens are bound to a key of the app's, and requests that prove it (RFC 9449)."""

import hashlib
import time
from collections.abc import Callable
from typing import Any

from tests.end_to_end.harness.configuration import Configuration
from tests.jwt.mint import P256, b64, claims, in_json, jwk, signed, token
from tests.jwt.test_dpop_proof import thumbprint

PUBLIC_URL = "https://connectors.example.com"
"""Where clients know the sidecar, whatever they say in `Host`."""


def taking_proofs(dpop: str = "allowed") -> Callable[[Configuration], None]:
    """A change for `with_issuers`: the company's tokens may be bound to keys."""

    def change(content: Configuration) -> None:
        content["public_urls"] = [PUBLIC_URL]
        content["issuers"]["company"]["dpop"] = dpop

    return change


def bound_token(key: Any = P256, **more: Any) -> str:
    """A token that the company gave to whoever has this key."""
    return token(claims(cnf={"jkt": b64(thumbprint(key))}, **more))


def proof(
    text: str, target: str, verb: str = "GET", key: Any = P256, alg: str = "ES256", header: dict[str, Any] | None = None, **changes: Any
) -> str:
    """A proof for one request with this token; None takes a claim out."""
    whole = {
        "htm": verb,
        "htu": PUBLIC_URL + target.partition("?")[0],
        "iat": int(time.time()),
        "jti": b64(hashlib.sha256(str(time.perf_counter_ns()).encode()).digest()),
        "ath": b64(hashlib.sha256(text.encode()).digest()),
        **changes,
    }
    whole = {name: value for name, value in whole.items() if value is not None}
    return signed(
        in_json({"typ": "dpop+jwt", "alg": alg, "jwk": jwk(P256 if alg == "HS256" else key, None), **(header or {})}),
        in_json(whole),
        key,
        alg,
    )
