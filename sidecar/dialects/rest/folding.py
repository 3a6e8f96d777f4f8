"""What a helpful reader may make of characters outside ASCII: some systems fold them before they open a path, and so `．` becomes a dot."""

import re
import unicodedata

SLASHES = re.compile(r"[/\\\u2044\u2215\u2216\u29f5\u29f8\u29f9]")
"""Those, and what code pages of Windows, or people, take for them."""


def folded(text: str) -> str:
    """The text in the compatibility form of Unicode, without characters that nobody sees."""
    if text.isascii():
        return text
    return unicodedata.normalize("NFKC", "".join([each for each in text if unicodedata.category(each) != "Cf"]))
