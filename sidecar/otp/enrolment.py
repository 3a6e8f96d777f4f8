"""From what an app claims (two keys, a user) to whom a code may be mailed, if to anybody. Pure; the reasons are for our own log only."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from email.headerregistry import Address
from functools import lru_cache
from hmac import compare_digest

from sidecar.errors import Reason
from sidecar.identity.email import folded, names_by_email
from sidecar.otp.happening import Outcome
from sidecar.otp.message import Language
from sidecar.policy.decide import unmet_condition
from sidecar.policy.model import AppConnector, Caller, ClientCertificate, Policy, User

_LONGEST_EMAIL = 254
_PARTICIPANT = re.compile(r"[A-Za-z]([0-9]{5})[A-Za-z]{2}")
_WITH_PARTICIPANT = re.compile(r"([0-9]{5})\.(.+)")


@dataclass(frozen=True, slots=True)
class Claim:
    """What comes in with a request, nothing proven but where from: `api_key` and `environment_key` as they stand on the wire."""

    user_id: str
    api_key: str = field(repr=False)
    environment_key: str = field(repr=False)
    address: str
    certificate: ClientCertificate | None = None


@dataclass(frozen=True, slots=True)
class Enrolment:
    """An app connector whose users may fetch tokens, and the SHA-256 of both keys by which its app names it."""

    app_connector: str
    api_key: bytes
    environment_key: bytes
    language: Language


@dataclass(frozen=True, slots=True)
class Recipient:
    """Who may be mailed and given a token: known, allowed at this moment and in reach."""

    user: User
    app_connector: AppConnector
    language: Language


@dataclass(frozen=True, slots=True)
class Enrolments:
    """All app connectors with keys under one policy; made by `enrolments_of` whenever a policy is loaded.

    `users`, and `by_email` their names by address (see `names_by_email`): all of the policy, or those who were looked up for a claim.
    """

    policy: Policy
    by_keys: Mapping[bytes, Enrolment]
    users: Mapping[str, User]
    by_email: Mapping[str, str | None]


def key_digest(key: str) -> bytes:
    """SHA-256 of an API key or environment key as it stands. Keys are long and random, so nothing slower is needed."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()


def enrolments_of(policy: Policy, enrolments: Iterable[Enrolment]) -> Enrolments:
    """The look-up tables.

    :raises ValueError: when two app connectors have the same pair of keys.
    """
    by_keys: dict[bytes, Enrolment] = {}
    for enrolment in enrolments:
        other = by_keys.setdefault(enrolment.api_key + enrolment.environment_key, enrolment)
        if other is not enrolment:
            raise ValueError(f"`{enrolment.app_connector}` and `{other.app_connector}` have the same keys")
    return Enrolments(policy, by_keys, policy.users, names_by_email(policy.users.values()))


def enrolled(enrolments: Enrolments, api_key: str, environment_key: str) -> Enrolment | None:
    """The app connector that has these keys."""
    api, environment = key_digest(api_key), key_digest(environment_key)
    enrolment = enrolments.by_keys.get(api + environment)
    if enrolment is None or not (compare_digest(enrolment.api_key, api) & compare_digest(enrolment.environment_key, environment)):
        return None
    return enrolment


def names_in(enrolments: Enrolments, claim: Claim) -> tuple[str, str]:
    """The two names that a claim's user may have: as it stands, and behind the participant number. Always two, though they be the same."""
    enrolment = enrolled(enrolments, claim.api_key, claim.environment_key)
    app_connector = None if enrolment is None else enrolments.policy.app_connectors.get(enrolment.app_connector)
    return claim.user_id, without_participant(claim.user_id, "" if app_connector is None else app_connector.environment)


def with_users(enrolments: Enrolments, users: Iterable[User | None], by_email: User | None) -> Enrolments:
    """The enrolments, with those users for all of the policy who were looked up for one claim.

    :param by_email: the one who alone has the address that the claim may mean.
    """
    named = {user.name: user for user in (*users, by_email) if user is not None}
    addresses: dict[str, str | None] = {} if by_email is None else {folded(by_email.email): by_email.name}
    return replace(enrolments, users=named, by_email=addresses)


def recipient_of(enrolments: Enrolments, claim: Claim, now: datetime) -> Recipient | Outcome | Reason:
    """Who is meant, if he meets all of the policy's conditions now; otherwise why not.

    A user is named by his name, also behind the participant number as in `12345.j.devries`, or by an e-mail address that is his alone
    (wire reference 4.3).
    """
    enrolment = enrolled(enrolments, claim.api_key, claim.environment_key)
    app_connector = None if enrolment is None else enrolments.policy.app_connectors.get(enrolment.app_connector)
    if enrolment is None or app_connector is None:
        return Outcome.UNKNOWN_KEYS
    users = enrolments.users
    user = (
        users.get(claim.user_id)
        or users.get(without_participant(claim.user_id, app_connector.environment))
        or users.get(enrolments.by_email.get(folded(claim.user_id)) or "")
    )
    if user is None:
        return Reason.USER_UNKNOWN
    unmet = unmet_condition(Caller(user, app_connector, "", claim.address, certificate=claim.certificate), now)
    if unmet is not None:
        return unmet
    return Recipient(user, app_connector, enrolment.language) if is_mailable(user.email) else Reason.USER_WITHOUT_EMAIL


def without_participant(user_id: str, environment: str) -> str:
    """The name behind the number of the environment's own participant, O12345AA being of 12345; the whole where there is no such number."""
    match, own = _WITH_PARTICIPANT.fullmatch(user_id), _PARTICIPANT.fullmatch(environment)
    return match[2] if match is not None and own is not None and match[1] == own[1] else user_id


@lru_cache(maxsize=16_384)
def is_mailable(email: str) -> bool:
    """Whether this is one address and nothing else: no list, no name, no line that could become a header.

    Remembered, since it takes longer than all else about a claim, and is asked only where there is a user.
    """
    try:
        address = Address(addr_spec=email)
    except Exception:  # the parser of the standard library fails on odd ones in more ways than it says
        return False
    return bool(address.domain) and address.addr_spec == email and email.isprintable() and len(email) <= _LONGEST_EMAIL
