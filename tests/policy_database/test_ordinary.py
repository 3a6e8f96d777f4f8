"""The quick reader and the strict one: whatever the quick one takes, the strict one takes for the same, and ordinary rows it does take."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sidecar.policy_database.lookup import strict_token, strict_user
from sidecar.policy_database.ordinary import ordinary_token, ordinary_user
from sidecar.policy_database.rows import rows_of
from sidecar.settings.model import Settings
from tests.policy_database.configurations import configurations

_GROUPS = frozenset({"staff"})
_TEXTS = st.text(max_size=3) | st.sampled_from(
    ["", " ", "a", " a", "a ", "a b", "é", "\0", "a\0", "\ud800", "\x7f", "\u200b", "\u2028", "\u00a0", "\u0378", "\ue000", "a\nb"]
)
_ATOMS = _TEXTS | st.none() | st.booleans() | st.integers(-1, 2) | st.floats() | st.binary(max_size=2)
_JSON = st.recursive(
    _TEXTS | st.none() | st.booleans() | st.integers(-1, 2) | st.floats(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXTS, inner, max_size=3),
    max_leaves=5,
).map(json.dumps) | st.sampled_from(["", "not JSON", '{"a": "b", "a": 1}', '["a", "a"]', "[" * 5000, "[1e999]", '["\\ud800"]'])
_MOMENTS = st.datetimes() | st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=14))]))
_USER_ROWS = st.fixed_dictionaries(
    {"name": _TEXTS, "email": _ATOMS, "applications": _JSON, "attributes": _JSON, "blocked": _ATOMS, "system": _ATOMS}
)
_TOKEN_ROWS = st.fixed_dictionaries(
    {
        "digest": st.binary(max_size=33) | st.just(bytes(32)),
        "app_connector": _ATOMS,
        "user_name": _ATOMS,
        "description": _ATOMS,
        "expires": st.none() | _MOMENTS | _MOMENTS.map(str) | _ATOMS,
    }
)
_USER = {"name": "a", "email": "a@example.com", "applications": '["pocket"]', "attributes": "{}", "blocked": 0, "system": 0}
_TOKEN: dict[str, Any] = {"digest": bytes(32), "app_connector": "hours", "user_name": "a", "description": "phone", "expires": None}


def _typed(value: Any) -> Any:
    """With its kind: 1 is not True here."""
    return type(value).__name__, repr(value)


@given(row=_USER_ROWS)
@example(row=_USER | {"applications": '[" pocket"]'})
@example(row=_USER | {"attributes": '{"department": "\\u0378"}'})
@example(row=_USER | {"blocked": 2})
@example(row=_USER | {"email": " a@example.com "})
def test_what_is_ordinary_of_a_user_is_what_the_strict_reader_reads(row: dict[str, Any]) -> None:
    quick = ordinary_user(row, _GROUPS)
    if quick is not None:
        strict = strict_user(row, _GROUPS)
        assert quick == strict
        assert _typed(quick) == _typed(strict)


@given(row=_TOKEN_ROWS)
@example(row=_TOKEN | {"user_name": "a "})
@example(row=_TOKEN | {"expires": datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=1)))})
@example(row=_TOKEN | {"digest": bytes(31)})
def test_what_is_ordinary_of_a_token_is_what_the_strict_reader_reads(row: dict[str, Any]) -> None:
    quick = ordinary_token(row)
    if quick is not None:
        strict = strict_token(row)
        assert quick == strict
        assert _typed(quick) == _typed(strict)


@given(content=configurations())
def test_rows_of_a_policy_are_read_alike(content: dict[str, Any]) -> None:
    rows = rows_of(Settings.model_validate(content))
    for user in rows["policy_users"]:
        row = user | {column: json.dumps(user[column]) for column in ("applications", "attributes")}
        assert ordinary_user(row, _GROUPS) in (None, strict_user(row, _GROUPS))
    for token in rows["policy_tokens"]:
        assert ordinary_token(token) in (None, strict_token(token))


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"email": "", "system": True, "blocked": False},
        {"email": "renée@example.com", "applications": "[]", "blocked": 1},
        {"applications": '["insite", "pocket"]', "attributes": '{"department": "Verkoop", "employee": ["1", "2"], "none": []}'},
    ],
)
def test_ordinary_users_are_read_quickly(said: dict[str, Any]) -> None:
    assert ordinary_user(_USER | said, _GROUPS) == strict_user(_USER | said, _GROUPS)


@pytest.mark.parametrize("said", [{}, {"description": ""}, {"expires": datetime(2027, 1, 1, tzinfo=UTC)}])
def test_ordinary_tokens_are_read_quickly(said: dict[str, Any]) -> None:
    assert ordinary_token(_TOKEN | said) == strict_token(_TOKEN | said)


@pytest.mark.parametrize(
    "said",
    [{"attributes": '{"a": 1}'}, {"attributes": "[]"}, {"applications": '{"a": 1}'}, {"applications": "not JSON"}, {"email": b"a"}],
)
def test_what_is_not_ordinary_is_left_to_the_strict_reader(said: dict[str, Any]) -> None:
    assert ordinary_user(_USER | said, _GROUPS) is None
