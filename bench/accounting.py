"""What processes have used, from the kernel's own accounts in /proc: CPU time and memory of a process with all its descendants."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

_PROC = Path("/proc")


class Stat(NamedTuple):
    """Of one process; times in clock ticks. `reaped` is what its ended and awaited children had used."""

    parent: int
    used: int
    reaped: int
    started: int


def parse_stat(line: str) -> Stat:
    """A line of /proc/PID/stat (proc(5)); the second field is the program's name in brackets and may hold anything."""
    fields = line[line.rindex(")") + 2 :].split()
    user, system, reaped_user, reaped_system = map(int, fields[11:15])
    return Stat(parent=int(fields[1]), used=user + system, reaped=reaped_user + reaped_system, started=int(fields[19]))


def parse_pss(rollup: str) -> int:
    """Bytes of proportional memory in the text of /proc/PID/smaps_rollup."""
    for line in rollup.splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0


def descend(parents: Mapping[int, int], roots: Iterable[int]) -> set[int]:
    """The roots with all their descendants, given each process's parent."""
    found = {root for root in roots if root in parents}
    while more := {pid for pid, parent in parents.items() if parent in found and pid not in found}:
        found |= more
    return found


def tree(roots: Iterable[int]) -> dict[int, Stat]:
    """The living processes among the roots and their descendants."""
    everyone: dict[int, Stat] = {}
    for entry in _PROC.iterdir():
        if entry.name.isdigit():
            try:
                everyone[int(entry.name)] = parse_stat((entry / "stat").read_text(errors="replace"))
            except (FileNotFoundError, ProcessLookupError):
                continue
    return {pid: everyone[pid] for pid in descend({pid: stat.parent for pid, stat in everyone.items()}, roots)}


def cpu_seconds(roots: Iterable[int]) -> float:
    """CPU time, user and system, that the roots and their descendants have used so far, ended ones included."""
    return sum(stat.used + stat.reaped for stat in tree(roots).values()) / os.sysconf("SC_CLK_TCK")


def parse_core_stat(text: str, core: int) -> int:
    """Clock ticks in which this core was not idle, from /proc/stat (proc(5)); what a hypervisor took counts as well."""
    for line in text.splitlines():
        name, *fields = line.split()
        if name == f"cpu{core}":
            user, nice, system, _idle, _waiting, interrupts, soft_interrupts, stolen = map(int, fields[:8])
            return user + nice + system + interrupts + soft_interrupts + stolen
    return 0


def core_seconds(core: int) -> float:
    """Time for which this core has worked so far, for whomever."""
    return parse_core_stat((_PROC / "stat").read_text(), core) / os.sysconf("SC_CLK_TCK")


def pss_bytes(roots: Iterable[int]) -> int:
    """Memory of the roots and their descendants; what several share counts once."""
    total = 0
    for pid in tree(roots):
        try:
            total += parse_pss((_PROC / str(pid) / "smaps_rollup").read_text())
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
    return total
