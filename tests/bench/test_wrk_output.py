"""What wrk reports: only answers that are right count as answers."""

import pytest

from bench.wrk import Load, LoadError, parse

MEASURED = "Running 1s test\nMEASURED {requests} {size} 2000000 900 1500 4000 {refused} {broken}\n"


def test_a_good_run_gives_requests_a_second_and_latencies() -> None:
    load = parse(MEASURED.format(requests=10_000, size=20_480_000, refused=0, broken=0), 2048)
    assert load == Load(requests=10_000, seconds=2.0, p50=900, p90=1500, p99=4000)
    assert load.rps == 5000


@pytest.mark.parametrize(
    ("what", "figures"),
    [
        ("refused", {"requests": 100, "size": 300_000, "refused": 1, "broken": 0}),
        ("broke", {"requests": 100, "size": 300_000, "refused": 0, "broken": 1}),
        ("no call", {"requests": 0, "size": 0, "refused": 0, "broken": 0}),
        ("must have 2048", {"requests": 100, "size": 100_000, "refused": 0, "broken": 0}),
    ],
)
def test_a_run_with_wrong_answers_is_no_measurement(what: str, figures: dict[str, int]) -> None:
    with pytest.raises(LoadError, match=what):
        parse(MEASURED.format(**figures), 2048)


def test_refusals_are_measured_only_where_everything_is_refused() -> None:
    assert parse(MEASURED.format(requests=100, size=100, refused=100, broken=0), 0, refused=True).requests == 100
    with pytest.raises(LoadError, match="99 of 100"):
        parse(MEASURED.format(requests=100, size=100, refused=99, broken=0), 0, refused=True)


def test_what_wrk_complains_about_is_told() -> None:
    with pytest.raises(LoadError, match="unable to connect"):
        parse("unable to connect to 127.0.0.1:1 Connection refused\n", 0)
