"""What the tests look at in a page of documentation: its prose, headings, tables, links and code blocks."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = (ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted(DOCS.rglob("*.md")))


def prose(page: Path) -> str:
    """The text without its code blocks."""
    return re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)


def blocks(page: Path, language: str) -> list[str]:
    """Code blocks of a language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)


def anchors(page: Path) -> set[str]:
    """The anchors that are made of headings: lower case, punctuation dropped, spaces to hyphens."""
    titles = re.findall(r"^#+ (.*)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def links(page: Path) -> list[tuple[str, str]]:
    """Relative links: path, "" for the page itself, and anchor."""
    targets = re.findall(r"\]\(([^)\s]+)\)", prose(page))
    split = [target.partition("#") for target in targets if "://" not in target]
    return [(path, anchor) for path, _, anchor in split]


def rows(page: Path, below: str = "") -> list[str]:
    """First cells of the rows of all tables, without backticks; only those below the heading with this text, if one is given."""
    text = prose(page)
    if below:
        _, found, text = f"\n{text}".partition(f"\n{below}\n")
        assert found, f"{page.name} has no heading {below!r}"
        text = re.split(r"^#", text, maxsplit=1, flags=re.MULTILINE)[0]
    cells = re.findall(r"^\| (.*?) \|", text, re.MULTILINE)
    return [cell.replace("`", "") for cell in cells]
