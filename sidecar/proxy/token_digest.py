"""The token in the Authorization header, as bytes from the wire."""

from sidecar.errors import Reason, Refusal
from sidecar.identity.user_token import read_authorization


def digest_in(authorization: bytes | None) -> bytes:
    """The digest of the token in the header's value.

    :raises Refusal: TOKEN_MISSING, TOKEN_MALFORMED.
    """
    if authorization is None:
        raise Refusal(Reason.TOKEN_MISSING)
    return read_authorization(authorization.decode("latin-1"))
