"""Whether a JWT was signed with the issuer's key: PyJWT's work, on a token that has one reading, with a key that was chosen before."""

from typing import Any, NamedTuple

from jwt import PyJWS, PyJWTError

from sidecar.errors import Reason, Refusal
from sidecar.identity.algorithms import JwtAlgorithm
from sidecar.identity.compact_jwt import CompactJwt
from sidecar.identity.issuer import Issuer
from sidecar.identity.jwt_header import read_header
from sidecar.identity.key_set import KeySet, VerificationKey

_LIBRARY = PyJWS([algorithm.value for algorithm in JwtAlgorithm])
_VERIFIERS: dict[JwtAlgorithm, Any] = {algorithm: _LIBRARY.get_algorithm_by_name(algorithm.value) for algorithm in JwtAlgorithm}
"""The library's algorithms. Its reading of tokens is not used: there would be two, which could differ."""


class Choice(NamedTuple):
    """The one key that may have signed a token, and how."""

    key: VerificationKey
    algorithm: JwtAlgorithm


def find_key(jwt: CompactJwt, issuer: Issuer, keys: KeySet) -> Choice | None:
    """The key of the set; None where there is none.

    :raises Refusal: JWT_NOT_ACCEPTED.
    """
    algorithm, kid = read_header(jwt.header, issuer)
    key = keys.key_for(kid, algorithm)
    return None if key is None else Choice(key, algorithm)


def check_signature(jwt: CompactJwt, choice: Choice) -> None:
    """Raise if this key did not sign this token in this way.

    :raises Refusal: JWT_SIGNATURE.
    """
    verifier = _VERIFIERS[choice.algorithm]
    try:
        signed = verifier.verify(jwt.signing_input, verifier.prepare_key(choice.key.key), jwt.signature)
    except (PyJWTError, ValueError, TypeError):
        signed = False
    if signed is not True:
        raise Refusal(Reason.JWT_SIGNATURE)
