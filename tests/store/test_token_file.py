"""Tokens come and go in their files: written at once or not at all, and never with anything else changed."""

import os
import stat
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.store import token_file
from sidecar.store.token_file import NewToken, TokenFileError, add_token, holds_tokens_only, list_tokens, revoke_token
from sidecar.store.yaml_edit import append_item

ONE = NewToken("hours", "j.devries", "iPhone", "ab" * 32)

FILE = """\
# Tokens of the field staff.

tokens:
  # Jan's own
  - app_connector: hours
    user: j.devries
    description: iPhone   # the new one
    sha256: "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
    expires: 2027-01-01
  - {app_connector: hours, user: m.jansen, description: Laptop, sha256: "HERS"}  # hers
# The end.
""".replace("HERS", "B" * 64)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "tokens.yaml"
    path.write_text(FILE)
    return path


def test_a_token_is_added_below_the_others(file: Path) -> None:
    add_token(file, ONE)
    entry = f'  - {{app_connector: hours, user: j.devries, description: iPhone, sha256: "{"ab" * 32}"}}\n'
    assert file.read_text() == FILE.replace("# The end.\n", f"{entry}# The end.\n")


@pytest.mark.parametrize(
    ("expires", "written"),
    [
        (datetime(2027, 1, 1, tzinfo=UTC), "expires: 2027-01-01}"),
        (datetime(2027, 1, 1, 1, tzinfo=timezone(timedelta(hours=1))), "expires: 2027-01-01}"),
        (datetime(2027, 1, 1, 12, 30, tzinfo=UTC), "expires: 2027-01-01T12:30:00Z}"),
    ],
)
def test_a_token_may_expire(file: Path, expires: datetime, written: str) -> None:
    add_token(file, NewToken("hours", "m.jansen", "Phone", "ab" * 32, expires))
    assert written in file.read_text()
    assert len(list_tokens([file])[0]) == 3


def test_tokens_are_listed_with_their_places_wherever_they_stand(file: Path) -> None:
    config = file.with_name("config.yaml")
    config.write_text(f'include: [tokens.yaml]\napp_connectors:\n  hours:\n    tokens:\n    - {{user: x, sha256: "{"cd" * 32}"}}\n')
    tokens, problems = list_tokens([config])
    assert problems == []
    assert [(token.file.name, token.line, token.app_connector, token.user, token.id, token.expires) for token in tokens] == [
        ("config.yaml", 5, "hours", "x", "cdcdcdcdcdcd", ""),
        ("tokens.yaml", 5, "hours", "j.devries", "aaaaaaaaaaaa", "2027-01-01"),
        ("tokens.yaml", 10, "hours", "m.jansen", "bbbbbbbbbbbb", ""),
    ]


def test_a_revoked_token_is_gone_and_the_comments_of_the_others_are_not(file: Path) -> None:
    revoke_token(list_tokens([file])[0][0])
    text = file.read_text()
    assert [token.user for token in list_tokens([file])[0]] == ["m.jansen"]
    assert all(comment in text for comment in ("# Tokens of the field staff.", "# Jan's own", "# hers", "# The end."))
    revoke_token(list_tokens([file])[0][0])
    assert yaml.safe_load(file.read_text()) == {"tokens": []}
    add_token(file, ONE)
    assert [token.user for token in list_tokens([file])[0]] == ["j.devries"]


_TEXTS = st.text(st.characters(exclude_categories=["Cc", "Cs", "Cn"]), min_size=1, max_size=12).filter(lambda text: text == text.strip())
_TRICKY = st.sampled_from(["no", "0123", "1e5", "2027-01-01", "a: b", "#x", "'", '"', "\\", "{", "- x", "é🎉", "x\u2028y", "\ufeffx", "~"])


@settings(max_examples=40)  # each writes files
@given(st.lists(st.tuples(_TEXTS | _TRICKY, _TEXTS | _TRICKY, _TEXTS | _TRICKY), min_size=1, max_size=3), st.data())
def test_whatever_the_names_are_a_token_is_read_as_it_was_added_and_revoking_it_restores_the_file(
    tmp_path_factory: pytest.TempPathFactory, names: list[tuple[str, str, str]], data: st.DataObject
) -> None:
    file = tmp_path_factory.getbasetemp() / "generated.yaml"
    file.write_text(FILE)
    for number, (app_connector, user, description) in enumerate(names):
        add_token(file, NewToken(app_connector, user, description, f"{number:064x}"))
    stored = list_tokens([file])[0][2:]
    assert [(each.app_connector, each.user, each.description) for each in stored] == names
    for _ in names:
        stored = list_tokens([file])[0][2:]
        revoke_token(data.draw(st.sampled_from(stored)))
    assert file.read_text() == FILE


def test_an_entry_that_moved_in_the_meantime_is_not_mistaken_for_another(file: Path) -> None:
    first, second = list_tokens([file])[0]
    revoke_token(first)
    before = file.read_text()
    with pytest.raises(TokenFileError, match="no longer stands where it stood"):
        revoke_token(second)
    assert file.read_text() == before


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{a: 1}\n", "line 1: add the key `tokens`"),
        ("a: [\n", "is not YAML that can be read"),
        ("a: 1\n...\n", "laid out in a way that can't be edited safely"),
        ("tokens: text\n", "expected a list under `tokens`"),
    ],
)
def test_a_file_that_can_not_be_edited_is_left_as_it_is(file: Path, text: str, message: str) -> None:
    file.write_text(text)
    with pytest.raises(TokenFileError, match=message):
        add_token(file, ONE)
    assert file.read_text() == text
    assert os.listdir(file.parent) == [file.name]  # noqa: PTH208


def test_a_change_by_someone_else_at_the_same_time_is_not_overwritten(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def meanwhile(text: str, key: str, item: str) -> str:
        file.write_text(text + "# someone was here\n")
        return append_item(text, key, item)

    monkeypatch.setattr(token_file, "append_item", meanwhile)
    with pytest.raises(TokenFileError, match="someone else changed the file"):
        add_token(file, ONE)
    assert file.read_text() == FILE + "# someone was here\n"


def test_an_edit_that_comes_out_wrong_is_not_written(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(token_file, "remove_item", lambda text, _path: text.replace("m.jansen", "m.janssen"))
    with pytest.raises(TokenFileError, match="can't be edited safely"):
        revoke_token(list_tokens([file])[0][0])
    assert file.read_text() == FILE


@pytest.mark.skipif(os.name == "nt", reason="Windows knows no such modes")
def test_the_files_mode_is_kept_and_a_symbolic_link_stays_one(file: Path) -> None:
    file.chmod(0o640)
    link = file.with_name("link.yaml")
    link.symlink_to(file.name)
    add_token(link, ONE)
    assert link.is_symlink()
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert len(list_tokens([file])[0]) == 3
    assert sorted(os.listdir(file.parent)) == ["link.yaml", "tokens.yaml"]  # noqa: PTH208


def test_a_write_that_fails_leaves_the_file_and_nothing_beside_it(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(TokenFileError, match="can't be written: No space left on device"):
        add_token(file, ONE)
    assert file.read_text() == FILE
    assert os.listdir(file.parent) == [file.name]  # noqa: PTH208


def test_line_ends_stay_as_they_are(file: Path) -> None:
    file.write_bytes(FILE.replace("\n", "\r\n").encode())
    add_token(file, ONE)
    data = file.read_bytes()
    assert data.count(b"\n") == data.count(b"\r\n") == FILE.count("\n") + 1


@pytest.mark.parametrize(("text", "only"), [(FILE, True), ("", True), ("tokens: []\n", True), ("tokens: []\nusers: {}\n", False)])
def test_a_file_for_tokens_holds_nothing_else(file: Path, text: str, only: bool) -> None:
    file.write_text(text)
    assert holds_tokens_only(file) == only
