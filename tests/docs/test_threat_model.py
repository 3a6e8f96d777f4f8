"""Every test that the threat model names is there, and every gap that it admits is linked from a row."""

import re

from tests.docs.markdown import DOCS, ROOT, prose
from tests.jwt.attacks import ATTACKS

TEXT = prose(DOCS / "threat-model.md")
NAMED = re.findall(r"`(tests/[\w/.]+\.py)::(test_\w+)`", TEXT)


def test_every_test_that_it_names_exists() -> None:
    missing = []
    for path, name in NAMED:
        file = ROOT / path
        if not file.is_file() or not re.search(rf"^(?:async )?def {name}\(", file.read_text("utf-8"), re.MULTILINE):
            missing.append(f"{path}::{name}")
    assert missing == []
    assert len(NAMED) > 40


def test_every_class_of_attack_has_a_test_or_an_open_gap() -> None:
    table = TEXT.partition("\n## Attacks")[2].partition("\n## Open gaps")[0]
    rows = [line for line in table.splitlines() if re.match(r"^\| \d+ ", line)]
    assert [int(row.split()[1]) for row in rows] == list(range(1, len(rows) + 1))
    for row in rows:
        assert "::test_" in row or "](#" in row or "not applicable" in row.lower(), row[:60]


def test_no_two_gaps_have_one_name() -> None:
    gaps = re.findall(r"^### (.*)$", TEXT.partition("\n## Open gaps")[2], re.MULTILINE)
    assert gaps
    assert len(set(gaps)) == len(gaps)


def test_every_class_of_attack_on_jwts_that_is_tested_is_named_and_no_other() -> None:
    table = TEXT.partition("\n## Attacks on JWTs")[2].partition("\nWhat else could go wrong")[0]
    named = [row.split(" | ")[0].removeprefix("| ") for row in table.splitlines() if row.startswith("| ")]
    assert named[0] == "Class"
    assert named[1:] == list(dict.fromkeys(attack.kind for attack in ATTACKS))
