"""The main table as a picture: CPU per request of everyone, as bars on a logarithmic scale, in plain SVG."""

import math
from collections.abc import Sequence
from html import escape

from bench.peers.peer import Kind
from bench.rounds import Row

_COLOURS = {Kind.SIDECAR.value: "#0b7285", Kind.PEER.value: "#868e96", Kind.LIMIT.value: "#ced4da"}
_MEANINGS = {Kind.SIDECAR.value: "the sidecar", Kind.PEER.value: "others, same work", Kind.LIMIT.value: "others, forwarding only"}
_WIDTH, _NAMES, _BAR, _GAP, _TOP, _BOTTOM = 900, 270, 22, 10, 70, 70


def draw(rows: Sequence[Row], title: str, source: str) -> str:
    """An SVG document.

    :param source: where the figures come from; stands below.
    """
    ordered = sorted((row for row in rows if row.cpu_us > 0), key=lambda row: row.cpu_us)
    if not ordered:
        raise ValueError("nothing to draw")
    least = 10 ** math.floor(math.log10(ordered[0].cpu_us))
    most = 10 ** math.ceil(math.log10(ordered[-1].cpu_us * 1.01))
    room = _WIDTH - _NAMES - 110

    def across(value: float) -> float:
        return _NAMES + room * math.log(value / least) / math.log(most / least)

    bottom = _TOP + len(ordered) * (_BAR + _GAP)
    height = bottom + _BOTTOM
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" font-family="system-ui, sans-serif" font-size="13">',
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="20" y="30" font-size="17" font-weight="600">{escape(title)}</text>',
    ]
    for power in range(round(math.log10(least)), round(math.log10(most)) + 1):
        x = across(10.0**power)
        parts.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP - 8}" y2="{bottom}" stroke="#e9ecef"/>')
        parts.append(f'<text x="{x:.1f}" y="{_TOP - 14}" fill="#868e96" text-anchor="middle">{10**power:,} µs</text>')
    for position, row in enumerate(ordered):
        y = _TOP + position * (_BAR + _GAP)
        end = across(row.cpu_us)
        parts.append(f'<text x="{_NAMES - 10}" y="{y + 16}" text-anchor="end">{escape(row.name)}</text>')
        parts.append(f'<rect x="{_NAMES}" y="{y}" width="{max(end - _NAMES, 1):.1f}" height="{_BAR}" fill="{_COLOURS[row.kind]}"/>')
        parts.append(f'<text x="{end + 8:.1f}" y="{y + 16}" fill="#495057">{row.cpu_us:,.0f} µs</text>')
    x = 20
    for kind, meaning in _MEANINGS.items():
        parts.append(f'<rect x="{x}" y="{bottom + 14}" width="12" height="12" fill="{_COLOURS[kind]}" stroke="#adb5bd"/>')
        parts.append(f'<text x="{x + 18}" y="{bottom + 25}">{escape(meaning)}</text>')
        x += 200
    parts.append(f'<text x="20" y="{bottom + 52}" fill="#868e96" font-size="11">{escape(source)}</text>')
    return "\n".join([*parts, "</svg>", ""])
