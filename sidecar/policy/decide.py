"""Whether a caller may make a call: Profit's conditions in order, then the connector, then the rows. A pure function.

The conditions are those of the wire reference 5.2; the order matters only for which reason the log shows, since any failure denies.
"""

from collections.abc import Callable
from datetime import datetime
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address

from sidecar.dialects.call import (
    Call,
    DescribeGet,
    DescribeUpdate,
    GetRows,
    Metainfo,
    Preflight,
    Update,
)
from sidecar.errors import Reason
from sidecar.filters.predicate import TooManyGroups
from sidecar.policy.decision import Allow, Decision, Deny
from sidecar.policy.model import AddressRule, AppConnector, Caller, CertificateRule, ClientCertificate, GetConnector, Network, Policy, User
from sidecar.policy.narrow import MOST_GROUPS
from sidecar.policy.rows import rows_for
from sidecar.policy.special import decide_special


def decide(policy: Policy, caller: Caller, call: Call, now: datetime) -> Decision:
    """Allow or deny.

    :param now: aware; the only clock there is.
    """
    reason = unmet_condition(caller, now)
    return decide_connector(policy, caller, call) if reason is None else Deny(reason)


def unmet_condition(caller: Caller, now: datetime) -> Reason | None:
    """The first of Profit's conditions that the caller does not meet. It depends on the moment and the place: never remember it."""
    for condition in CONDITIONS:
        reason = condition(caller, now)
        if reason is not None:
            return reason
    return None


def decide_connector(policy: Policy, caller: Caller, call: Call) -> Decision:
    """The second line: the connector must be listed, and rows are those of the filter authorisation. Knows no clock and no address."""
    app_connector = caller.app_connector
    match call:
        case GetRows():
            return _decide_rows(policy, caller, call)
        case DescribeGet():
            usable = _usable(app_connector, call.connector)
            return usable if isinstance(usable, Deny) else Allow(usable.name)
        case Update() | DescribeUpdate():
            update_connector = app_connector.update_connectors.get(call.connector.lower())
            if update_connector is None:
                return Deny(Reason.CONNECTOR_NOT_LISTED)
            if isinstance(call, Update) and not {call.verb, *call.actions} <= update_connector.actions:
                return Deny(Reason.ACTION_NOT_ALLOWED)
            return Allow(update_connector.name)
        case Metainfo() | Preflight():
            return Allow()
        case _:
            return decide_special(policy, caller, call)


def _decide_rows(policy: Policy, caller: Caller, call: GetRows) -> Decision:
    usable = _usable(caller.app_connector, call.connector)
    if isinstance(usable, Deny):
        return usable
    try:
        return Allow(usable.name, rows_for(caller.user, usable, policy.filter_types, MOST_GROUPS))
    except TooManyGroups:
        return Deny(Reason.FILTER_TOO_LARGE)


def _usable(app_connector: AppConnector, name: str) -> GetConnector | Deny:
    """The GetConnector of this name, in any letter case, if the app connector lists it and something guards it."""
    listed = app_connector.get_connectors.get(name.lower())
    if listed is None:
        return Deny(Reason.CONNECTOR_NOT_LISTED)
    return listed if listed.guarded else Deny(Reason.CONNECTOR_UNGUARDED)


# The conditions, each a reason to deny or None.


def app_connector_is_open(caller: Caller, now: datetime) -> Reason | None:
    """The app connector is not blocked, and within its period of validity."""
    app_connector = caller.app_connector
    if app_connector.blocked:
        return Reason.APP_CONNECTOR_BLOCKED
    if app_connector.valid_from is not None and now < app_connector.valid_from:
        return Reason.APP_CONNECTOR_NOT_YET_VALID
    if app_connector.valid_until is not None and now >= app_connector.valid_until:
        return Reason.APP_CONNECTOR_EXPIRED
    return None


def token_is_valid(caller: Caller, now: datetime) -> Reason | None:
    """The token has not expired."""
    if caller.token_expires is None or now < caller.token_expires:
        return None
    return Reason.JWT_EXPIRED if caller.issuer else Reason.TOKEN_EXPIRED


def user_is_active(caller: Caller, _now: datetime) -> Reason | None:
    """The user is not blocked, has an application ticked and, unless a system user, an e-mail address."""
    user = caller.user
    if user.blocked:
        return Reason.USER_BLOCKED
    if not user.email and not user.system:
        return Reason.USER_WITHOUT_EMAIL
    if not user.applications:
        return Reason.USER_WITHOUT_APPLICATION
    return None


def user_is_member(caller: Caller, _now: datetime) -> Reason | None:
    """The user is a member of the app connector's group."""
    return None if is_member(caller.user, caller.app_connector) else Reason.USER_NOT_MEMBER


def is_member(user: User, app_connector: AppConnector) -> bool:
    """Whether the user belongs to the app connector's group."""
    return app_connector.group in user.groups


def address_is_allowed(caller: Caller, _now: datetime) -> Reason | None:
    """The client's address is one from which the app connector may be used."""
    return None if allows(caller.app_connector.addresses, caller.address) else Reason.ADDRESS_NOT_ALLOWED


def certificate_is_allowed(caller: Caller, now: datetime) -> Reason | None:
    """The client's certificate is one with which the app connector may be used, if it asks for any.

    The certificate must count at this moment.
    """
    rule, certificate = caller.app_connector.client_certificate, caller.certificate
    if rule is None:
        return None
    if certificate is None:
        return Reason.CLIENT_CERTIFICATE_MISSING
    # Looked at each time, since a connection may outlive the certificate with which it was made.
    if not certificate.not_before <= now <= certificate.not_after:
        return Reason.CLIENT_CERTIFICATE_EXPIRED
    return None if is_named(rule, certificate) else Reason.CLIENT_CERTIFICATE_NOT_ALLOWED


def is_named(rule: CertificateRule, certificate: ClientCertificate) -> bool:
    """Whether the rule names this certificate, in whichever way. Names are compared whole."""
    return (
        certificate.sha256 in rule.sha256
        or not rule.dns_names.isdisjoint(certificate.dns_names)
        or not rule.uris.isdisjoint(certificate.uris)
        or (certificate.common_name != "" and certificate.common_name in rule.common_names)
    )


CONDITIONS: tuple[Callable[[Caller, datetime], Reason | None], ...] = (
    token_is_valid,
    app_connector_is_open,
    address_is_allowed,
    certificate_is_allowed,
    user_is_active,
    user_is_member,
)


def allows(rule: AddressRule, address: str) -> bool:
    """Whether a client at `address` passes. An IPv4 address that comes as IPv6 (``::ffff:192.0.2.1``) counts as IPv4."""
    if not rule.allow and not rule.deny:
        return True
    try:
        client = ip_address(address)
    except ValueError:
        return False
    if isinstance(client, IPv6Address) and client.ipv4_mapped is not None:
        client = client.ipv4_mapped

    def within(networks: tuple[Network, ...]) -> bool:
        return any(client in _unmapped(network) for network in networks)

    return not within(rule.deny) and (not rule.allow or within(rule.allow))


def _unmapped(network: Network) -> Network:
    """A rule for ``::ffff:192.0.2.0/120`` is one for 192.0.2.0/24."""
    if isinstance(network, IPv6Network) and network.prefixlen >= 96 and network.network_address.ipv4_mapped is not None:
        return IPv4Network((network.network_address.ipv4_mapped, network.prefixlen - 96))
    return network
