"""What the configuration takes from around it: `${NAME}` from the environment, and paths relative to the file that names them."""

import re
from collections.abc import Callable
from collections.abc import Mapping as Variables
from pathlib import Path

from sidecar.settings.problem import KeyPath, Problem, Severity, path_text
from sidecar.settings.tree import Entry, Listing, Mapping, Node, Scalar, Written

_CREDENTIAL: tuple[str, ...] = ("environments", "*", "credential")
_OAUTH: tuple[str, ...] = (*_CREDENTIAL, "oauth")
_ADDRESSES: tuple[tuple[str, ...], ...] = (
    ("listen",),
    ("public_urls", "*"),
    ("admin", "listen"),
    ("environments", "*", "rest"),
    ("environments", "*", "soap"),
    ("environments", "*", "soap_address"),
    ("one_time_passwords", "smtp", "host"),
    ("issuers", "*", "issuer"),
    ("issuers", "*", "discovery"),
    ("issuers", "*", "jwks_uri"),
    (*_OAUTH, "client_id"),
    (*_OAUTH, "audience"),
    (*_OAUTH, "token_url"),
)
_SECRETS: tuple[tuple[str, ...], ...] = ((*_CREDENTIAL, "afas_token"), (*_OAUTH, "client_secret"))
_DATABASES: tuple[tuple[str, ...], ...] = (("policy", "database"), ("one_time_passwords", "database"))
_PATHS: tuple[tuple[str, ...], ...] = (
    ("environments", "*", "ca_file"),
    *((*port, "tls", file) for port in ((), ("admin",)) for file in ("certificate", "key", "client_ca")),
    *((*secret, "file") for secret in _SECRETS),
    (*_OAUTH, "private_key", "file"),
    *((*database, "file") for database in _DATABASES),
    ("one_time_passwords", "secret", "file"),
    ("one_time_passwords", "smtp", "password", "file"),
    ("one_time_passwords", "smtp", "ca_file"),
    ("issuers", "*", "key_file"),
    ("issuers", "*", "secret", "file"),
    ("issuers", "*", "ca_file"),
)
_PASSWORD_IN_URL = re.compile(r"://[^/@]*:[^/@$]+@")
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


def fill_in(root: Mapping, environ: Variables[str, str]) -> tuple[Mapping, list[Problem]]:
    """The tree with variables replaced and paths joined to their folders. What a variable held is never part of a problem."""
    problems: list[Problem] = []

    def expand(scalar: Scalar, path: KeyPath) -> Scalar:
        if not isinstance(scalar.value, str) or "$" not in scalar.value:
            return scalar
        unset = [name for name in _VARIABLE.findall(scalar.value) if name not in environ]
        for name in unset:
            _complain(scalar, path, f"the environment variable {name} is not set", f"set {name} where the sidecar is started")
        if "${" in _VARIABLE.sub("", scalar.value):
            _complain(scalar, path, "`${` begins no variable", "write ${NAME}, with letters, digits and _")
        return Scalar(scalar.place, _VARIABLE.sub(lambda match: environ.get(match[1], ""), scalar.value))

    def expand_secret(scalar: Scalar, path: KeyPath) -> Scalar:
        if isinstance(scalar.value, str) and "${" not in scalar.value:
            message = "the credential stands in the configuration in clear"
            remedy = "write ${NAME} for an environment variable, or {file: …}"
            problems.append(Problem(Severity.WARNING, scalar.place.file, scalar.place.line, path_text(path), message, remedy))
        return expand(scalar, path)

    def expand_database(scalar: Scalar, path: KeyPath) -> Scalar:
        if isinstance(scalar.value, str) and _PASSWORD_IN_URL.search(scalar.value):
            message = "the database's password stands in the configuration in clear"
            remedy = "write the URL as ${NAME} for an environment variable, or {file: …}"
            problems.append(Problem(Severity.WARNING, scalar.place.file, scalar.place.line, path_text(path), message, remedy))
        return expand(scalar, path)

    def expand_path(scalar: Scalar, path: KeyPath) -> Scalar:
        expanded = expand(scalar, path)
        if not isinstance(expanded.value, str) or not expanded.value:
            return expanded
        return Scalar(expanded.place, str(Path(expanded.place.file).parent / expanded.value))

    def _complain(scalar: Scalar, path: KeyPath, message: str, remedy: str) -> None:
        problems.append(Problem(Severity.ERROR, scalar.place.file, scalar.place.line, path_text(path), message, remedy))

    filled: Node = root
    for pattern in _ADDRESSES:
        filled = _replace(filled, pattern, (), expand)
    for pattern in _SECRETS:
        filled = _replace(filled, pattern, (), expand_secret)
    for pattern in _DATABASES:
        filled = _replace(filled, pattern, (), expand_database)
    for pattern in _PATHS:
        filled = _replace(filled, pattern, (), expand_path)
    assert isinstance(filled, Mapping)  # noqa: S101  values were replaced, the root was not
    return filled, problems


def leave_out(root: Mapping) -> Mapping:
    """The tree without what depends on its surroundings, for work on users and tokens where the backend's secrets are not at hand."""
    depend = ("listen", "public_urls", "tls", "admin", "policy", "one_time_passwords", "issuers")
    entries = {key: entry for key, entry in root.entries.items() if key not in depend}
    environments = entries.get("environments")
    if environments is not None and isinstance(environments.node, Mapping):
        stand_ins = {name: Entry(entry.place, _stand_in(entry)) for name, entry in environments.node.entries.items()}
        entries["environments"] = Entry(environments.place, Mapping(environments.node.place, stand_ins))
    return Mapping(root.place, entries)


def _stand_in(entry: Entry) -> Mapping:
    def scalar(text: str) -> Entry:
        return Entry(entry.place, Scalar(entry.place, text))

    from_client = Entry(entry.place, Scalar(entry.place, Written(True, "true")))
    credential = Entry(entry.place, Mapping(entry.place, {"passthrough": from_client}))
    return Mapping(entry.place, {"rest": scalar("https://backend.invalid"), "credential": credential})


def _replace(node: Node, pattern: tuple[str, ...], path: KeyPath, change: Callable[[Scalar, KeyPath], Scalar]) -> Node:
    """The tree with the scalars at `pattern`, where `*` is any key or item, changed."""
    if not pattern:
        return change(node, path) if isinstance(node, Scalar) else node
    if isinstance(node, Listing) and pattern[0] == "*":
        items = (_replace(item, pattern[1:], (*path, number), change) for number, item in enumerate(node.items))
        return Listing(node.place, tuple(items), node.numbers)
    if not isinstance(node, Mapping):
        return node
    keys = node.entries if pattern[0] == "*" else node.entries.keys() & {pattern[0]}
    changed = {key: Entry(node.entries[key].place, _replace(node.entries[key].node, pattern[1:], (*path, key), change)) for key in keys}
    return Mapping(node.place, node.entries | changed)
