"""What the code cites of the wire reference, the page has."""

import re
from pathlib import Path

from tests.docs.markdown import DOCS

ROOT = DOCS.parent
_CITATION = re.compile(r"wire reference[ (]*((?:[1-6]\.[0-9])(?:(?:, | to | and )[1-6]\.[0-9])*)")


def cited(folder: Path) -> set[str]:
    texts = (re.sub(r"\s+", " ", path.read_text("utf-8")) for path in folder.rglob("*.py"))
    return {section for text in texts for sections in _CITATION.findall(text) for section in re.findall(r"[1-6]\.[0-9]", sections)}


def test_every_section_that_code_and_tests_cite_is_there() -> None:
    headings = set(re.findall(r"^### ([1-6]\.[0-9]) ", (DOCS / "reference" / "wire.md").read_text("utf-8"), re.MULTILINE))
    assert {"1.1", "2.3", "6.3"} <= cited(ROOT / "sidecar")
    assert cited(ROOT / "sidecar") | cited(ROOT / "tests") <= headings
