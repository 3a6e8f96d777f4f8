"""What an update's body really does, in whatever spelling it is hidden."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.dialects.call import Action, Element, Update
from sidecar.dialects.rest.update_body import actions_of
from sidecar.errors import Reason, Refusal

POST = Update("KnSubject", Action.INSERT, (), frozenset({Action.INSERT}))
PUT = Update("KnSubject", Action.UPDATE, (), frozenset({Action.UPDATE}))
DELETE = Update("KnSubject", Action.DELETE, (), frozenset({Action.DELETE}))
POST_SUB = Update("FbSales", Action.INSERT, (Element("FbSalesLines"),), frozenset({Action.INSERT}))


@pytest.mark.parametrize(
    "body",
    [
        b'{"KnSubject":{"Element":{"@Action":"delete"}}}',
        b'{"KnSubject":{"Element":{"Fields":{"@Action":"delete"}}}}',
        b'{"KnSubject":{"Element":[{"Fields":{}},{"Objects":[{"X":{"Element":[{"Fields":{"@Action":"DELETE"}}]}}]}]}}',
        b'{"KnSubject":{"Element":{"@\\u0041ction":"delete"}}}',
        b'{"KnSubject":{"Element":{"\\u0040action":"\\u0064elete"}}}',
        b'{"KnSubject":{"Element":{"@ACTION ":" Delete "}}}',
        '{"KnSubject":{"Element":{"＠Ａction":"delete"}}}'.encode(),
        b'{"KnSubject":{"Element":{"Action":"delete"}}}',
        b'{"@Action":"delete"}',
        b' \r\n\t{"a":[[[[{"@Action":"delete"}]]]]} ',
    ],
)
def test_an_action_is_found_at_any_depth_in_any_spelling(body: bytes) -> None:
    assert actions_of(PUT, body) == {Action.UPDATE, Action.DELETE}


def test_the_verbs_own_action_always_counts() -> None:
    assert actions_of(POST, b'{"KnSubject":{"Element":{"@Action":"update"}}}') == {Action.INSERT, Action.UPDATE}
    assert actions_of(POST, b"{}") == {Action.INSERT}
    assert actions_of(DELETE, b"") == {Action.DELETE}
    assert actions_of(DELETE, b'{"X":{"Element":{"@Action":"update"}}}') == {Action.DELETE, Action.UPDATE}


def test_a_field_that_happens_to_be_called_action_is_only_a_field() -> None:
    assert actions_of(POST, b'{"KnSubject":{"Element":{"Fields":{"Action":"call back","action":7}}}}') == {Action.INSERT}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"FbSales":{"Element":{"@OrNu":"1","Objects":[{"FbSalesLines":{"Element":{"Fields":{"Qu":1}}}}]}}}', {Action.INSERT}),
        (b'{"FbSales":{"Element":{"@OrNu":"1","Fields":{"RfCs":"x"},"Objects":[]}}}', {Action.INSERT, Action.UPDATE}),
        (b'{"FbSales":{"Element":[{"@OrNu":"1"},{"fields":{"RfCs":"x"}}]}}', {Action.INSERT, Action.UPDATE}),
        (b'{"FbSales":{"Element":{"@OrNu":"1","Fields":{}}}}', {Action.INSERT}),
    ],
)
def test_inserting_a_sub_element_with_fields_of_the_main_one_updates_that_too(body: bytes, expected: set[Action]) -> None:
    assert actions_of(POST_SUB, body) == expected


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"text"',
        b"{",
        b'{"a":1}{"b":2}',
        b'{"a":1,}',
        b"{'a':1}",
        b"{a:1}",
        b'{"a":1 /* @Action */}',
        b'{"a":NaN}',
        b'{"a":Infinity}',
        b'{"a":1,"a":2}',
        b'{"FbSales":{"Element":{}},"KnPerson":{"Element":{}}}',
        b'{"FbSales":{"Element":{}},"fbsales":{"Element":{}}}',
        b'{"x":{"@Action":"insert","@Action":"delete"}}',
        b'{"x":{"@Action":"insert","\\u0040Action":"delete"}}',
        b'{"@Action":"destroy"}',
        b'{"@Action":["delete"]}',
        b'{"@Action":null}',
        b'\xef\xbb\xbf{"a":1}',
        b'\xff\xfe{\x00"\x00',
        '{"a":1}'.encode("utf-16"),
        '{"a":1}'.encode("utf-32-le"),
        b'{"a":"\xff"}',
        b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"a":[' + b"[]," * 200_001 + b"[]]}",
        b'{"a":' + b"9" * 5000 + b"}",
    ],
)
def test_a_body_with_more_than_one_reading_is_refused(body: bytes) -> None:
    with pytest.raises(Refusal) as refused:
        actions_of(PUT, body)
    assert refused.value.reason is Reason.BODY_MALFORMED


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-1000, 1000) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=12,
)


@given(document=st.dictionaries(st.text(max_size=5), JSON, max_size=4), data=st.data())
def test_an_action_put_anywhere_is_found(document: dict[str, Any], data: st.DataObject) -> None:
    objects = [document]
    for item in objects:
        objects.extend(value for value in item.values() if isinstance(value, dict))
    hidden_in = data.draw(st.sampled_from(objects))
    hidden_in["@Action"] = "delete"
    assert Action.DELETE in actions_of(POST, json.dumps({"FbSales": document}, ensure_ascii=data.draw(st.booleans())).encode())
