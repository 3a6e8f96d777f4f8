"""Identity providers in the configuration: what is taken, what is refused and why, and what comes of it."""

from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from sidecar.identity.algorithms import JwtAlgorithm
from sidecar.identity.issuer import Issuer, RemoteKeys, UserKey
from sidecar.identity.key_set import KeySet
from sidecar.settings.problem import Problem
from sidecar.store.file import Loaded
from tests.settings.sample import bent, load_content

ISSUER: dict[str, Any] = {
    "issuer": "https://login.example.com/realms/company",
    "audiences": ["connectors"],
    "user": {"claim": "preferred_username"},
    "app_connector": {"claim": "azp", "clients": {"hours-mobile": "hours"}},
}
EC_KEY = ec.generate_private_key(ec.SECP256R1())
RSA_KEY = rsa.generate_private_key(65537, 2048)
WEAK_KEY = rsa.generate_private_key(65537, 1024)  # noqa: S505  to be refused


def public_pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> str:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def private_pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


FILES = {
    "ec.pem": public_pem(EC_KEY),
    "rsa.pem": public_pem(RSA_KEY),
    "weak.pem": public_pem(WEAK_KEY),
    "private.pem": private_pem(EC_KEY),
    "empty": "",
    "secret": "gSx9wDqK3vTzJmPnRbYcLhFaEuOiXo2q",
    "secret48": "gSx9wDqK3vTzJmPnRbYcLhFaEuOiXo2qgSx9wDqK3vTzJmPn",
    "short": "geheim",
    "same": "a" * 64,
    "bare": "".join(public_pem(RSA_KEY).splitlines()[1:-1]),
    "oct.json": '{"keys": [{"kty": "oct", "k": "Z2VoZWlt"}]}',
}


def load_issuer(folder: Path, changes: dict[str, Any], name: str = "company") -> Loaded:
    for file, content in FILES.items():
        (folder / file).write_text(content)
    entry = {key: value for key, value in {**ISSUER, **changes}.items() if value is not None}
    return load_content(folder, bent(f"issuers/{name}", entry))


def of_issuers(loaded: Loaded) -> list[Problem]:
    return [problem for problem in loaded.problems if problem.path.startswith("issuers")]


def compiled(folder: Path, changes: dict[str, Any]) -> Issuer:
    loaded = load_issuer(folder, changes)
    assert of_issuers(loaded) == []
    assert loaded.snapshot is not None
    return loaded.snapshot.issuers[changes.get("issuer", ISSUER["issuer"])]


def test_the_least_that_is_said_uses_discovery_and_key_pairs(tmp_path: Path) -> None:
    issuer = compiled(tmp_path, {})
    assert issuer.keys == RemoteKeys(f"{ISSUER['issuer']}/.well-known/openid-configuration", discovery=True)
    assert issuer.algorithms == {JwtAlgorithm.RS256, JwtAlgorithm.ES256}
    assert issuer.types == {"at+jwt", "jwt"}
    assert not issuer.other_audiences
    assert issuer.user.by is UserKey.NAME


@pytest.mark.parametrize(
    ("changes", "keys"),
    [
        ({"issuer": "https://login.example.com/"}, RemoteKeys("https://login.example.com/.well-known/openid-configuration", True)),
        ({"discovery": "https://login.example.com/a?p=b_1"}, RemoteKeys("https://login.example.com/a?p=b_1", True)),
        ({"jwks_uri": "https://login.example.com/keys"}, RemoteKeys("https://login.example.com/keys", False)),
        ({"issuer": "company", "jwks_uri": "http://127.0.0.1:9000/keys"}, RemoteKeys("http://127.0.0.1:9000/keys", False)),
        ({"issuer": "company", "jwks_uri": "http://[::1]:9000/keys"}, RemoteKeys("http://[::1]:9000/keys", False)),
    ],
)
def test_keys_are_fetched_from_where_it_is_said(tmp_path: Path, changes: dict[str, Any], keys: RemoteKeys) -> None:
    assert compiled(tmp_path, changes).keys == keys


def test_keys_may_stand_in_a_file(tmp_path: Path) -> None:
    loaded = load_issuer(tmp_path, {"key_file": "ec.pem"})
    assert of_issuers(loaded) == []
    assert loaded.snapshot is not None
    keys = loaded.snapshot.issuers[ISSUER["issuer"]].keys
    assert isinstance(keys, KeySet)
    assert [key.algorithms for key in keys.keys] == [{JwtAlgorithm.ES256}]
    assert tmp_path / "ec.pem" in loaded.files


def test_a_secret_is_for_its_algorithm_and_is_advised_against(tmp_path: Path) -> None:
    loaded = load_issuer(tmp_path, {"secret": {"file": "secret"}})
    assert [(problem.severity, problem.path) for problem in of_issuers(loaded)] == [("warning", "issuers.company.secret")]
    assert loaded.snapshot is not None
    issuer = loaded.snapshot.issuers[ISSUER["issuer"]]
    assert issuer.algorithms == {JwtAlgorithm.HS256}
    assert FILES["secret"] not in repr(loaded.snapshot)


LOGIN = "https://login.example.com/keys"
# what is written, path of the problem, part of the message, part of the remedy
ERRORS: list[tuple[dict[str, Any], str, str, str]] = [
    ({"issuer": None}, "issuer", "is missing", ""),
    ({"audiences": None}, "audiences", "is missing", ""),
    ({"audiences": []}, "audiences", "expected a list of at least 1", ""),
    ({"audiences": "connectors"}, "audiences", "expected a list", "such as [one, two]"),
    ({"user": None}, "user", "is missing", ""),
    ({"app_connector": None}, "app_connector", "is missing", ""),
    ({"algorithms": ["none"]}, "algorithms[0]", "expected one of RS256", ""),
    ({"algorithms": ["NONE"]}, "algorithms[0]", "expected one of RS256", ""),
    ({"algorithms": ["rs256"]}, "algorithms[0]", "expected one of RS256", "did you mean"),
    ({"algorithms": ["ES256K"]}, "algorithms[0]", "expected one of RS256", ""),
    ({"algorithms": []}, "algorithms", "expected a list of at least 1", ""),
    ({"algorithms": ["HS256"]}, "", "HS256 takes a shared secret", "give `secret: {file: path}`"),
    ({"algorithms": ["RS256", "HS256"], "key_file": "rsa.pem"}, "", "HS256 takes a shared secret", ""),
    ({"algorithms": ["RS256"], "secret": {"file": "secret"}}, "", "RS256 takes a key pair", "name HS256"),
    ({"algorithms": ["HS256", "RS256"], "secret": {"file": "secret"}}, "", "RS256 takes a key pair", ""),
    ({"secret": "in clear"}, "secret", "expected the file that holds it", "{file: path}"),
    ({"secret": {"file": "short"}}, "secret.file", "fewer than 32 random bytes", "openssl rand"),
    ({"secret": {"file": "same"}}, "secret.file", "fewer than 32 random bytes", ""),
    ({"secret": {"file": "secret"}, "algorithms": ["HS384"]}, "secret.file", "fewer than 48 random bytes", ""),
    ({"secret": {"file": "secret48"}, "algorithms": ["HS256", "HS512"]}, "secret.file", "fewer than 64 random bytes", ""),
    ({"secret": {"file": "rsa.pem"}}, "secret.file", "is no secret", "name it as `key_file`"),
    ({"secret": {"file": "oct.json"}}, "secret.file", "is no secret", ""),
    ({"secret": {"file": "bare"}}, "secret.file", "is no secret", "name it as `key_file`"),
    ({"secret": {"file": "nowhere"}}, "secret.file", "the file", ""),
    ({"discovery": LOGIN, "jwks_uri": LOGIN}, "", "`discovery` and `jwks_uri` both say", "keep one"),
    ({"jwks_uri": LOGIN, "key_file": "ec.pem"}, "", "`jwks_uri` and `key_file` both say", ""),
    ({"key_file": "ec.pem", "ca_file": "ec.pem"}, "", "`ca_file` says something of keys that are fetched only", "leave it out"),
    ({"jwks_uri": "http://login.example.com/keys"}, "jwks_uri", "can't be fetched from there", "https://"),
    ({"discovery": "http://login.example.com/keys"}, "discovery", "can't be fetched from there", "https://"),
    ({"issuer": "http://login.example.com"}, "issuer", "can't be fetched from there", "https://"),
    ({"issuer": "company"}, "issuer", "can't be fetched from there", "`key_file`"),
    ({"jwks_uri": "https://login.example.com/keys#x"}, "jwks_uri", "is not the URL of keys", "such as"),
    ({"jwks_uri": "https://u:p@login.example.com/keys"}, "jwks_uri", "user or password", ""),
    ({"jwks_uri": "https://login.example.com/keys?a=b c"}, "jwks_uri", "the query of a URL of keys", ""),
    ({"jwks_uri": "file:///etc/passwd"}, "jwks_uri", "is not the URL of keys", ""),
    ({"key_file": "nowhere"}, "key_file", "can't be read", ""),
    ({"key_file": "empty"}, "key_file", "is no JWK set", "a JWK set, or public keys"),
    ({"key_file": "private.pem"}, "key_file", "holds a private key", ""),
    ({"key_file": "weak.pem"}, "key_file", "is an RSA key outside of 2048", ""),
    ({"key_file": "oct.json"}, "key_file", "holds no key for RS256, ES256", ""),
    ({"key_file": "ec.pem", "algorithms": ["RS256"]}, "key_file", "holds no key for RS256", "name in `algorithms`"),
    ({"ca_file": "empty"}, "ca_file", "the file holds no certificates", ""),
    ({"leeway": 301}, "leeway", "at most 300", ""),
    ({"leeway": -1}, "leeway", "at least 0", ""),
    ({"max_age": 0}, "max_age", "at least 1", ""),
    ({"types": []}, "types", "expected a list of at least 1", ""),
    ({"user": {"claim": "email", "by": "mail"}}, "user.by", "expected one of name, email", ""),
    ({"user": {"claim": "sub", "trust_unverified_email": True}}, "user", "of `by: email` and `claim: email` only", "leave it out"),
    ({"user": {"claim": "sub", "programs": {"sync": "sync"}}}, "", "`user.programs` has `sync`, which is none of", "name it under"),
    (
        {"user": {"claim": "sub", "programs": {"a": "sync"}}, "app_connector": {"fixed": "hours"}},
        "",
        "`user.programs` has `a`, which is none of the `clients`",
        "",
    ),
    ({"app_connector": {"claim": "azp"}}, "app_connector", "no client is named", "name them"),
    ({"app_connector": {"fixed": "hours", "claim": "azp"}}, "app_connector", "either `claim` with `clients`, or `fixed`", ""),
    ({"app_connector": {"fixed": "hours", "clients": {"a": "hours"}}}, "app_connector", "either `claim` with", ""),
    ({"app_connector": {"fixed": "hour"}}, "app_connector.fixed", "there is no app connector `hour`", "did you mean `hours`?"),
    (
        {"app_connector": {"claim": "azp", "clients": {"a": "hour"}}},
        "app_connector.clients.a",
        "there is no app connector `hour`; such tokens are refused",
        "did you mean `hours`?",
    ),
    ({"keys": LOGIN}, "keys", "is not a key of this part", ""),
    ({"dpop": "allowed"}, "dpop", "nothing says which those are", "public_urls: [https://connectors.example.com]"),
    ({"dpop": "required"}, "dpop", "nothing says which those are", "name them: public_urls:"),
    ({"dpop": "on"}, "dpop", "expected one of off, allowed, required", ""),
]


@pytest.mark.parametrize(("changes", "path", "message", "remedy"), ERRORS)
def test_what_contradicts_itself_is_an_error_with_its_place(
    tmp_path: Path, changes: dict[str, Any], path: str, message: str, remedy: str
) -> None:
    problems = of_issuers(load_issuer(tmp_path, changes))
    place = f"issuers.company.{path}".strip(".")
    found = [problem for problem in problems if problem.severity == "error" and problem.path in (place, "issuers.company")]
    assert [problem for problem in found if message in problem.message and remedy in problem.remedy], problems


@pytest.mark.parametrize("key", ["algorithms", "types", "max_age", "max_lifetime", "dpop", "required_claims", "environment_claim"])
def test_a_key_that_restricts_can_not_be_emptied(tmp_path: Path, key: str) -> None:
    for file, content in FILES.items():
        (tmp_path / file).write_text(content)
    loaded = load_content(tmp_path, bent("issuers/company", {**ISSUER, key: None}))
    assert [problem.path for problem in of_issuers(loaded)] == [f"issuers.company.{key}"]
    assert loaded.snapshot is None


def test_one_issuer_has_one_entry(tmp_path: Path) -> None:
    content = bent("issuers/a", ISSUER)
    content["issuers"]["b"] = ISSUER
    [problem] = of_issuers(load_content(tmp_path, content))
    assert (problem.path, problem.message) == ("issuers.b.issuer", "`a` is the same issuer")


def test_a_client_of_an_app_connector_that_passes_tokens_on_is_told(tmp_path: Path) -> None:
    content = bent("environments/O12345AA/credential", {"passthrough": True})
    content["issuers"] = {"company": ISSUER}
    loaded = load_content(tmp_path, content)
    [problem] = of_issuers(loaded)
    assert problem.path == "issuers.company.app_connector.clients.hours-mobile"
    assert "knows no JWT" in problem.message
    assert loaded.snapshot is not None  # and refused at run time


WARNINGS: list[tuple[dict[str, Any], str, str]] = [
    ({"issuer": "http://login.example.com", "jwks_uri": LOGIN}, "issuer", "plain http"),
    ({"user": {"claim": "email", "by": "email", "trust_unverified_email": True}}, "user.trust_unverified_email", "becomes that user"),
    ({"other_audiences": True}, "other_audiences", "can use the tokens"),
    ({"user": {"claim": "sub", "programs": {"hours-mobile": "j.devries"}}}, "user.programs.hours-mobile", "`j.devries` is a person"),
]


@pytest.mark.parametrize(("changes", "path", "message"), WARNINGS)
def test_what_is_dangerous_is_told(tmp_path: Path, changes: dict[str, Any], path: str, message: str) -> None:
    loaded = load_issuer(tmp_path, changes)
    [problem] = of_issuers(loaded)
    assert (problem.severity, problem.path) == ("warning", f"issuers.company.{path}")
    assert message in problem.message
    assert loaded.snapshot is not None


def test_whatever_is_said_of_an_issuer_changes_the_version(tmp_path: Path) -> None:
    changes: list[dict[str, Any]] = [{}, {"audiences": ["a"]}, {"leeway": 1}, {"key_file": "ec.pem"}, {"key_file": "rsa.pem"}]
    changes += [{"secret": {"file": "secret"}}, {"secret": {"file": "secret48"}}, {"attributes": {"department": "dept"}}]
    changes += [{"user": {"claim": "azp", "programs": {"hours-mobile": name}}} for name in ("sync", "other")]
    versions = []
    for each in changes:
        snapshot = load_issuer(tmp_path, each).snapshot
        assert snapshot is not None
        versions.append(snapshot.policy.version)
    assert len(set(versions)) == len(changes)


def test_an_attribute_that_a_claim_feeds_is_not_missed(tmp_path: Path) -> None:
    content = bent("filter_types/department/filters", {"consultancy": "department = @user.place"})
    content["issuers"] = {"company": {**ISSUER, "attributes": {"place": "locale"}}}
    assert [problem for problem in load_content(tmp_path, content).problems if "place" in problem.message] == []


def with_proofs(folder: Path, *urls: Any) -> Loaded:
    for file, text in FILES.items():
        (folder / file).write_text(text)
    content = bent("issuers/company", {**ISSUER, "dpop": "allowed"})
    content["public_urls"] = list(urls)
    return load_content(folder, content)


@pytest.mark.parametrize(
    "url",
    ["connectors.example.com", "https://connectors.example.com?a=1", "https://a@connectors.example.com", "ftp://x", "https://x/../y", 1],
)
def test_a_public_url_is_one(tmp_path: Path, url: Any) -> None:
    loaded = with_proofs(tmp_path, "https://connectors.example.com", url)
    assert loaded.snapshot is None
    assert [problem.path for problem in loaded.problems if problem.severity == "error"] == ["public_urls[1]"]


def test_where_proofs_can_be_read_on_their_way_is_told(tmp_path: Path) -> None:
    loaded = with_proofs(tmp_path, "https://connectors.example.com/", "http://connectors.example.com", "http://127.0.0.1:8080")
    assert loaded.snapshot is not None
    assert loaded.snapshot.public_urls == ("https://connectors.example.com", "http://connectors.example.com", "http://127.0.0.1:8080")
    [problem] = [each for each in loaded.problems if each.path.startswith("public_urls")]
    assert (problem.severity, problem.path, problem.remedy) == ("warning", "public_urls[1]", "use https")


def test_public_urls_come_from_the_environment_too(tmp_path: Path) -> None:
    loaded = with_proofs(tmp_path, "https://${NO_SUCH_HOST}")
    assert [problem.path for problem in loaded.problems if "NO_SUCH_HOST" in problem.message] == ["public_urls[0]"]


def test_other_public_urls_are_another_policy(tmp_path: Path) -> None:
    versions = set()
    for urls in (["https://a.example"], ["https://b.example"], ["https://a.example", "https://b.example"]):
        snapshot = with_proofs(tmp_path, *urls).snapshot
        assert snapshot is not None
        versions.add(snapshot.policy.version)
    assert len(versions) == 3
