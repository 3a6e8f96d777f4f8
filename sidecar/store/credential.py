"""How the sidecar proves itself to a backend, from settings: secrets read from their files, keys made ready, and looked at closely."""

from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from pydantic import SecretStr

from sidecar.dialects.soap.body_token import SoapCredential
from sidecar.errors import Refusal
from sidecar.identity.user_token import authorization_for, data_in_any_form
from sidecar.settings import model
from sidecar.settings.credential import Algorithm, ClientAuth, OAuth
from sidecar.settings.document import read_text
from sidecar.settings.guarded_url import is_guarded
from sidecar.settings.part import SecretFile
from sidecar.settings.problem import KeyPath
from sidecar.settings.report import Report
from sidecar.store.oauth_client import ClientKey, ClientSecret, OAuthClient, PrivateKey
from sidecar.store.snapshot import AfasToken, Credential, Passthrough

_LEAST_RSA_BITS = 2048  # RFC 7518 3.3
_LONGEST_SECRET = 1024
_NO_PASSPHRASE = "write it without one, for the sidecar's eyes only: openssl pkey -in key.pem -out plain.pem"  # noqa: S105
_NEW_KEY = "such as `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256` makes"


def credential_of(name: str, part: model.Environment, report: Report, files: list[Path]) -> Credential | None:
    """The credential of the environment with this name; None where the report says why there is none.

    :param files: gets those that were read.
    """
    path: KeyPath = ("environments", name, "credential")
    if part.credential.oauth is not None:
        return _oauth((*path, "oauth"), part.credential.oauth, part, report, files)
    if part.credential.afas_token is None:
        return Passthrough()
    path = _place((*path, "afas_token"), part.credential.afas_token)
    text = _read(path, part.credential.afas_token, report, files)
    if text is None:
        return None
    try:
        return AfasToken(authorization_for(data_in_any_form(text)))
    except (Refusal, UnicodeError):
        report.error(path, "holds no token", "the XML of a token, the base64 of it, or its 64 hexadecimal characters")
        return None


def _place(path: KeyPath, part: SecretFile | SecretStr) -> KeyPath:
    return (*path, "file") if isinstance(part, SecretFile) else path


def _read(path: KeyPath, part: SecretFile | SecretStr, report: Report, files: list[Path]) -> str | None:
    """What a secret says; None where the report says why that can't be known."""
    if report.complained_of(path):
        return None
    if isinstance(part, SecretStr):
        return part.get_secret_value()
    files.append(Path(part.file))
    try:
        return read_text(Path(part.file))
    except ValueError as error:
        report.error(path, f"the file {error}")
        return None


# OAuth


def _oauth(path: KeyPath, part: OAuth, environment: model.Environment, report: Report, files: list[Path]) -> OAuthClient | None:
    token_url = part.token_url or f"{environment.rest}/oauth/token"
    if not is_guarded(token_url):
        place = (*path, "token_url") if part.token_url else path
        message = "access tokens can't be fetched over plain http, where anybody can read the client's proof"
        report.error(place, message, "give a `token_url` that begins with https://; http is for loopback only")
    if environment.soap_credential is SoapCredential.BODY:
        message = "an access token can't stand in a SOAP message; backends that know OAuth take it in the header"
        report.error((*path[:2], "soap_credential"), message, "leave it out")
    proof = _secret(path, part, report, files) if part.private_key is None else _key(path, part, token_url, report, files)
    return None if proof is None else OAuthClient(token_url, part.client_id, proof, environment.ca_file)


def _secret(path: KeyPath, part: OAuth, report: Report, files: list[Path]) -> ClientSecret | None:
    if part.client_secret is None:
        return None
    path = _place((*path, "client_secret"), part.client_secret)
    text = _read(path, part.client_secret, report, files)
    if text is None:
        return None
    secret = text.strip("\r\n")
    if not 0 < len(secret) <= _LONGEST_SECRET or not secret.isascii() or not secret.isprintable():
        report.error(path, "holds no client secret", f"one line of printable ASCII, at most {_LONGEST_SECRET} characters")
        return None
    return ClientSecret(secret, part.client_auth is ClientAuth.BASIC)


def _key(path: KeyPath, part: OAuth, token_url: str, report: Report, files: list[Path]) -> ClientKey | None:
    if part.private_key is None:
        return None
    place = (*path, "private_key", "file")
    text = _read(place, part.private_key, report, files)
    if text is None:
        return None
    try:
        key = load_pem_private_key(text.encode(), None)
    except TypeError:
        report.error(place, "the key is encrypted with a passphrase", _NO_PASSPHRASE)
        return None
    except (ValueError, UnsupportedAlgorithm):  # the messages may quote the file
        report.error(place, "the file holds no private key in PEM", _NEW_KEY)
        return None
    if not isinstance(key, RSAPrivateKey | EllipticCurvePrivateKey):
        report.error(place, "the key is neither an RSA nor a P-256 key", _NEW_KEY)
        return None
    if not _is_strong(place, key, report):
        return None
    fitting = [Algorithm.RS256, Algorithm.PS256] if isinstance(key, RSAPrivateKey) else [Algorithm.ES256]
    algorithm = part.algorithm or fitting[0]
    if algorithm not in fitting:
        kind = "an RSA" if isinstance(key, RSAPrivateKey) else "a P-256"
        report.error((*path, "algorithm"), f"{algorithm} can't be signed with {kind} key", f"write {' or '.join(fitting)}, or leave it out")
        return None
    return ClientKey(key, algorithm, part.audience or token_url, part.kid)


def _is_strong(place: KeyPath, key: PrivateKey, report: Report) -> bool:
    if isinstance(key, RSAPrivateKey) and key.key_size < _LEAST_RSA_BITS:
        report.error(place, f"an RSA key of {key.key_size} bits is too weak", f"make one of at least {_LEAST_RSA_BITS} bits")
        return False
    if isinstance(key, EllipticCurvePrivateKey) and not isinstance(key.curve, SECP256R1):
        report.error(place, f"the key is on the curve {key.curve.name}; ES256 needs P-256", _NEW_KEY)
        return False
    return True
