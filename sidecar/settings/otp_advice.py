"""One-time passwords where several parts of the configuration must agree: what can't work is an error, what hardly can is advice."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from sidecar.identity.email import folded
from sidecar.otp.enrolment import Enrolments, enrolments_of, is_mailable
from sidecar.policy.decide import is_member
from sidecar.policy.model import AppConnector, Policy
from sidecar.settings.model import Settings
from sidecar.settings.otp import OtpMode, enrolment_of
from sidecar.settings.problem import KeyPath
from sidecar.settings.report import Report


def compile_enrolments(settings: Settings, policy: Policy, report: Report) -> Enrolments | None:
    """Whose users may fetch tokens, by the keys of their app connectors; None where no environment has one-time passwords."""
    _check_environments(settings, report)
    enrolments = {}
    first: dict[tuple[str, str], str] = {}
    for name, part in settings.app_connectors.items():
        environment = settings.environments.get(part.environment)
        if part.otp_keys is None:
            continue
        other = first.setdefault((part.otp_keys.api_key_sha256, part.otp_keys.environment_key_sha256), name)
        if other != name:
            message = f"`{other}` has the same keys, by which it could not be told from this one"
            report.error(("app_connectors", name, "otp_keys"), message, "make a pair for each: `sidecar otp keys`")
        elif environment is not None and environment.otp is not OtpMode.OFF:
            enrolments[name] = enrolment_of(name, part.otp_keys, environment.otp_language)
    served = any(environment.otp is not OtpMode.OFF for environment in settings.environments.values())
    return enrolments_of(policy, enrolments.values()) if served else None


def _check_environments(settings: Settings, report: Report) -> None:
    for name, environment in settings.environments.items():
        path: KeyPath = ("environments", name, "otp")
        if environment.otp is not OtpMode.LOCAL:
            continue
        if settings.one_time_passwords is None and not report.names("one_time_passwords"):
            report.error(path, "`local` needs the part `one_time_passwords`", "add it, with `database`, `secret` and `smtp`")
        if environment.credential.passthrough:
            message = "the sidecar would pass its own tokens through to a backend that does not know them"
            report.error(path, message, "give the environment a credential of its own, such as `afas_token`")


def give_otp_advice(settings: Settings, policy: Policy, report: Report) -> None:
    """Report warnings, among them users who can't be mailed."""
    modes = {name: environment.otp for name, environment in settings.environments.items()}
    if settings.one_time_passwords is not None and OtpMode.LOCAL not in modes.values():
        report.warn(("one_time_passwords",), "no environment has `otp: local`, so that no token is issued or accepted")
    with_keys = {part.environment for part in settings.app_connectors.values() if part.otp_keys is not None}
    forwarding = [name for name, mode in modes.items() if mode is OtpMode.FORWARD]
    for name, mode in modes.items():
        path: KeyPath = ("environments", name, "otp")
        if name not in with_keys and (mode is OtpMode.LOCAL or (mode is OtpMode.FORWARD and len(forwarding) > 1)):
            message = "no app connector of this environment has `otp_keys`, so that nobody gets a token"
            report.warn(path, message, "make a pair for the app: `sidecar otp keys`")
        if mode is OtpMode.FORWARD and not settings.environments[name].credential.passthrough:
            message = "tokens that the backend gives are known here only once their SHA-256 is listed, and work around the sidecar"
            report.warn(path, message, "use `local`, so that the sidecar gives tokens of its own")
    for name, part in settings.app_connectors.items():
        if part.otp_keys is not None and modes.get(part.environment, OtpMode.OFF) is OtpMode.OFF:
            message = f"environment `{part.environment}` has `otp: off`, so that these keys open nothing"
            report.warn(("app_connectors", name, "otp_keys"), message, "say `otp: local` there, or take the keys out")
    sharing = defaultdict(list)
    for user in policy.users.values():
        sharing[folded(user.email)].append(user.name)
    advise_on_addresses(mailed(settings, policy), policy, sharing, report)


def mailed(settings: Settings, policy: Policy) -> list[AppConnector]:
    """The app connectors whose members get codes by mail."""
    local = {name for name, environment in settings.environments.items() if environment.otp is OtpMode.LOCAL}
    return [
        policy.app_connectors[name]
        for name, part in settings.app_connectors.items()
        if part.otp_keys is not None and part.environment in local
    ]


def advise_on_addresses(app_connectors: list[AppConnector], policy: Policy, sharing: Mapping[str, Sequence[str]], report: Report) -> None:
    """Report users who can't be mailed. Members who get nowhere anyway are left out, and system users, who have no phone.

    :param sharing: the names of all users with an address, in one letter case; those with an address of their own may be left out.
    """
    for user in policy.users.values():
        app_connector = next((each for each in app_connectors if is_member(user, each)), None)
        if app_connector is None or user.system or user.blocked or not user.applications or not user.email:
            continue
        path: KeyPath = ("users", user.name, "email")
        others = [name for name in sharing.get(folded(user.email), ()) if name != user.name]
        if not is_mailable(user.email):
            message = f"no code for `{app_connector.name}` can be mailed to this: it is not one plain address"
            report.warn(path, message, "write the address alone, such as name@example.com")
        elif others:
            message = f"`{others[0]}` has the same address, so that a code must be asked for by user name"
            report.warn(path, message, "give each user an address of his own")
