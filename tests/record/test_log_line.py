"""Both looks of a line tell the same fields, whatever stands in them."""

import json
import re
from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st

from sidecar.errors import Reason
from sidecar.record import log_line
from sidecar.record.checked import Checked
from sidecar.record.exchange import Exchange, Outcome
from sidecar.record.log_line import fields, json_line, moment, text_line
from sidecar.record.shadowed import Shadowed, Would

EXCHANGES = st.builds(
    Exchange,
    client=st.text(),
    method=st.text(),
    call=st.text(),
    environment=st.text(),
    app_connector=st.text(),
    user=st.text(),
    device=st.text(),
    connector=st.text(),
    outcome=st.sampled_from(Outcome),
    reason=st.none() | st.sampled_from(Reason),
    detail=st.text(),
    predicate=st.text(max_size=1100),
    policy_version=st.text(),
    status=st.integers(0, 599),
    sent=st.integers(0, 10**12),
    backend_seconds=st.none() | st.floats(0, 1e5),
    seconds=st.floats(0, 1e5),
    shadowed=st.none() | st.builds(Shadowed, st.sampled_from(Would), st.none() | st.sampled_from(Reason)),
    checked=st.none() | st.builds(Checked, st.integers(0), st.integers(0), st.integers(0), st.text()),
)
_PAIR = re.compile(r'(\w+)=("(?:[^"\\]|\\.)*"|[^ "=]*)(?: |\n)')


@given(EXCHANGES)
def test_a_line_of_json_has_exactly_the_fields_in_order(exchange: Exchange) -> None:
    with patch.object(log_line, "moment", return_value="2026-11-24T10:00:00.123+00:00"):
        line = json_line(exchange)
        assert line.endswith("}\n")
        assert line.count("\n") == 1
        assert list(json.loads(line).items()) == list(fields(exchange).items())


@given(EXCHANGES)
def test_a_line_of_text_has_exactly_the_fields_in_order(exchange: Exchange) -> None:
    with patch.object(log_line, "moment", return_value="2026-11-24T10:00:00.123+00:00"):
        line = text_line(exchange)
        assert line.count("\n") == 1
        pairs = [(name, json.loads(value) if value.startswith('"') else value) for name, value in _PAIR.findall(line)]
        assert pairs == [(name, f"{value:.2f}" if isinstance(value, float) else str(value)) for name, value in fields(exchange).items()]
        assert "".join(match[0] for match in _PAIR.finditer(line)) == line


def test_the_moment_is_told_in_utc_to_the_millisecond() -> None:
    with patch.object(log_line, "time_ns", return_value=1_795_514_400_007_999_999):
        assert moment() == "2026-11-24T10:00:00.007+00:00"
