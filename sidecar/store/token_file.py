"""User tokens in YAML files: listed, added and revoked by editing the text where they stand, so that comments and layout survive.

No edit takes effect unless the file, read anew, says exactly what it said before plus or minus this one token.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any

from sidecar.settings.document import parse, read_text
from sidecar.settings.files import read_documents
from sidecar.settings.problem import KeyPath, Problem
from sidecar.settings.tree import Listing, Mapping, Scalar, Written, find, locate, plain
from sidecar.settings.writing import spelled
from sidecar.store.atomic_write import replace_bytes
from sidecar.store.yaml_edit import EditError, append_item, remove_item


class TokenFileError(Exception):
    """The file can't be edited; nothing was changed. The message names the place and the remedy."""


@dataclass(frozen=True, slots=True)
class NewToken:
    """What is stored of a new token. `sha256` is in hexadecimal, `expires` aware."""

    app_connector: str
    user: str
    description: str
    sha256: str
    expires: datetime | None = None


@dataclass(frozen=True, slots=True)
class StoredToken:
    """A token entry, as far as it is legible, and where it stands: the file, the line, and the path within that file."""

    file: Path
    line: int
    path: KeyPath
    app_connector: str
    user: str
    description: str
    sha256: str
    expires: str

    @property
    def id(self) -> str:
        """Enough of the hash to tell tokens apart."""
        return self.sha256[:12]


def list_tokens(paths: Sequence[Path]) -> tuple[list[StoredToken], list[Problem]]:
    """Every token entry of these files and those that they include; and what keeps a file from being read.

    The rest of the configuration may have errors: a token must be revocable even then.
    """
    documents, problems = read_documents(paths)
    tokens = []
    for document in documents:
        if document.root is not None:
            tokens += [_stored(Path(document.file), document.root, path) for path in _token_paths(document.root)]
    return tokens, problems


def holds_tokens_only(file: Path) -> bool:
    """Whether the file has no other key than `tokens`."""
    root = _root(read_text(file), file)
    return root is not None and root.entries.keys() <= {"tokens"}


def add_token(file: Path, token: NewToken) -> None:
    """Append the token to the top-level `tokens` of a file.

    :raises TokenFileError: when the file can't be edited; it is unchanged then.
    """
    entry = _entry_of(token)

    def intended(content: dict[str, Any]) -> None:
        known = content.get("tokens")
        content["tokens"] = [*(known if isinstance(known, list) else ()), _content(f"entry: {entry}", file)["entry"]]

    _edit(file, lambda before: append_item(before, "tokens", entry), intended)


def revoke_token(token: StoredToken) -> None:
    """Take a token's entry out of its file.

    :raises TokenFileError: when the file can't be edited, or the entry no longer stands there; the file is unchanged then.
    """
    *keys, number = token.path

    def intended(content: Any) -> None:
        for key in keys:
            content = content[key]
        del content[number]

    def edited(before: str) -> str:
        root = _root(before, token.file)
        if root is None or find(root, token.path) is None or _stored(token.file, root, token.path) != token:
            raise EditError("the entry no longer stands where it stood; try again")
        return remove_item(before, token.path)

    _edit(token.file, edited, intended)


def _edit(file: Path, edit: Callable[[str], str], intend: Callable[[dict[str, Any]], None]) -> None:
    try:
        before = read_text(file)
        expected = _content(before, file)
        after = edit(before)
        intend(expected)
        root = _root(after, file)
        if root is None or plain(root) != expected:
            raise EditError("laid out in a way that can't be edited safely; edit it by hand")
        if read_text(file) != before:
            raise EditError("someone else changed the file at the same time; try again")
        replace_bytes(file, after.encode())
    except (EditError, ValueError) as error:
        raise TokenFileError(f"{file}: {error}") from None
    except OSError as error:
        raise TokenFileError(f"{file}: can't be written: {error.strerror}") from None


def _root(text: str, file: Path) -> Mapping | None:
    return parse(text, str(file)).root


def _content(text: str, file: Path) -> dict[str, Any]:
    root = _root(text, file)
    if root is None:
        raise EditError("is not YAML that can be read; `sidecar check` says why")
    return dict(plain(root))


def _entry_of(token: NewToken) -> str:
    """The entry in flow style, on one line."""
    parts = {"app_connector": token.app_connector, "user": token.user, "description": token.description}
    text = ", ".join(f"{key}: {spelled(value)}" for key, value in parts.items()) + f', sha256: "{token.sha256}"'
    if token.expires is not None:
        moment = token.expires.astimezone(UTC)
        text += f", expires: {moment.date() if moment.time() == time.min else moment.strftime('%Y-%m-%dT%H:%M:%SZ')}"
    return f"{{{text}}}"


def _token_paths(root: Mapping) -> Iterator[KeyPath]:
    """Where the entries of a file stand: on their own and within app connectors."""
    app_connectors = find(root, ("app_connectors",))
    names = app_connectors.entries if isinstance(app_connectors, Mapping) else ()
    listings: list[KeyPath] = [("tokens",), *(("app_connectors", name, "tokens") for name in names)]
    for path in listings:
        node = find(root, path)
        yield from ((*path, number) for number in range(len(node.items) if isinstance(node, Listing) else 0))


def _stored(file: Path, root: Mapping, path: KeyPath) -> StoredToken:
    def text(key: str) -> str:
        node = find(root, (*path, key))
        value = node.value if isinstance(node, Scalar) else ""
        return value.text if isinstance(value, Written) else value

    app_connector = str(path[1]) if path[0] == "app_connectors" else text("app_connector")
    line = locate(root, path)[0].line
    return StoredToken(file, line, path, app_connector, text("user"), text("description"), text("sha256").lower(), text("expires"))
