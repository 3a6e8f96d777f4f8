"""From an issued token to the caller it proves, as `sidecar.identity.identify` does for tokens of the configuration. Pure."""

from sidecar.errors import Reason, Refusal
from sidecar.otp.issued_token import IssuedToken
from sidecar.policy.model import Caller, Policy


def caller_of(policy: Policy, token: IssuedToken, address: str) -> Caller:
    """Who asks. The policy's conditions come afterwards, `expires` among them.

    :raises Refusal: TOKEN_UNKNOWN when the app connector is gone or has moved to another environment, USER_UNKNOWN.
    """
    app_connector = policy.app_connectors.get(token.app_connector)
    if app_connector is None or app_connector.environment != token.environment:
        raise Refusal(Reason.TOKEN_UNKNOWN)
    user = policy.users.get(token.user)
    if user is None:
        raise Refusal(Reason.USER_UNKNOWN)
    return Caller(user, app_connector, token.description, address, token.expires, token.digest)
