"""The trace of an internal fault says where, never what."""

from sidecar.record.trace import trace_of


def test_a_trace_names_places_and_causes_but_no_value() -> None:
    secret = "s3cret"

    def inner() -> None:
        raise ValueError(f"cannot use {secret}")

    def outer() -> None:
        try:
            inner()
        except ValueError as problem:
            raise KeyError(secret) from problem

    try:
        outer()
    except KeyError as error:
        trace = trace_of(error)
    assert trace.startswith("KeyError: test_trace.py:")
    assert " outer from ValueError: test_trace.py:" in trace
    assert trace.endswith(" inner")
    assert secret not in trace


def test_an_endless_chain_of_causes_is_cut() -> None:
    error = ValueError()
    error.__cause__ = error
    assert trace_of(error).count("ValueError") == 5
