"""Whether a JWT was signed with the issuer's key: PyJWT's work, on a token that has one reading, with a key that was chosen before."""

from jwt import PyJWS, PyJWTError

from sidecar.errors import Reason, Refusal
from sidecar.identity.algorithms import JwtAlgorithm
from sidecar.identity.compact_jwt import CompactJwt
from sidecar.identity.issuer import Issuer
from sidecar.identity.jwt_header import read_header
from sidecar.identity.key_set import KeySet, VerificationKey

_LIBRARY = PyJWS([algorithm.value for algorithm in JwtAlgorithm])


def find_key(jwt: CompactJwt, issuer: Issuer, keys: KeySet) -> VerificationKey | None:
    """The one key of the set that may have signed it; None where there is none.

    :raises Refusal: JWT_NOT_ACCEPTED.
    """
    algorithm, kid = read_header(jwt.header, issuer)
    return keys.key_for(kid, algorithm)


def check_signature(jwt: CompactJwt, issuer: Issuer, key: VerificationKey) -> None:
    """Raise if this key did not sign this token.

    :raises Refusal: JWT_SIGNATURE, JWT_NOT_ACCEPTED.
    """
    algorithm, _ = read_header(jwt.header, issuer)
    if algorithm not in key.algorithms:
        raise Refusal(Reason.JWT_NOT_ACCEPTED, "`alg` is not one for this key")
    try:
        _LIBRARY.decode(jwt.text, key.key, algorithms=[algorithm.value])
    except (PyJWTError, ValueError, TypeError):
        raise Refusal(Reason.JWT_SIGNATURE) from None
