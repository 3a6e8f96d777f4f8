"""What a configuration may say but hardly means, or means and should know: found by `sidecar check`, never in the way of loading."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from ipaddress import ip_address
from urllib.parse import urlsplit

from sidecar.errors import Reason
from sidecar.policy.decide import user_is_active, user_is_member
from sidecar.policy.ids import canonical_id
from sidecar.policy.model import AppConnector, Caller, Enforcement, FilterType, GetConnector, Policy
from sidecar.policy.names import look_of
from sidecar.settings.compile import all_tokens
from sidecar.settings.model import Environment, Settings
from sidecar.settings.problem import KeyPath
from sidecar.settings.report import Report
from sidecar.settings.scalars import host_and_port
from sidecar.settings.special_advice import (
    advise_on_special_connectors,
    connectors_asked,
    reports_of,
    warn_where_nobody_sees_a_row,
)
from sidecar.settings.tls import ClientCertificates


def give_advice(settings: Settings, policy: Policy, now: datetime, report: Report) -> None:
    """Report warnings, and listed GetConnectors that nothing guards: an error, but one that is denied at run time."""
    _admin(settings, report)
    _environments(settings, report)
    _client_certificates(settings, report)
    for part in ("users", "groups", "app_connectors", "filter_types"):
        warn_of_look_alikes(part, getattr(settings, part), report)
    if settings.policy is None:  # members are not in memory otherwise
        _groups(settings, policy, report)
    for name, app_connector in policy.app_connectors.items():
        _app_connector(settings, app_connector, now, report)
        for path, connector in _listed(settings, name, app_connector):
            _get_connector(path, connector, app_connector, policy, report)
        advise_on_special_connectors(settings, app_connector, policy, report)
    advise_on_tokens(settings, policy, now, report)
    for filter_type in policy.filter_types.values():
        _filter_type(settings, filter_type, policy, report)


def _admin(settings: Settings, report: Report) -> None:
    host, _ = host_and_port(settings.admin.listen)
    if settings.admin.keys and settings.policy is None:
        message = "there is no administration API where policy is in files"
        report.warn(("admin", "keys"), message, "bring policy into a database: `sidecar db import`")
    elif settings.admin.keys and settings.admin.tls is None and not _is_loopback(host):
        message = "keys of the administration API, and tokens that it makes, cross the network in clear"
        report.warn(("admin", "listen"), message, "say `tls` for the port, or listen on 127.0.0.1")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _environments(settings: Settings, report: Report) -> None:
    for name, environment in settings.environments.items():
        for key, address in (("rest", environment.rest), ("soap", environment.soap)):
            url = urlsplit(address or "")
            if url.scheme.lower() == "http" and url.hostname not in ("localhost", "127.0.0.1", "::1"):
                report.warn(("environments", name, key), "credential and rows cross the network in clear", "use https")
        if environment.soap is not None and environment.soap_address is None and settings.trusted_proxies:
            message = "clients come through a proxy, but the WSDL will name plain http at the host that they name"
            report.warn(("environments", name, "soap"), message, "say `soap_address`, the URL that clients use")
        _soap(name, environment, report)


def _client_certificates(settings: Settings, report: Report) -> None:
    """Whether any can come where they are asked for. Over a trusted proxy they come in a header only."""
    if settings.client_certificate_header is not None and not settings.trusted_proxies:
        message = "nobody's header is believed, since there are no `trusted_proxies`"
        report.warn(("client_certificate_header",), message, "name the proxy at which TLS ends")
    asked = settings.tls is not None and settings.tls.client_certificate is not ClientCertificates.OFF
    for name, part in settings.app_connectors.items():
        if part.client_certificate is not None and not asked and settings.client_certificate_header is None:
            remedy = "say `client_certificate: optional` under `tls`, or `client_certificate_header` where TLS ends at a proxy"
            report.warn(("app_connectors", name, "client_certificate"), "no client is asked for a certificate, so all are denied", remedy)


def _soap(name: str, environment: Environment, report: Report) -> None:
    for key in sorted(environment.model_fields_set & {"soap_credential", "soap_address"}) if environment.soap is None else ():
        message = "says something of SOAP, which this environment does not have"
        report.warn(("environments", name, key), message, "add `soap`, the URL of the backend's services, or take it out")
    served, told = (urlsplit(address or "").path.lower() for address in (environment.soap, environment.soap_address))
    if environment.soap is not None and environment.soap_address is not None and served != told:
        message = (
            f"clients that read the WSDL will call this path, but the sidecar serves SOAP under {urlsplit(environment.soap).path or '/'}"
        )
        report.warn(("environments", name, "soap_address"), message, "end it with the path that `soap` has")


def warn_of_look_alikes(part: str, names: Iterable[str], report: Report) -> None:
    """Every character counts in these names, so that `blocked: true` under another spelling blocks somebody else, or nobody."""
    seen: dict[str, str] = {}
    for name in names:
        known = seen.setdefault(look_of(name), name)
        if known != name:
            message = f"differs from `{known}` in letter case or Unicode form only; they are two"
            report.warn((part, name), message, "spell it in one way if one is meant")


def _groups(settings: Settings, policy: Policy, report: Report) -> None:
    inhabited = {group for user in policy.users.values() for group in user.groups}
    for group in settings.groups:
        if group not in inhabited:
            report.warn(("groups", group), "nobody is in this group")


def _app_connector(settings: Settings, app_connector: AppConnector, now: datetime, report: Report) -> None:
    path: KeyPath = ("app_connectors", app_connector.name)
    part = settings.app_connectors[app_connector.name]
    if app_connector.blocked and "blocked" in part.model_fields_set:
        report.warn((*path, "blocked"), "the app connector is blocked")
    elif app_connector.blocked:
        report.warn(path, "the app connector is blocked, as new ones are", "write `blocked: false` when it may be used")
    if app_connector.enforcement is Enforcement.SHADOW:
        message = "SHADOW: what this app asks for is forwarded as it is; nothing of it is refused or narrowed"
        report.warn((*path, "enforcement"), message, "write `enforcement: enforce` once the decision log has no more surprises")
    if app_connector.valid_until is not None:
        if now >= app_connector.valid_until:
            report.warn((*path, "valid_until"), "the app connector is no longer valid")
        if app_connector.valid_from is not None and app_connector.valid_from >= app_connector.valid_until:
            report.warn((*path, "valid_from"), "does not lie before `valid_until`, so the app connector is never valid")


def _listed(settings: Settings, name: str, app_connector: AppConnector) -> Iterator[tuple[KeyPath, GetConnector]]:
    """Every entry of both lists of GetConnectors, with its path."""
    part = settings.app_connectors[name]
    for key, names in (("get_connectors", part.get_connectors), ("unfiltered_get_connectors", part.unfiltered_get_connectors)):
        for number, connector in enumerate(names):
            yield ("app_connectors", name, key, number), app_connector.get_connectors[connector.lower()]


def _get_connector(path: KeyPath, connector: GetConnector, app_connector: AppConnector, policy: Policy, report: Report) -> None:
    if not connector.guarded:
        message = f"no filter type guards `{connector.name}`; its rows are denied"
        remedy = "name it in `fields` of a filter type, or under `unfiltered_get_connectors`"
        report.error(path, message, remedy, fatal=False)
    if path[2] == "unfiltered_get_connectors" and connector.filter_types:
        message = f"`{connector.name}` is guarded by filter type `{connector.filter_types[0]}`, which still applies"
        report.warn(path, message, "take it from one of the two places")
    if connector.name.lower() == "metainfo":
        report.warn(path, "metainfo is no GetConnector; every app connector has it", "leave it out")
    warn_where_nobody_sees_a_row(path, connector, app_connector, policy, report)


def advise_on_tokens(settings: Settings, policy: Policy, now: datetime, report: Report) -> None:
    """Report what is odd about tokens: all those of some users, at least."""
    devices: dict[tuple[str, str, str], KeyPath] = {}
    holders: set[tuple[str, str]] = set()
    for path, name, token in all_tokens(settings):
        if token.expires is not None and now >= token.expires:
            report.warn((*path, "expires"), "the token has expired", "take the entry out")
        first = devices.setdefault((name, token.user, token.description), path)
        if first != path:
            message = f"another token of the same user for the same device stands in {report.whereabouts(first)}"
            report.warn((*path, "description"), message, "give each device its own description")
        user, app_connector = policy.users.get(token.user), policy.app_connectors.get(name)
        if user is None or app_connector is None or (token.user, name) in holders:
            continue
        holders.add((token.user, name))
        reason = why_refused(Caller(user, app_connector, token.description), now)
        if reason is not None and reason is not Reason.USER_BLOCKED:  # which is meant
            report.warn((*path, "user"), f"the token of `{token.user}` for `{name}` is refused: {reason.meaning}")


def why_refused(caller: Caller, now: datetime) -> Reason | None:
    """Why this user gets nowhere with this app connector, whatever is asked, or None."""
    return user_is_active(caller, now) or user_is_member(caller, now)


def _filter_type(settings: Settings, filter_type: FilterType, policy: Policy, report: Report) -> None:
    path: KeyPath = ("filter_types", filter_type.name)
    if not filter_type.fields and not filter_type.reports:
        report.warn(path, "guards no GetConnector", "name them under `fields`")
    if not filter_type.filters:
        report.warn(path, "has no filters, so nobody sees a row of what it guards", "give groups a filter under `filters`")
    listed = {
        connector.name.lower(): connector.name
        for each in policy.app_connectors.values()
        for connector in (*each.get_connectors.values(), *connectors_asked(each))
    }
    for connector in settings.filter_types[filter_type.name].fields_:
        if connector.lower() not in listed:
            message = f"no app connector lists the GetConnector `{connector}`"
            report.warn((*path, "fields", connector), message, report.did_you_mean(connector, listed.values()))
    reports = {number: each.name for app_connector in policy.app_connectors.values() for number, each in reports_of(app_connector).items()}
    for number in settings.filter_types[filter_type.name].reports:
        if canonical_id(number) not in reports:
            report.warn((*path, "reports", number), f"no app connector lists the report `{number}`")
    from_claims = {attribute for issuer in settings.issuers.values() for attribute in issuer.attributes}
    for group, where in filter_type.filters.items():
        members = [user for user in policy.users.values() if group in user.groups]
        known = {attribute for user in members for attribute in user.attributes} | from_claims
        for attribute in sorted(where.attributes - known) if members else ():
            message = f"nobody in group `{group}` has an attribute `{attribute}`, so its comparison holds for no row"
            report.warn((*path, "filters", group), message, report.did_you_mean(attribute, known))
