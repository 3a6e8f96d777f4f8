"""YAML to a tree: what is refused, with its line, and what can't be told from text."""

from pathlib import Path

import pytest

from sidecar.settings import document
from sidecar.settings.document import parse, read_document
from sidecar.settings.tree import Written, find, locate, plain

REFUSED = [
    ("a: 1\nb: 2\na: 3\n", 3, "the key is given twice; first on line 1", "keep one of them"),
    ("a: {b: 1, b: 1}\n", 1, "the key is given twice", "keep one"),
    ("base: &b {x: 1}\na:\n  <<: *b\n", 3, "merge keys are not part of the format", "use several files"),
    ("a:\n\tb: 1\n", 2, "not YAML", "indent with spaces, not with tabs"),
    ("a: [1, 2\nb: 3\n", 2, "not YAML", "brackets and quotes are closed"),
    ("a: x: y\n", 1, "mapping values are not allowed", "hold a colon followed by a space"),
    ("a: {allow: [::1]}\n", 1, "not YAML", "quote texts that begin with :"),
    ("a: @user\n", 1, "not YAML", "quote texts that begin with"),
    ("a: 1\n---\nb: 2\n", 3, "a second document begins here", "use several files"),
    ("- a\n- b\n", 1, "expected keys and values", ""),
    ("just text\n", 1, "expected keys and values", ""),
    ("a: !!python/object:os.system {}\n", 1, "tags (!) are not part of the format", "quote"),
    ("a: !env NAME\n", 1, "tags (!) are not part of the format", "quote"),
    ("? [a, b]\n: 1\n", 1, "a key must be plain text", ""),
    ("a: *nowhere\n", 1, "an alias (*) to an anchor (&) that does not stand before it", "quote"),
    ("a: &a [*a]\n", 1, "an alias (*) to an anchor (&) that does not stand before it", "quote"),
    ("a: 1\nb: \x01\n", 2, "control characters are not allowed", ""),
    ("a: 2027-13-45\n", 1, "looks like a date or number, but is none", "quote"),
    ("a:\n  1001: x\n", 2, "YAML reads this key as a number", 'quote it: "1001"'),
    ("no: x\n", 1, "YAML reads this key as a boolean", 'quote it: "no"'),
    ("2027-01-01: x\n", 1, "YAML reads this key as a date", 'quote it: "2027-01-01"'),
    ("~: x\n", 1, "YAML reads this key as nothing", 'quote it: "~"'),
    ("a: " + "[" * 100 + "]" * 100, 1, "nested too deeply", ""),
    ("a: " + "[" * 100_000, 1, "nested too deeply", ""),
]


@pytest.mark.parametrize(("text", "line", "message", "remedy"), REFUSED)
def test_what_the_format_does_not_have_is_refused_with_its_line(text: str, line: int, message: str, remedy: str) -> None:
    (problem,) = parse(text, "config.yaml").problems
    assert (problem.file, problem.line) == ("config.yaml", line)
    assert message in problem.message
    assert remedy in problem.remedy
    assert problem.prevents_loading


def test_aliases_can_not_stand_for_more_than_a_bounded_number_of_values() -> None:
    laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    laughs += "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 10))
    (problem,) = parse(laughs, "config.yaml").problems
    assert problem.message == "aliases stand for too much"


def test_an_anchor_may_be_used_again() -> None:
    root = parse("one: &people [a, b]\ntwo: *people\n", "f").root
    assert root is not None
    assert plain(root) == {"one": ["a", "b"], "two": ["a", "b"]}


@pytest.mark.parametrize("text", ["", "# only a comment\n", "---\n", "~\n", "\ufeff# with a byte order mark\n"])
def test_an_empty_file_has_no_keys(text: str) -> None:
    document = parse(text, "f")
    assert document.problems == ()
    assert document.root is not None
    assert plain(document.root) == {}


@pytest.mark.parametrize(
    ("scalar", "kind"),
    [("0123", "a number"), ("1:30", "a number"), ("1.5e+3", "a number"), ("no", "a boolean"), ("2027-01-01", "a date"), ("", "nothing")],
)
def test_a_scalar_that_is_no_text_for_yaml_keeps_what_was_written(scalar: str, kind: str) -> None:
    root = parse(f"a: {scalar}\n", "f").root
    assert root is not None
    written = plain(root)["a"]
    assert isinstance(written, Written)
    assert (written.text, written.kind) == (scalar, kind)
    assert scalar == "" or scalar not in repr(written)


@pytest.mark.parametrize("scalar", ["'0123'", '"no"', "!!str 12", "1e5", "0o17", "y", "=", "2027-1"])
def test_a_quoted_scalar_is_text_whatever_it_looks_like(scalar: str) -> None:
    root = parse(f"a: {scalar}\n", "f").root
    assert root is not None
    assert isinstance(plain(root)["a"], str)


def test_every_value_is_found_by_its_path_on_its_line() -> None:
    root = parse("a:\n  b:\n  - x\n  - c: 1\n    d: |\n      text\ne: 2\n", "f").root
    assert root is not None
    lines = {path: locate(root, path)[0].line for path in [("a",), ("a", "b", 0), ("a", "b", 1, "d"), ("e",), ("a", "b", 7)]}
    assert lines == {("a",): 1, ("a", "b", 0): 3, ("a", "b", 1, "d"): 5, ("e",): 7, ("a", "b", 7): 2}
    assert find(root, ("a", "b", 1, "d")) is not None
    assert find(root, ("a", "b", 7)) is None


def test_a_file_that_can_not_be_read_is_a_problem_and_no_exception(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "latin").write_bytes(b"a: 1\nb: \xe9\n")
    (tmp_path / "large").write_text("a: 1\n" * 10)
    monkeypatch.setattr(document, "LARGEST_FILE", 40)
    messages = {name: read_document(tmp_path / name).problems[0].message for name in ("nowhere", "latin", "large", ".")}
    assert messages == {
        "nowhere": "the file can't be read: No such file or directory",
        "latin": "the file is not UTF-8 text (line 2)",
        "large": "the file is larger than 0 MB",
        ".": "the file is not a regular file",
    }
