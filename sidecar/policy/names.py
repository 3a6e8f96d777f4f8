"""When two names could be taken for one another, though they are two: letter case counts in names, and so does every code point."""

from unicodedata import normalize


def look_of(name: str) -> str:
    """What is the same for names that differ in letter case or Unicode form only, such as an `é` of one character or of two."""
    return normalize("NFKC", normalize("NFKC", name).casefold())
