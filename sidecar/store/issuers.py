"""Identity providers, from settings: their key files and secrets read and looked at, addresses of keys checked."""

import base64
import hashlib
import ssl
from contextlib import suppress
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_der_public_key
from cryptography.x509 import load_der_x509_certificate

from sidecar.identity.issuer import ClientClaim, Issuer, RemoteKeys, UserClaim
from sidecar.identity.key_set import LONGEST_SET, KeySet, read_key_set, read_pem, secret_key
from sidecar.settings import issuers as model
from sidecar.settings.document import read_text
from sidecar.settings.guarded_url import is_guarded
from sidecar.settings.part import SecretFile
from sidecar.settings.problem import KeyPath
from sidecar.settings.report import Report

_DISCOVERY = "/.well-known/openid-configuration"


def issuer_of(name: str, part: model.Issuer, report: Report, files: list[Path]) -> Issuer | None:
    """The issuer of this name; None where the report says why there is none.

    :param files: gets those that were read.
    """
    path: KeyPath = ("issuers", name)
    keys = _keys(path, part, report, files)
    if keys is None:
        return None
    return Issuer(
        name=name,
        issuer=part.issuer,
        audiences=frozenset(part.audiences),
        algorithms=frozenset(part.accepted),
        keys=keys,
        user=UserClaim(part.user.claim, part.user.by, part.user.trust_unverified_email, part.user.programs),
        app_connector=ClientClaim(part.app_connector.claim, part.app_connector.clients, part.app_connector.fixed or ""),
        other_audiences=part.other_audiences,
        types=frozenset(each.lower().removeprefix("application/") for each in part.types),
        leeway=part.leeway,
        max_age=part.max_age,
        max_lifetime=part.max_lifetime,
        required_claims=part.required_claims,
        environment_claim=part.environment_claim,
        attributes=part.attributes,
        dpop=part.dpop,
    )


def _keys(path: KeyPath, part: model.Issuer, report: Report, files: list[Path]) -> KeySet | RemoteKeys | None:
    if part.secret is not None:
        return _secret((*path, "secret", "file"), part, part.secret, report, files)
    if part.key_file is not None:
        return _file((*path, "key_file"), part, part.key_file, report, files)
    place, url = path, f"{part.issuer.rstrip('/')}{_DISCOVERY}"
    for key, said in (("jwks_uri", part.jwks_uri), ("discovery", part.discovery)):
        if said is not None:
            place, url = (*path, key), said
    if report.complained_of(place):
        return None
    if not is_guarded(url):
        message = "keys can't be fetched from there, since anybody on the way could put his own in"
        remedy = "give `discovery` or `jwks_uri` with https://, or a `key_file`; http is for loopback only"
        report.error(place if place != path else (*path, "issuer"), message, remedy)
        return None
    authorities = b"" if part.ca_file is None else _authorities((*path, "ca_file"), part.ca_file, report, files)
    return None if authorities is None else RemoteKeys(url, part.jwks_uri is None, part.ca_file, authorities)


def _secret(path: KeyPath, part: model.Issuer, secret: SecretFile, report: Report, files: list[Path]) -> KeySet | None:
    if report.complained_of(path):
        return None
    files.append(Path(secret.file))
    try:
        value = read_text(Path(secret.file)).strip("\r\n").encode()
    except ValueError as error:
        report.error(path, f"the file {error}")
        return None
    if _is_public(value):
        report.error(path, "the file holds a public key or certificate, which is no secret", "name it as `key_file`")
        return None
    shortest = max(algorithm.shortest_secret for algorithm in part.accepted)
    if len(value) < shortest or len(set(value)) < 8:
        report.error(path, f"the file holds fewer than {shortest} random bytes", "such as `openssl rand -base64 64` makes")
        return None
    return secret_key(value, part.accepted)


def _is_public(value: bytes) -> bool:
    """Whether it is a key that others know as well, in whatever form; Keycloak, for one, shows PEM's base64 without the lines around it."""
    if value.lstrip().startswith((b"-----BEGIN", b"{", b"ssh-", b"ecdsa-")):
        return True
    for load in (load_der_public_key, load_der_x509_certificate):
        with suppress(ValueError, UnsupportedAlgorithm):
            load(base64.b64decode(b"".join(value.split()), validate=True))
            return True
    return False


def _file(path: KeyPath, part: model.Issuer, file: str, report: Report, files: list[Path]) -> KeySet | None:
    if report.complained_of(path):
        return None
    files.append(Path(file))
    try:
        with Path(file).open("rb") as opened:
            content = opened.read(LONGEST_SET + 1)
        keys = read_pem(content) if b"-----BEGIN" in content else read_key_set(content)
    except OSError as error:
        report.error(path, f"the file can't be read: {error.strerror}")
        return None
    except ValueError as problem:
        report.error(path, f"the file {problem}", "a JWK set, or public keys or certificates in PEM")
        return None
    if not any(key.algorithms & set(part.accepted) for key in keys.keys):
        report.error(path, f"the file holds no key for {', '.join(part.accepted)}", "name in `algorithms` what the issuer signs with")
        return None
    for what in keys.passed_over:
        report.warn(path, f"the file's {what}; it is not used")
    return keys


def _authorities(path: KeyPath, file: str, report: Report, files: list[Path]) -> bytes | None:
    """Digest of the CA file, after a look whether TLS can use it."""
    if report.complained_of(path):
        return None
    files.append(Path(file))
    try:
        content = Path(file).read_bytes()
        ssl.create_default_context(cafile=file)
    except OSError as error:  # ssl.SSLError is one
        unreadable = not isinstance(error, ssl.SSLError)
        report.error(path, f"the file can't be read: {error.strerror}" if unreadable else "the file holds no certificates in PEM")
        return None
    return hashlib.sha256(content).digest()
