"""From what a credential proves to the caller, wherever the credential and the user were found. Pure."""

from dataclasses import dataclass
from datetime import datetime

from sidecar.errors import Reason, Refusal
from sidecar.policy.model import Caller, Policy, User, UserToken


@dataclass(frozen=True, slots=True)
class Proven:
    """What a credential says by itself, before anybody has looked whether there is such a user and such an app connector.

    `user` is his name; where it is empty, `email` is an address that must be his alone. `environment`: the one that the app connector must
    be of; any, where it is empty.
    """

    app_connector: str
    user: str = ""
    email: str = ""
    environment: str = ""
    device: str = ""
    expires: datetime | None = None


def caller_of(policy: Policy, proven: Proven, user: User | None, address: str, as_of: int = 0) -> Caller:
    """Who asks. The policy's conditions come afterwards, `expires` among them.

    :param user: the one who is meant, if there is one, with all of his groups.
    :param address: where the request comes from, trusted proxies considered.
    :param as_of: as the caller's.
    :raises Refusal: TOKEN_UNKNOWN when the app connector is gone or has moved to another environment, USER_UNKNOWN.
    """
    app_connector = policy.app_connectors.get(proven.app_connector)
    if app_connector is None or proven.environment not in ("", app_connector.environment):
        raise Refusal(Reason.TOKEN_UNKNOWN)
    if user is None:
        raise Refusal(Reason.USER_UNKNOWN)
    return Caller(user, app_connector, proven.device, address, proven.expires, as_of)


def proven_by(token: UserToken) -> Proven:
    """What a user token of the policy proves."""
    return Proven(token.app_connector, token.user, device=token.description, expires=token.expires)
