"""The results as tables on the terminal."""

from collections.abc import Iterable, Mapping, Sequence

from rich.console import Console
from rich.table import Table

from bench.goals import GOALS, LARGE_ANSWER_GOALS, Goal, Verdict, verdict
from bench.growth import Curve
from bench.latency import RATE, LatencyRow
from bench.memory import MemoryRow
from bench.results import Results, ratios
from bench.rounds import Row

_COLOURS = {Verdict.REACHED: "green", Verdict.ENOUGH: "yellow", Verdict.MISSED: "red", Verdict.NONE: "default"}
_NOTE = (
    "One proxy process on one core, load and backend on the other; wrk, 32 connections, keep-alive; medians of rounds in turn. CPU: user"
    " and system time of all the proxy's processes per request. Every proxy writes a log line for each request to a file (the sidecar"
    " its decision log), and the sidecar counts its metrics. “×” is the sidecar's CPU as a multiple of theirs: under 1 it takes less."
)


def show(results: Results, console: Console) -> None:
    """Print what was measured, and who was left out and why."""
    console.print(f"\n[bold]{results.machine}[/bold]\n{results.python}", highlight=False)
    if results.rows:
        console.print(_core("Answers of 2 KB, every call new unless said otherwise", results.rows, GOALS))
    if results.rows_large:
        console.print(_core("Answers of 200 KB", results.rows_large, LARGE_ANSWER_GOALS))
    if results.rows:
        console.print(_NOTE, style="dim", highlight=False)
    if results.ladder:
        console.print(_ladder(results.ladder))
        console.print("The price of a row guard is not in it: this version has none.", style="dim")
    if results.latency:
        console.print(_latency(results.latency))
    for curve in results.growth:
        console.print(_curve(curve))
    if results.memory:
        console.print(_memory(results.memory))
    for name, reason in results.left_out.items():
        console.print(f"[red]left out:[/red] {name}: {reason}", highlight=False)


def _table(title: str, first: str, columns: Iterable[str], *, text: Iterable[str] = ()) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold")
    table.add_column(first)
    for column in columns:
        table.add_column(column, justify="right")
    for column in text:
        table.add_column(column)
    return table


def _figures(row: Row) -> list[str]:
    return [f"{row.rps:,.0f}", f"{row.cpu_us:,.1f}", f"{row.p50_us:,.0f}", f"{row.p90_us:,.0f}", f"{row.p99_us:,.0f}", f"{row.pss_mb:,.0f}"]


_COLUMNS = ("req/s", "CPU µs/req", "p50 µs", "p90 µs", "p99 µs", "PSS MB")


def _core(title: str, rows: Sequence[Row], goals: Mapping[str, Goal]) -> Table:
    new, repeated = ratios(rows), ratios(rows, repeated=True)
    nginx = next((row.cpu_us for row in rows if row.name == "nginx, forwards only"), None)
    table = _table(title, "", [*_COLUMNS, "of nginx", "×", "× repeated"], text=["goal"])
    for row in sorted(rows, key=lambda each: each.cpu_us):
        cells = ["", "", ""]
        if row.name in new:
            judged = verdict(goals.get(row.name), new[row.name])
            goal = f"≤ {goals[row.name].must:g}, wanted {goals[row.name].want:g}: {judged}" if row.name in goals else ""
            colour = _COLOURS[judged]
            cells = [
                f"[{colour}]{new[row.name]:.2f}[/]",
                f"{repeated[row.name]:.2f}" if row.name in repeated else "",
                f"[{colour}]{goal}[/]",
            ]
        of_nginx = f"{row.cpu_us / nginx:.2f}" if nginx else ""
        table.add_row(row.name, *_figures(row), of_nginx, *cells, style="bold" if row.kind == "sidecar" else None)
    return table


def _ladder(rows: Sequence[Row]) -> Table:
    table = _table("What each feature costs", "the sidecar, a step at a time", _COLUMNS)
    for row in rows:
        table.add_row(row.name, *_figures(row))
    return table


def _latency(rows: Sequence[LatencyRow]) -> Table:
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


def _curve(curve: Curve) -> Table:
    table = _table(f"What grows: {curve.name}", "", _COLUMNS, text=[""])
    for point in curve.points:
        table.add_row(point.value, *_figures(point.row), point.note)
    return table


def _memory(rows: Sequence[MemoryRow]) -> Table:
    table = _table("Flat memory", "", ["most PSS MB", "must stay under"], text=["seen"])
    for row in rows:
        colour = "green" if row.peak_mb < row.must_mb else "red"
        table.add_row(row.name, f"[{colour}]{row.peak_mb:,.0f}[/]", f"{row.must_mb:,.0f}", row.seen)
    return table
