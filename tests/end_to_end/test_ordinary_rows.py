"""What apps really send when they ask for rows is served, in all its spellings: each user gets what was asked for AND what he may see."""

import json
import random
from urllib.parse import quote

import pytest

from tests.end_to_end.harness.configuration import BASE, authorization
from tests.end_to_end.harness.oracle import expected_rows, rows_target, surplus_rows
from tests.end_to_end.harness.rows import PEOPLE
from tests.end_to_end.harness.stage import Stage
from tests.end_to_end.harness.wire import request

HOURS = f"{BASE}/connectors/Profit_Hours"
ALL = "skip=-1&take=-1"


def in_json(*groups: tuple[tuple[str, str, str], ...], spaced: bool = False, label: bool = True) -> str:
    """`filterjson` as client libraries write it."""
    filters = [
        {
            **({"@FilterId": f"Filter {number}"} if label else {}),
            "Field": [{"@FieldId": field, "@OperatorType": operator, "#text": value} for field, operator, value in group],
        }
        for number, group in enumerate(groups, start=1)
    ]
    separators = None if spaced else (",", ":")
    return "filterjson=" + quote(json.dumps({"Filters": {"Filter": filters}}, separators=separators), safe="")


def compact(*conditions: tuple[str, str, str], separator: str = ",") -> str:
    fields, operators, values = (separator.join(each) for each in zip(*conditions, strict=True))
    return f"filterfieldids={fields}&filtervalues={values}&operatortypes={operators}"


QUERIES = (
    "",
    "?",
    "?&",
    "?skip=0&take=100",
    "?skip=0&take=10",
    "?skip=5&take=7&orderbyfieldids=Id",
    "?take=20&orderbyfieldids=-Afdeling,Id",
    "?orderbyfieldids=Uren",
    f"?{ALL}",
    f"?{ALL}&orderbyfieldids=-Id",
    "?SKIP=0&Take=3",
    "?skip=100000&take=10",
    "?filterfieldids=&filtervalues=&operatortypes=",
    "?filterjson=",
    *(f"?{ALL}&{compact(('Uren', operator, '4'))}" for operator in map(str, range(1, 6))),
    *(f"?{ALL}&{compact(('Omschrijving', operator, '%25e%25'))}" for operator in ("6", "11")),
    *(f"?{ALL}&{compact(('Omschrijving', operator, 'we%25'))}" for operator in ("10", "12")),
    *(f"?{ALL}&{compact(('Omschrijving', operator, '%25rk'))}" for operator in ("13", "14")),
    *(
        f"?{ALL}&{compact(('Omschrijving', operator, value))}"
        for operator in ("8", "9")
        for value in ("", "null", "%22%22", "[is+leeg]", "%5Bis+leeg%5D", "[is%20leeg]", "NULL")
    ),
    f"?{ALL}&filterfieldids=Afdeling&operatortypes=8",
    f"?{ALL}&filterfieldids=Afdeling&filtervalues=CONS",
    f"?{ALL}&{compact(('Afdeling', '1', 'CONS'), ('Uren', '4', '1'))}",
    f"?{ALL}&{compact(('Afdeling', '1', 'CONS'), ('Uren', '4', '1'), separator='%2C')}",
    f"?{ALL}&{compact(('Afdeling', '1', 'CONS'), ('Afdeling', '1', 'ICT'), separator=';')}",
    f"?{ALL}&{compact(('Afdeling', '1', 'CONS'), ('Afdeling', '1', 'ICT'), separator='%3B')}",
    f"?{ALL}&{compact(('Afdeling', '1', 'HR'), ('Uren', '1', '8'), separator=';')}",
    f"?{ALL}&filterfieldids=Afdeling,Uren&filtervalues=CONS%2C4&operatortypes=1%2c2",
    f"?{ALL}&{compact(('Omschrijving', '1', 'ziek+%26+beter'))}",
    f"?{ALL}&{compact(('Omschrijving', '1', 'ziek%20%26%20beter'))}",
    f"?{ALL}&{compact(('Omschrijving', '1', '100%25'))}",
    f"?{ALL}&{compact(('Omschrijving', '1', '%C3%A9%C3%A9n'))}",
    f"?{ALL}&{compact(('Afdeling', '7', 'CONS'))}",
    f"?{ALL}&{compact(('Afdeling', '1', 'SALES'))}",
    f"?FilterFieldIds=Uren&FilterValues=8&OperatorTypes=1&{ALL}",
    f"?filter%76alues=8&filterfieldids=Uren&operatortypes=1&{ALL}",
    f"?{ALL}&{in_json((('Uren', '2', '4'),))}",
    f"?{ALL}&{in_json((('Uren', '2', '4'),), spaced=True)}",
    f"?{ALL}&{in_json((('Uren', '2', '4'),), label=False)}",
    f"?{ALL}&{in_json((('Afdeling', '1', 'CONS'), ('Uren', '1', '8')), (('Afdeling', '1', 'ICT'),))}",
    f"?{ALL}&{in_json((('Omschrijving', '1', 'a,b'),), (('Omschrijving', '1', 'a;b'),))}",
    f"?{ALL}&{in_json((('Omschrijving', '8', ''),), (('Omschrijving', '1', 'werk'),))}",
    f"?{ALL}&{in_json((('Omschrijving', '9', 'null'),))}",
    f"?{in_json((('Afdeling', '1', 'HR'),))}&skip=0&take=2",
    f"?{ALL}&filterjson=" + quote('{"Filters":{"Filter":[{"Field":[{"@FieldId":"Uren","@OperatorType":2,"#text":"4"}]}]}}', safe=""),
    f"?{ALL}&filterjson=" + quote('{"Filters":{"Filter":[{"Field":[{"@FieldId":"Uren","@OperatorType":"8","#text":null}]}]}}', safe=""),
)


@pytest.mark.parametrize("query", QUERIES)
def test_an_ordinary_question_brings_the_rows_that_were_asked_for_and_may_be_seen(stage: Stage, query: str) -> None:
    chance = random.Random(query)
    for user in ("j.devries", "b.oth", *chance.sample(sorted(PEOPLE), 3)):
        answer = stage.get(HOURS + query, user)
        assert answer.rows == expected_rows(HOURS + query, user), user
        for received in stage.backend.received:
            assert surplus_rows(received, user) == [], user
        assert len(stage.backend.take()) <= 1


@pytest.mark.parametrize(
    "path",
    [
        "/profitrestservices/connectors/Profit_Hours",
        "/ProfitRestServices/connectors/profit_hours",
        "/PROFITRESTSERVICES/CONNECTORS/PROFIT_HOURS",
        "/Profitrestservices/Connectors/Profit%5FHours",
        "/ProfitRestServices/%63onnectors/Profit_Hours",
    ],
)
def test_letter_case_and_needless_escapes_in_the_path_make_no_difference(stage: Stage, path: str) -> None:
    assert stage.get(path + f"?{ALL}").rows == expected_rows(f"{HOURS}?{ALL}", "j.devries")
    (received,) = stage.backend.take()
    assert received.target.startswith(HOURS + "?")


def test_an_empty_page_of_nothing_is_spelled_as_the_backend_would(stage: Stage) -> None:
    answer = stage.get(rows_target(skip=5, take=3), "n.obody")
    assert (answer.status, answer.json) == (200, {"skip": 5, "take": 3, "rows": []})
    assert stage.backend.take() == []


def test_rows_of_two_filter_types_are_those_that_both_admit(stage: Stage) -> None:
    target = rows_target("Profit_Ledger", skip=-1, take=-1)
    counts = {}
    for user in ("j.devries", "p.bakker", "m.jansen", "n.obody", "e.mpty"):
        rows = stage.get(target, user).rows
        assert rows == expected_rows(target, user), user
        counts[user] = len(rows)
        for received in stage.backend.take():
            assert surplus_rows(received, user) == [], user
    assert counts["m.jansen"] > counts["j.devries"] > counts["p.bakker"] > counts["n.obody"] == counts["e.mpty"] == 0


def test_every_member_sees_all_rows_of_a_connector_that_was_said_to_be_unfiltered(stage: Stage) -> None:
    for user in ("j.devries", "n.obody"):
        assert len(stage.get(rows_target("Profit_Countries"), user).rows) == 5
    assert [received.target for received in stage.backend.take()] == [rows_target("Profit_Countries")] * 2


def test_users_who_ask_the_very_same_in_turn_each_get_their_own_rows(stage: Stage) -> None:
    target = rows_target(skip=-1, take=-1)
    with stage.wire() as wire:
        for user in ("j.devries", "m.jansen", "p.bakker", "n.obody", "b.oth") * 3:
            assert wire.ask(request("GET", target, authorization(user))).rows == expected_rows(target, user), user


def test_a_long_filter_is_refused_by_name_and_not_cut(stage: Stage) -> None:
    words = [f"werk {number}" for number in range(40)]
    for query in (in_json(*((("Omschrijving", "1", word),) for word in words)), "filterfieldids=Uren&filtervalues=" + "8" * 2100):
        answer = stage.get(f"{HOURS}?{query}")
        assert answer.status == 414
        assert "2049" in answer.json["externalMessage"]
        assert stage.decision(answer.reference)["reason"] == "query_too_long"
    assert stage.backend.take() == []
