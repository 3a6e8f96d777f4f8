"""How the tour looks: short labelled lines of at most 98 columns, in colour on a terminal and plain elsewhere."""

import textwrap
from typing import Any

from rich.console import Console
from rich.text import Text

_WIDTH = 98
_LABEL = 16
_INDENT = 3


class Page:
    """Prints the tour on a console."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def title(self, text: str) -> None:
        """A heading, with a blank line before it."""
        self._print(Text(""))
        self._print(Text(text, style="bold"))

    def say(self, label: str, text: str, style: str = "") -> None:
        """A label and a sentence, on as many lines as that needs."""
        self._labelled(label, textwrap.wrap(text, _WIDTH - _INDENT - _LABEL, break_on_hyphens=False), style)

    def target(self, label: str, target: str, style: str = "cyan") -> None:
        """A label and a request target, broken between parameters."""
        spaced = target.replace("&", " &")
        lines = textwrap.wrap(spaced, _WIDTH - _INDENT - _LABEL, break_on_hyphens=False)
        self._labelled(label, [line.replace(" &", "&") for line in lines], style)

    def outcome(self, label: str, status: int, text: str) -> None:
        """A label, a status in the colour of its kind, and what it means."""
        self.say(label, f"{status} {text}", "green" if status < 400 else "red")

    def hour_line(self, label: str, row: dict[str, Any]) -> None:
        """A row of `Profit_Hours`."""
        columns = f"{row['Id']:>5}  {row['Datum'][:10]}  {row['Naam'][:20]:<20}  {row['Afdeling'] or '-':<5}  {row['Uren']:>5.2f}"
        self._labelled(label, [f"{columns}  {row['Omschrijving'] or ''}".rstrip()], "dim")

    def plain(self, text: str, style: str = "") -> None:
        """A line that is short enough already."""
        self._print(Text(" " * _INDENT + text, style=style))

    def _labelled(self, label: str, lines: list[str], style: str) -> None:
        for number, line in enumerate(lines):
            self._print(Text.assemble(" " * _INDENT, ((label if number == 0 else "").ljust(_LABEL), "dim"), (line, style)))

    def _print(self, text: Text) -> None:
        self._console.print(text, soft_wrap=True)
