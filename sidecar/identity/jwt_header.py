"""What a JWT's header may ask for: one of the issuer's algorithms, and a key by its id.

All that would bring keys along, or change how the token is read, is refused.
"""

import re
from typing import Any

from sidecar.errors import Reason, Refusal
from sidecar.identity.algorithms import JwtAlgorithm
from sidecar.identity.issuer import Issuer
from sidecar.identity.key_set import LONGEST_KID

_NEVER = {
    "crit": "extensions that must be understood",  # RFC 7515, 4.1.11: none is
    "jku": "keys from an address in the token",
    "jwk": "a key in the token",
    "x5u": "a certificate from an address in the token",
    "x5c": "a certificate in the token",
    "b64": "an unencoded payload",  # RFC 7797
    "zip": "compression",
    "enc": "encryption",
    "cty": "a token within the token",
}
_BY_NAME = {algorithm.value: algorithm for algorithm in JwtAlgorithm}
_KID = re.compile(r"[^\x00-\x1f\x7f]+")


def read_header(header: dict[str, Any], issuer: Issuer) -> tuple[JwtAlgorithm, str | None]:
    """The algorithm and the id of the key.

    :raises Refusal: JWT_NOT_ACCEPTED.
    """
    for name, what in _NEVER.items():
        if name in header:
            raise Refusal(Reason.JWT_NOT_ACCEPTED, f"`{name}` asks for {what}")
    said = header.get("alg")
    algorithm = _BY_NAME.get(said) if isinstance(said, str) else None
    if algorithm is None or algorithm not in issuer.algorithms:
        raise Refusal(Reason.JWT_NOT_ACCEPTED, "`alg` is none of the issuer's `algorithms`")
    type_ = header.get("typ", "JWT")
    if not isinstance(type_, str) or type_.lower().removeprefix("application/") not in issuer.types:
        raise Refusal(Reason.JWT_NOT_ACCEPTED, "`typ` is none of the issuer's `types`")
    kid = header.get("kid")
    if kid is not None and not (isinstance(kid, str) and len(kid) <= LONGEST_KID and _KID.fullmatch(kid)):
        raise Refusal(Reason.JWT_NOT_ACCEPTED, "`kid` is no short text")
    return algorithm, kid
