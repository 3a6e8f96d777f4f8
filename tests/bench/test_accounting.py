"""CPU and memory of a process tree, read from the kernel's accounts."""

import os

import pytest

from bench.accounting import Stat, core_seconds, cpu_seconds, descend, parse_core_stat, parse_pss, parse_stat, pss_bytes, tree

FIELDS = "S 41 42 42 0 -1 4194560 100 0 0 0 250 50 30 20 20 0 1 0 987654 0 0"


@pytest.mark.parametrize("name", ["nginx", "node (worker) 7", ") S 1 (", ""])
def test_a_line_of_stat_is_read_whatever_the_program_is_called(name: str) -> None:
    assert parse_stat(f"4711 ({name}) {FIELDS}") == Stat(parent=41, used=300, reaped=50, started=987654)


def test_memory_is_read_in_bytes() -> None:
    assert parse_pss("55d0-7ffd ---p 00000000 00:00 0 [rollup]\nRss:  9000 kB\nPss:  1234 kB\nPss_Dirty: 5 kB\n") == 1234 * 1024


def test_memory_that_may_not_be_read_counts_nothing() -> None:
    assert parse_pss("") == 0


def test_a_core_has_worked_in_all_ticks_but_those_in_which_it_was_idle_or_waited() -> None:
    text = "cpu  9 9 9 9 9 9 9 9 9 9\ncpu0 100 20 30 5000 400 5 6 7 0 0\ncpu1 1 0 0 9 9 0 0 0 0 0\ncpu10 3 0 0 0 0 0 0 0 0 0\nintr 12\n"
    assert [parse_core_stat(text, core) for core in (0, 1, 10, 2)] == [168, 1, 3, 0]
    assert core_seconds(min(os.sched_getaffinity(0))) > 0


def test_descendants_of_all_generations_belong_to_a_tree_and_nobody_else() -> None:
    parents = {10: 1, 11: 10, 12: 11, 13: 12, 20: 1, 21: 20}
    assert descend(parents, [10]) == {10, 11, 12, 13}


def test_a_root_that_has_ended_has_no_tree() -> None:
    assert descend({20: 1}, [10]) == set()


def test_the_test_itself_uses_time_and_memory() -> None:
    own = os.getpid()
    assert own in tree([own])
    assert cpu_seconds([own]) > 0
    assert pss_bytes([own]) > 1_000_000
