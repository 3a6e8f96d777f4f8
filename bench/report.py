"""The results as tables on the terminal."""

from collections.abc import Iterable, Mapping, Sequence

from rich.console import Console
from rich.table import Table as Printed

from bench.core import HEADLINE, NEW_VALUES, REPEATED, TLS
from bench.goals import JUDGED, Judged, Verdict, judge
from bench.growth import Curve
from bench.latency import RATE, LatencyRow
from bench.memory import MemoryRow
from bench.policy_database import DatabaseRow
from bench.results import Results
from bench.rounds import Row, Table

_COLOURS = {Verdict.REACHED: "green", Verdict.ENOUGH: "yellow", Verdict.MISSED: "red"}
_MANY_STRANGERS = 0.1
_NOTE = (
    "One proxy process on one core, load and backend on the other; wrk, 32 connections, keep-alive; medians of rounds in turn. CPU: user"
    " and system time of all the proxy's processes per request. Every proxy writes a log line for each request to a file (the sidecar"
    " its decision log), and the sidecar counts its metrics. “×” is the sidecar's CPU as a multiple of theirs, the median of the rounds'"
    " ratios: under 1 it takes less. Busy: how much of its core the proxy used; below 1 the load, the backend or the machine's other work"
    " held it back, so its req/s could be more. In the row “sidecar” every call asks for another page of the same, so that some of the work"
    " is remembered; with new filter values less is, with new questions hardly anything."
)


def show(results: Results, console: Console) -> None:
    """Print what was measured, and who was left out and why."""
    console.print(f"\n[bold]{results.machine}[/bold]\n{results.python}", highlight=False)
    if results.small.rows:
        ways = {"× new page": HEADLINE, "× new values": NEW_VALUES, "× repeated": REPEATED}
        console.print(_core("Answers of 2 KB, every call new unless said otherwise", results.small, ways))
    if results.large.rows:
        console.print(_core("Answers of 200 KB", results.large, {"×": HEADLINE}))
    if results.tls.rows:
        console.print(_core("Answers of 2 KB, TLS to the backend", results.tls, {"×": TLS}))
    if results.small.rows:
        console.print(_NOTE, style="dim", highlight=False)
        console.print(_strangers(results.small.others), highlight=False)
    if judged := list(judge(results.small, results.large)):
        console.print(_goals(judged))
    if results.ladder:
        console.print(_ladder(results.ladder))
        console.print("Answers have 2 KB; what a row guard costs grows with them.", style="dim")
    if results.latency:
        console.print(_latency(results.latency))
    for curve in results.growth:
        console.print(_curve(curve))
    if results.memory:
        console.print(_memory(results.memory))
    if results.policy_database:
        console.print(_policy_database(results.policy_database))
        console.print(_DATABASE_NOTE, style="dim", highlight=False)
        console.print(_grown(results.policy_database))
    for name, reason in results.left_out.items():
        console.print(f"[red]left out:[/red] {name}: {reason}", highlight=False)


def _strangers(part: float) -> str:
    """:param part: of the proxies' core, 0 to 1."""
    told = f"Strangers took {part:.1%} of the proxies' core meanwhile (median)"
    return f"[red]{told}: measure again in a quieter hour.[/]" if part > _MANY_STRANGERS else f"[dim]{told}.[/]"


def _table(title: str, first: str, columns: Iterable[str], *, text: Iterable[str] = ()) -> Printed:
    table = Printed(title=title, title_justify="left", title_style="bold")
    table.add_column(first)
    for column in columns:
        table.add_column(column, justify="right")
    for column in text:
        table.add_column(column)
    return table


def _figures(row: Row) -> list[str]:
    return [
        f"{row.rps:,.0f}",
        f"{row.cpu_us:,.1f}",
        f"{row.p50_us:,.0f}",
        f"{row.p90_us:,.0f}",
        f"{row.p99_us:,.0f}",
        f"{row.pss_mb:,.0f}",
        f"{row.busy:.2f}",
    ]


_COLUMNS = ("req/s", "CPU µs/req", "p50 µs", "p90 µs", "p99 µs", "PSS MB", "busy")


def _core(title: str, found: Table, ways: Mapping[str, str]) -> Printed:
    """:param ways: by heading of a column, the row whose ratios stand in it."""
    shown = {heading: found.ratios[name] for heading, name in ways.items() if name in found.ratios}
    table = _table(title, "", [*_COLUMNS, *shown])
    for row in sorted(found.rows, key=lambda each: each.cpu_us):
        cells = [f"{ratios[row.name]:.2f}" if row.name in ratios else "" for ratios in shown.values()]
        table.add_row(row.name, *_figures(row), *cells, style="bold" if row.kind == "sidecar" else None)
    return table


def _goals(judged: Sequence[Judged]) -> Printed:
    """Every goal, with the ratio reached and whether it is met."""
    rows = [name for name in JUDGED if any(name in each.ratios for each in judged)]
    table = _table("Goals: CPU per request of the sidecar as a multiple of theirs", "against", ["must", "want"], text=rows)
    for each in judged:
        cells = [
            f"[{_COLOURS[each.verdicts[name]]}]{each.ratios[name]:.3g}: {each.verdicts[name]}[/]" if name in each.ratios else ""
            for name in rows
        ]
        table.add_row(each.against, f"≤ {each.goal.must:g}", f"≤ {each.goal.want:g}", *cells)
    return table


def _ladder(rows: Sequence[Row]) -> Printed:
    table = _table("What each feature costs", "the sidecar, a step at a time", _COLUMNS)
    for row in rows:
        table.add_row(row.name, *_figures(row))
    return table


def _latency(rows: Sequence[LatencyRow]) -> Printed:
    table = _table(
        f"Latency at {RATE} calls a second, counted from when each was due",
        "",
        ["p50 µs", "p90 µs", "p99 µs", "worst µs", "added p50", "added p99"],
    )
    direct = rows[0]
    for row in rows:
        added = ["", ""] if row is direct else [f"{row.p50_us - direct.p50_us:+,.0f}", f"{row.p99_us - direct.p99_us:+,.0f}"]
        table.add_row(row.name, f"{row.p50_us:,.0f}", f"{row.p90_us:,.0f}", f"{row.p99_us:,.0f}", f"{row.worst_us:,.0f}", *added)
    return table


def _curve(curve: Curve) -> Printed:
    table = _table(f"What grows: {curve.name}", "", _COLUMNS, text=[""])
    for point in curve.points:
        table.add_row(point.value, *_figures(point.row), point.note)
    return table


def _memory(rows: Sequence[MemoryRow]) -> Printed:
    table = _table("Flat memory", "", ["most PSS MB", "must stay under"], text=["seen"])
    for row in rows:
        colour = "green" if row.peak_mb < row.must_mb else "red"
        table.add_row(row.name, f"[{colour}]{row.peak_mb:,.0f}[/]", f"{row.must_mb:,.0f}", row.seen)
    return table


_MOST_SECONDS, _MOST_MB = 2.0, 150.0
_DATABASE_NOTE = (
    "Ready: until the first caller is served, Python's start included. Known: 100 users with three tokens each, in rounds in turn with the"
    " other sizes. First: a token's first call, one after the other on one connection, and then again; of 100 users all were seen before."
    " Others: known callers at a constant rate, while 16 connections make calls that are known, and while they come with unknown tokens."
)


def _policy_database(rows: Sequence[DatabaseRow]) -> Printed:
    of_looking_up = ("first p50", "p99", "CPU µs", "again p50", "p99", "CPU µs")
    columns = ("ready s", "its CPU s", "PSS MB", "known CPU µs", "p99", *of_looking_up, "others p99", "in flood", "flood/s", "MB")
    table = _table("Policy in a database", "", columns)
    for row in rows:
        table.add_row(
            row.name,
            _within(row.ready_seconds, _MOST_SECONDS, "{:.2f}"),
            _within(row.ready_cpu_seconds, _MOST_SECONDS, "{:.2f}"),
            _within(row.at_rest_mb, _MOST_MB, "{:.0f}"),
            f"{row.known.cpu_us:,.1f}",
            f"{row.known.p99_us:,.0f}",
            f"{row.cold_p50:,.0f}",
            f"{row.cold_p99:,.0f}",
            f"{row.cold_cpu:,.0f}",
            f"{row.again_p50:,.0f}",
            f"{row.again_p99:,.0f}",
            f"{row.again_cpu:,.0f}",
            f"{row.others_p99:,.0f}",
            f"{row.others_in_flood_p99:,.0f}",
            f"{row.strangers_per_second:,.0f}",
            _within(row.after_flood_mb, _MOST_MB, "{:.0f}"),
        )
    return table


def _within(value: float, most: float, form: str) -> str:
    return f"[{'green' if value < most else 'red'}]{form.format(value)}[/]"


def _grown(rows: Sequence[DatabaseRow]) -> Printed:
    """The same as bars, each against the largest of its kind: what does not grow stays level."""
    table = _table("What grows with the users", "", (), text=("CPU to ready", "memory", "CPU of a known call", "of a token's first"))
    figures = [(row.ready_cpu_seconds, row.at_rest_mb, row.known.cpu_us, row.cold_cpu) for row in rows]
    most = [max(column) for column in zip(*figures, strict=True)]
    for row, values in zip(rows, figures, strict=True):
        table.add_row(row.name, *("█" * max(round(12 * value / top), 1) for value, top in zip(values, most, strict=True)))
    return table
