"""Identity providers where several parts of the configuration must agree: what can't work is an error, what is dangerous is advice."""

from urllib.parse import urlsplit

from sidecar.identity.confirmation import Binding
from sidecar.settings.guarded_url import is_guarded
from sidecar.settings.issuers import Issuer
from sidecar.settings.model import Settings
from sidecar.settings.problem import KeyPath
from sidecar.settings.report import Report


def check_issuers(settings: Settings, report: Report) -> None:
    """Report two entries for one issuer, and app connectors that are not there or can't be opened by a JWT."""
    entries: dict[str, str] = {}
    for name, part in settings.issuers.items():
        path: KeyPath = ("issuers", name)
        other = entries.setdefault(part.issuer, name)
        if other != name:
            report.error((*path, "issuer"), f"`{other}` is the same issuer", "make one entry of the two: it may have several `audiences`")
        if part.dpop is not Binding.OFF and not report.is_written(("public_urls", 0)):
            message = "proofs are for the URL that the client called, and nothing says which those are"
            report.error((*path, "dpop"), message, "name them: public_urls: [https://connectors.example.com]")
        for place, app_connector in _opened(path, part):
            _check_app_connector(place, app_connector, settings, report)


def _opened(path: KeyPath, part: Issuer) -> list[tuple[KeyPath, str]]:
    """The app connectors that tokens of this issuer open, with the places that say so."""
    path = (*path, "app_connector")
    if part.app_connector.fixed is not None:
        return [((*path, "fixed"), part.app_connector.fixed)]
    return [((*path, "clients", client), name) for client, name in part.app_connector.clients.items()]


def _check_app_connector(place: KeyPath, name: str, settings: Settings, report: Report) -> None:
    """Neither is fatal, since app connectors may be taken away while this stays: what is wrong proves nothing to anybody."""
    known = report.names("app_connectors")
    if name not in known:
        message = f"there is no app connector `{name}`; such tokens are refused"
        report.error(place, message, report.did_you_mean(name, known), fatal=False)
        return
    app_connector = settings.app_connectors.get(name)
    environment = None if app_connector is None else settings.environments.get(app_connector.environment)
    if environment is not None and environment.credential.passthrough:
        message = f"the environment of `{name}` passes clients' tokens on to the backend, which knows no JWT; such tokens are refused"
        report.error(place, message, "give the environment a credential of its own, such as `oauth`", fatal=False)


def give_issuer_advice(settings: Settings, report: Report) -> None:
    """Report what works, and what one should know about it."""
    for name, part in settings.issuers.items():
        path: KeyPath = ("issuers", name)
        url = urlsplit(part.issuer)
        if url.scheme.lower() == "http" and url.hostname not in ("localhost", "127.0.0.1", "::1"):
            report.warn((*path, "issuer"), "the provider is reached over plain http, where people's passwords can be read", "use https")
        if part.dpop is not Binding.OFF:
            for number, public in enumerate(settings.public_urls):
                if not is_guarded(public):
                    message = "a token and its proof can be read on their way, and whoever is faster may use them"
                    report.warn(("public_urls", number), message, "use https")
        if part.secret is not None:
            message = "whoever knows the secret, each app that verifies tokens among them, can sign in as anybody"
            report.warn((*path, "secret"), message, "let the issuer sign with a key pair, such as RS256 or ES256")
        if part.user.trust_unverified_email:
            message = "whoever can write another's address into his own account at the provider becomes that user"
            report.warn((*path, "user", "trust_unverified_email"), message, "let `claim` name something that users can't choose")
        for client, user in part.user.programs.items():
            defined = settings.users.get(user)
            if defined is not None and not defined.system:
                message = f"`{user}` is a person, whose rights this program then has"
                report.warn((*path, "user", "programs", client), message, "make a user of its own with `system: true`")
        if part.other_audiences:
            message = "whoever else is named in `aud` can use the tokens that are sent to him here"
            report.warn((*path, "other_audiences"), message, "let the provider make tokens for this API alone")
