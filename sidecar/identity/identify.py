"""From a credential to the caller it proves: environment, app connector, user and device."""

from sidecar.errors import Reason, Refusal
from sidecar.identity.proven import caller_of, proven_by
from sidecar.identity.user_token import find_token, read_authorization
from sidecar.policy.model import Caller, Policy


def identify(policy: Policy, authorization: str | None, address: str) -> Caller:
    """Who asks. The user token alone picks the app connector and, with it, the environment.

    :param authorization: the value of the Authorization header; None without one.
    :param address: where the request comes from, trusted proxies considered.
    :raises Refusal: TOKEN_MISSING, TOKEN_MALFORMED, TOKEN_UNKNOWN or USER_UNKNOWN.
    """
    if authorization is None:
        raise Refusal(Reason.TOKEN_MISSING)
    return identify_token(policy, read_authorization(authorization), address)


def identify_token(policy: Policy, digest: bytes, address: str) -> Caller:
    """The same, by the digest of a token.

    :raises Refusal: TOKEN_UNKNOWN or USER_UNKNOWN.
    """
    token = find_token(policy, digest)
    return caller_of(policy, proven_by(token), policy.users.get(token.user), address)
