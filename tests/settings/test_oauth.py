"""The credential `oauth`: secrets and keys are read and looked at when the policy is loaded; problems have their place and remedy."""

from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat, PublicFormat

from sidecar.settings.report import Report
from sidecar.store.file import Loaded
from sidecar.store.oauth_client import ClientKey, ClientSecret, OAuthClient
from tests.settings.sample import ENVIRON, bent, load_content

CLIENT_SECRET = "s3cr3t-of-the-client-ZQ81"
WHERE = "environments.O12345AA.credential.oauth"
SECRET = {"client_id": "hours", "client_secret": {"file": "secret"}}
KEY = {"client_id": "hours", "private_key": {"file": "p256.pem"}}
RSA_KEY = {"client_id": "hours", "private_key": {"file": "rsa.pem"}}


def pem(key: Any, passphrase: bytes | None = None) -> bytes:
    encryption = NoEncryption() if passphrase is None else BestAvailableEncryption(passphrase)
    written: bytes = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)
    return written


@pytest.fixture(scope="module")
def keys() -> dict[str, bytes]:
    p256 = ec.generate_private_key(ec.SECP256R1())
    return {
        "p256.pem": pem(p256),
        "rsa.pem": pem(rsa.generate_private_key(65537, 2048)),
        "weak.pem": pem(rsa.generate_private_key(65537, 1024)),  # noqa: S505  that is the point
        "p384.pem": pem(ec.generate_private_key(ec.SECP384R1())),
        "ed25519.pem": pem(ed25519.Ed25519PrivateKey.generate()),
        "locked.pem": pem(p256, b"passphrase"),
        "public.pem": p256.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        "text.pem": b"-----BEGIN PRIVATE KEY-----\nbm9ib2R5\n-----END PRIVATE KEY-----\n",
        "secret": f"{CLIENT_SECRET}\n".encode(),
        "empty": b"\n",
        "two-lines": b"one\ntwo\n",
        "accents": "gehe\u00efm".encode(),
    }


@pytest.fixture
def folder(tmp_path: Path, keys: dict[str, bytes]) -> Path:
    for name, content in keys.items():
        (tmp_path / name).write_bytes(content)
    return tmp_path


def loaded_with(folder: Path, oauth: Any, environ: dict[str, str] | None = None, **environment: str) -> Loaded:
    content = bent("environments/O12345AA/credential", {"oauth": oauth})
    content["environments"]["O12345AA"] |= environment
    return load_content(folder, content, {**ENVIRON, "CLIENT_SECRET": CLIENT_SECRET, **(environ or {})})


def client_of(loaded: Loaded) -> OAuthClient:
    assert loaded.problems == ()
    assert loaded.snapshot is not None
    credential = loaded.snapshot.environments["O12345AA"].credential
    assert isinstance(credential, OAuthClient)
    return credential


@pytest.mark.parametrize("secret", [{"file": "secret"}, "${CLIENT_SECRET}"])
@pytest.mark.parametrize(("auth", "basic"), [({}, False), ({"client_auth": "body"}, False), ({"client_auth": "basic"}, True)])
def test_a_client_may_have_a_secret(folder: Path, secret: Any, auth: dict[str, str], basic: bool) -> None:
    client = client_of(loaded_with(folder, {"client_id": "hours", "client_secret": secret, **auth}))
    assert client == OAuthClient(
        "https://backend.example/ProfitRestServices/oauth/token", "hours", ClientSecret(CLIENT_SECRET, basic=basic), None
    )


@pytest.mark.parametrize(
    ("oauth", "algorithm"),
    [
        (KEY, "ES256"),
        ({**KEY, "algorithm": "ES256"}, "ES256"),
        (RSA_KEY, "RS256"),
        ({**RSA_KEY, "algorithm": "PS256"}, "PS256"),
    ],
)
def test_a_client_may_have_a_key_and_the_algorithm_is_one_that_fits(folder: Path, oauth: Any, algorithm: str) -> None:
    proof = client_of(loaded_with(folder, oauth)).proof
    assert isinstance(proof, ClientKey)
    assert (proof.algorithm, proof.kid, proof.audience) == (algorithm, None, "https://backend.example/ProfitRestServices/oauth/token")


def test_audience_key_id_and_address_can_be_said(folder: Path) -> None:
    oauth = {**KEY, "client_id": "${C}", "kid": "k1", "audience": "https://${H}/", "token_url": "https://${H}/token"}
    client = client_of(loaded_with(folder, oauth, {"C": "hours", "H": "login.example"}))
    assert (client.client_id, client.token_url) == ("hours", "https://login.example/token")
    assert isinstance(client.proof, ClientKey)
    assert (client.proof.kid, client.proof.audience) == ("k1", "https://login.example/")


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "[::1]", "localhost"])
def test_plain_http_will_do_on_loopback(folder: Path, host: str) -> None:
    assert client_of(loaded_with(folder, SECRET, rest=f"http://{host}/x")).token_url == f"http://{host}/x/oauth/token"


ERRORS = [
    ({"client_id": "hours"}, WHERE, "exactly one of `client_secret` and `private_key`", "client_secret: {file"),
    ({**SECRET, **KEY}, WHERE, "exactly one of", ""),
    ({"client_secret": {"file": "secret"}}, f"{WHERE}.client_id", "is missing", ""),
    ({**SECRET, "client_id": "\u00e9"}, f"{WHERE}.client_id", "printable ASCII", ""),
    ({**SECRET, "client_auth": "header"}, f"{WHERE}.client_auth", "expected one of body, basic", ""),
    ({**KEY, "client_auth": "body"}, WHERE, "`client_auth` goes with `client_secret` only", "leave it out"),
    ({**SECRET, "algorithm": "RS256"}, WHERE, "`algorithm` goes with `private_key` only", "leave it out"),
    ({**SECRET, "kid": "1"}, WHERE, "`kid` goes with `private_key` only", ""),
    ({**KEY, "algorithm": "none"}, f"{WHERE}.algorithm", "expected one of RS256, PS256, ES256", ""),
    ({**KEY, "algorithm": "HS256"}, f"{WHERE}.algorithm", "expected one of RS256, PS256, ES256", ""),
    ({**KEY, "algorithm": "RS256"}, f"{WHERE}.algorithm", "RS256 can't be signed with a P-256 key", "write ES256"),
    ({**RSA_KEY, "algorithm": "ES256"}, f"{WHERE}.algorithm", "ES256 can't be signed with an RSA key", "write RS256 or PS256"),
    ({**KEY, "private_key": {"file": "weak.pem"}}, f"{WHERE}.private_key.file", "RSA key of 1024 bits is too weak", "2048"),
    ({**KEY, "private_key": {"file": "p384.pem"}}, f"{WHERE}.private_key.file", "ES256 needs P-256", "openssl"),
    ({**KEY, "private_key": {"file": "ed25519.pem"}}, f"{WHERE}.private_key.file", "neither an RSA nor a P-256 key", "openssl"),
    ({**KEY, "private_key": {"file": "locked.pem"}}, f"{WHERE}.private_key.file", "encrypted with a passphrase", "openssl pkey"),
    ({**KEY, "private_key": {"file": "public.pem"}}, f"{WHERE}.private_key.file", "holds no private key", "openssl"),
    ({**KEY, "private_key": {"file": "text.pem"}}, f"{WHERE}.private_key.file", "holds no private key", "openssl"),
    ({**KEY, "private_key": {"file": "nowhere"}}, f"{WHERE}.private_key.file", "can't be read", ""),
    ({**KEY, "private_key": "${CLIENT_SECRET}"}, f"{WHERE}.private_key", "expected the file that holds it", "{file: path}"),
    ({**SECRET, "client_secret": {"file": "empty"}}, f"{WHERE}.client_secret.file", "holds no client secret", "one line"),
    ({**SECRET, "client_secret": {"file": "two-lines"}}, f"{WHERE}.client_secret.file", "holds no client secret", "one line"),
    ({**SECRET, "client_secret": {"file": "accents"}}, f"{WHERE}.client_secret.file", "holds no client secret", "ASCII"),
    ({**SECRET, "client_secret": "${UNSET}"}, f"{WHERE}.client_secret", "UNSET is not set", ""),
    ({**SECRET, "token_url": "http://login.example/token"}, f"{WHERE}.token_url", "over plain http", "https://"),
    ({**SECRET, "token_url": "http://127.0.0.1.example/t"}, f"{WHERE}.token_url", "over plain http", "https://"),
    ({**SECRET, "token_url": "https://login.example/token?x=1"}, f"{WHERE}.token_url", "is not the URL", ""),
    ({**SECRET, "token_url": "https://u:p@login.example/token"}, f"{WHERE}.token_url", "can't hold a user", ""),
    ({**SECRET, "secret": "x"}, f"{WHERE}.secret", "is not a key", ""),
]


@pytest.mark.parametrize(("oauth", "where", "message", "remedy"), ERRORS)
def test_an_error_has_its_place_and_its_remedy(folder: Path, oauth: Any, where: str, message: str, remedy: str) -> None:
    loaded = loaded_with(folder, oauth)
    assert loaded.snapshot is None
    (problem,) = [each for each in loaded.problems if each.severity == "error"]
    assert (problem.path, message in problem.message, remedy in problem.remedy) == (where, True, True), problem


def test_the_default_address_of_a_backend_on_plain_http_is_refused_too(folder: Path) -> None:
    loaded = loaded_with(folder, SECRET, rest="http://backend.example/ProfitRestServices")
    assert loaded.snapshot is None
    assert [(each.path, "token_url" in each.remedy) for each in loaded.problems if each.severity == "error"] == [(WHERE, True)]


def test_an_access_token_can_not_go_into_soap_messages(folder: Path) -> None:
    loaded = loaded_with(folder, SECRET, soap="https://backend.example/ProfitServices", soap_credential="body")
    assert loaded.snapshot is None
    assert [each.path for each in loaded.problems if each.severity == "error"] == ["environments.O12345AA.soap_credential"]


def test_a_secret_in_clear_is_warned_of(folder: Path) -> None:
    (problem,) = loaded_with(folder, {**SECRET, "client_secret": CLIENT_SECRET}).problems
    assert (problem.severity, problem.path) == ("warning", f"{WHERE}.client_secret")


@pytest.mark.parametrize("oauth", [SECRET, {**SECRET, "client_secret": "${CLIENT_SECRET}"}, KEY, RSA_KEY])
def test_no_secret_shows_in_anything_that_was_loaded(folder: Path, keys: dict[str, bytes], oauth: Any) -> None:
    loaded = loaded_with(folder, oauth)
    client = client_of(loaded)
    report: Report = loaded.report
    lines = [line for name in ("p256.pem", "rsa.pem") for line in keys[name].decode().splitlines() if len(line) > 20]
    for shown in (loaded, loaded.settings, loaded.snapshot, report, client, client.proof, client.fingerprint):
        for secret in (CLIENT_SECRET, *(line for line in lines if "PRIVATE KEY" not in line)):
            assert secret not in repr(shown)
            assert secret not in str(shown)
    assert loaded.settings is not None
    assert CLIENT_SECRET not in repr(loaded.settings.model_dump())


def test_files_with_secrets_are_watched(folder: Path) -> None:
    assert folder / "secret" in loaded_with(folder, SECRET).files
    assert folder / "p256.pem" in loaded_with(folder, KEY).files


def test_another_client_has_another_fingerprint_and_makes_another_version(folder: Path) -> None:
    (folder / "other-secret").write_text("other")
    variants = [
        SECRET,
        {**SECRET, "client_secret": {"file": "other-secret"}},
        {**SECRET, "client_auth": "basic"},
        {**SECRET, "client_id": "other"},
        {**SECRET, "token_url": "https://login.example/token"},
        KEY,
        {**KEY, "kid": "1"},
        {**KEY, "audience": "x"},
        RSA_KEY,
        {**RSA_KEY, "algorithm": "PS256"},
    ]
    seen = [loaded_with(folder, variant) for variant in variants]
    assert len({client_of(each).fingerprint for each in seen}) == len(variants)
    assert len({each.snapshot.policy.version for each in seen if each.snapshot}) == len(variants)
    again = loaded_with(folder, {**SECRET, "client_auth": "body"})  # the default, said aloud
    assert client_of(again).fingerprint == client_of(seen[0]).fingerprint
    assert again.snapshot is not None
    assert seen[0].snapshot is not None
    assert again.snapshot.policy.version == seen[0].snapshot.policy.version
