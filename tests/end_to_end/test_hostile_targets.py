"""Paths, parameters and filters with which somebody tries to see more: refused in one shape, and not a byte of them reaches the backend."""

import json
import random
from urllib.parse import quote

import pytest

from tests.end_to_end.harness.configuration import BASE
from tests.end_to_end.harness.oracle import rows_target, surplus_in, surplus_rows
from tests.end_to_end.harness.stage import Stage
from tests.end_to_end.harness.wire import Answer

HOURS = f"{BASE}/connectors/Profit_Hours"
GUID = "0123456789ABCDEF0123456789ABCDEF"

PATHS = (
    ("/", "target_malformed"),
    (BASE, "unknown_path"),
    (f"{BASE}/", "target_malformed"),
    (f"{BASE}/connectors", "unknown_path"),
    (f"{HOURS}/", "target_malformed"),
    (f"/{HOURS}", "target_malformed"),
    (f"{BASE}//connectors/Profit_Hours", "target_malformed"),
    (f"{BASE}/connectors//Profit_Hours", "target_malformed"),
    (f"{BASE}/./connectors/Profit_Hours", "target_malformed"),
    (f"{BASE}/connectors/x/../Profit_Secret", "target_malformed"),
    (f"{BASE}/connectors/Profit_Countries/%2e%2e/Profit_Hours", "target_malformed"),
    (f"{BASE}/connectors/Profit_Countries/.%2E/Profit_Hours", "target_malformed"),
    (f"{BASE}/connectors/Profit_Countries%2f..%2fProfit_Secret", "target_malformed"),
    (f"{BASE}/connectors/Profit_Countries%5c..%5cProfit_Secret", "target_malformed"),
    (f"{BASE}/connectors/Profit_Countries\\..\\Profit_Secret", "target_malformed"),
    (f"{BASE}/connectors/Profit_Hours%00", "target_malformed"),
    (f"{BASE}/connectors/Profit_Hours%0d%0aX:y", "target_malformed"),
    (f"{BASE}/connectors/Profit_Hours;a=b", "target_malformed"),
    (f"{BASE}/connectors/Profit_Hours%3Ba=b", "target_malformed"),
    (f"{BASE}/connectors/Profit_Hours%3Fskip=-1", "target_malformed"),
    (f"{BASE}/connectors/Profit_Hours%23", "target_malformed"),
    (f"{BASE}/connectors/Profit_Hours%252f", "target_malformed"),
    (f"{BASE}/connectors/Profit_Hours%", "target_malformed"),
    (f"{BASE}/connectors/Profit_Hours%4", "target_malformed"),
    (f"{BASE}/connectors/Profit_Hours%zz", "target_malformed"),
    (f"{BASE}/connectors/Profit_Hours%u0041", "target_malformed"),
    (f"{BASE}/connectors/Profit_Hours%ff", "target_malformed"),
    (f"{BASE}/connectors/Profit_Hours%c0%af", "target_malformed"),
    (f"{HOURS}#", "target_malformed"),
    (f"{HOURS}#/../Profit_Countries", "target_malformed"),
    (f"{HOURS}?skip=0#", "target_malformed"),
    (f"http://127.0.0.1{HOURS}", "target_malformed"),
    (f"https://backend.example{HOURS}", "target_malformed"),
    ("/ProfitServices/AppConnectorGet.asmx", "unknown_path"),
    ("/connectors/Profit_Hours", "unknown_path"),
    (f"/x{HOURS}", "unknown_path"),
    (f"{BASE}{BASE}/connectors/Profit_Hours", "unknown_path"),
    (f"{BASE}/bi/Hours", "unknown_path"),
    (f"{BASE}/bi/Hours/v2", "unknown_path"),
    (f"{BASE}/connectorinfo", "unknown_path"),
    (f"{BASE}/otprequest", "unknown_path"),
    (f"{BASE}/oauth/token", "unknown_path"),
    (f"{BASE}/application/sessioninfo", "unknown_path"),
    (f"{HOURS}/Afdeling/CONS", "unknown_path"),
    (f"{HOURS}/Afdeling,Uren/CONS,1", "unknown_path"),
    (f"{BASE}/metainfo/get", "unknown_path"),
    (f"{BASE}/metainfo/get/Profit_Hours/x", "unknown_path"),
    (f"{BASE}/metainfo/other/Profit_Hours", "unknown_path"),
    (f"{BASE}/profitversion/x", "unknown_path"),
    (f"{BASE}/fileconnector/{GUID}", "unknown_path"),
    (f"{BASE}/fileconnector/{GUID}/a/b", "unknown_path"),
    (f"{BASE}/fileconnector/not-a-guid/a.pdf", "target_malformed"),
    (f"{BASE}/fileconnector/{GUID}/..", "target_malformed"),
    (f"{BASE}/fileconnector/{GUID}/a%2fb", "target_malformed"),
    (f"{BASE}/fileconnector/{GUID}/a%ef%bc%8f..%ef%bc%8f..%ef%bc%8f{'F' * 32}%ef%bc%8fa.pdf", "target_malformed"),
    (f"{BASE}/fileconnector/{GUID}/%ef%bc%8e%ef%bc%8e", "target_malformed"),
    (f"{BASE}/subjectconnector/1/2%2f3", "target_malformed"),
    (f"{BASE}/subjectconnector/1", "unknown_path"),
    (f"{BASE}/imageconnector/1?format=7", "parameter_malformed"),
    (f"{BASE}/imageconnector/1?format=1&format=2", "repeated_parameter"),
    (f"{BASE}/imageconnector/1?appuid=x", "unknown_parameter"),
    (f"{BASE}/fileconnector?fileid={GUID}&filename=a&FileId={GUID}", "repeated_parameter"),
    (f"{BASE}/reportconnector/{GUID}?filterfieldids=A&filtervalues=[User]&operatortypes=1", "filter_not_supported"),
)


def assert_refused(stage: Stage, answer: Answer, reason: str) -> None:
    """Refused for that reason, in the one shape, before the backend was asked."""
    line = stage.decision(answer.reference)
    assert (line["reason"], line["status"]) == (reason, answer.status)
    assert list(answer.json) == ["externalMessage", "errorNumber", "profitLogReference"]
    assert answer.json["profitLogReference"] == answer.reference
    assert stage.backend.take() == []


@pytest.mark.parametrize(("target", "reason"), PATHS)
def test_a_path_with_more_than_one_reading_or_none_is_refused(stage: Stage, target: str, reason: str) -> None:
    assert_refused(stage, stage.get(target), reason)


@pytest.mark.parametrize("verb", ["HEAD", "PATCH", "TRACE", "PROPFIND", "SEARCH", "LINK", "POST", "PUT", "DELETE"])
def test_rows_can_be_asked_for_by_get_only(stage: Stage, verb: str) -> None:
    answer = stage.call(verb, HOURS)
    assert answer.status in (403, 404, 405)
    assert stage.backend.take() == []


def spelled(**conditions: str) -> str:
    return "&".join(f"{name}={value}" for name, value in conditions.items())


def json_of(content: object) -> str:
    return "filterjson=" + quote(content if isinstance(content, str) else json.dumps(content), safe="")


FIELD = {"@FieldId": "Afdeling", "@OperatorType": "1", "#text": "HR"}
ONE = {"Filters": {"Filter": [{"Field": [FIELD]}]}}

QUERIES = (
    ("filter=x", "unknown_parameter"),
    ("outputmode=1", "unknown_parameter"),
    ("jsonFilter=x", "unknown_parameter"),
    ("%66ilterjson%00=x", "target_malformed"),
    ("filterjson%20=x", "unknown_parameter"),
    ("+filterjson=x", "unknown_parameter"),
    ("filterjson[]=x", "unknown_parameter"),
    (quote("ﬁlterjson") + "=x", "unknown_parameter"),
    (quote("ſkip") + "=1", "unknown_parameter"),
    ("skip", "parameter_malformed"),
    ("skip=-1", "parameter_malformed"),
    ("take=-1", "parameter_malformed"),
    ("skip=2&take=-1", "parameter_malformed"),
    ("skip=-2&take=-2", "parameter_malformed"),
    ("take=1e9", "parameter_malformed"),
    ("take=%D9%A1", "parameter_malformed"),
    ("take=10000000000", "parameter_malformed"),
    ("take=", "parameter_malformed"),
    ("skip=0&skip=-1", "repeated_parameter"),
    ("skip=0&SKIP=-1", "repeated_parameter"),
    ("skip=0&%73kip=-1", "repeated_parameter"),
    ("orderbyfieldids=Id;drop", "parameter_malformed"),
    ("orderbyfieldids=Id,", "parameter_malformed"),
    ("orderbyfieldids=Id%2526take%253D-1", "parameter_malformed"),
    ("filterfieldids=Afdeling&filterfieldids=Afdeling&filtervalues=HR&operatortypes=1", "repeated_parameter"),
    ("filterfieldids=Uren&filtervalues=1&filter%76alues=2&operatortypes=1", "repeated_parameter"),
    ("filterfieldids=Uren&filtervalues=1&operatortypes=1&" + json_of(ONE), "filter_malformed"),
    ("filtervalues=1&operatortypes=1", "filter_malformed"),
    ("filterfieldids=Uren,Afdeling&filtervalues=1&operatortypes=1", "filter_malformed"),
    ("filterfieldids=Uren,Afdeling&filtervalues=1;HR&operatortypes=1,1", "filter_malformed"),
    ("filterfieldids=Uren&filtervalues=1,2&operatortypes=1", "filter_malformed"),
    ("filterfieldids=Uren&filtervalues=1&operatortypes=1,1", "filter_malformed"),
    ("filterfieldids=Afdeling,Uren;Afdeling&filtervalues=CONS,1;HR&operatortypes=1,1,1".replace("1,1,1", "1,1;1"), "filter_ambiguous"),
    ("filterfieldids=Afdeling;Afdeling,Uren&filtervalues=HR;CONS,1&operatortypes=1;1,1", "filter_ambiguous"),
    *(
        (spelled(filterfieldids="Afdeling", filtervalues="x", operatortypes=number), "filter_malformed")
        for number in ("0", "16", "19", "01")
    ),
    *(
        (spelled(filterfieldids="Afdeling", filtervalues="x", operatortypes=number), "filter_malformed")
        for number in ("-1", "1.0", "%201", "x")
    ),
    ("filterfieldids=Afdeling&filtervalues==HR;*&operatortypes=15;15", "filter_malformed"),
    ("filterfieldids=Afdeling&filtervalues=%3DHR&operatortypes=15", "filter_not_supported"),
    *(
        (spelled(filterfieldids="Afdeling", filtervalues=quote(tag), operatortypes="1"), "filter_not_supported")
        for tag in ("[Vandaag]", "[OE]", " [User] ", "[Vandaag - 3 dagen]", "[is leeg]", "［OE］", "[O\u200bE]\u200b", "〚OE〛")
    ),
    ("filterfieldids=Afdeling&filtervalues=&operatortypes=1", "filter_malformed"),
    ("filterfieldids=Afdeling&filtervalues=HR&operatortypes=8", "filter_malformed"),
    ("filterfieldids=Afdeling'--&filtervalues=HR&operatortypes=1", "filter_malformed"),
    ("filterfieldids=Afdeling%5D&filtervalues=HR&operatortypes=1", "filter_malformed"),
    ("filterfieldids=Afdeling&filtervalues=HR%00&operatortypes=1", "target_malformed"),
    ("filterfieldids=Afdeling&filtervalues=%ff&operatortypes=1", "target_malformed"),
    ("filterfieldids=Afdeling&filtervalues=%ED%A0%80&operatortypes=1", "target_malformed"),
    (json_of("{}"), "filter_malformed"),
    (json_of("null"), "filter_malformed"),
    (json_of("[]"), "filter_malformed"),
    (json_of("{"), "filter_malformed"),
    (json_of({"Filters": {"Filter": []}}), "filter_malformed"),
    (json_of({"Filters": {"Filter": [{"Field": []}]}}), "filter_malformed"),
    (json_of({"Filters": {"Filter": {"Field": [FIELD]}}}), "filter_malformed"),
    (json_of({"Filters": {"Filter": [{"Field": FIELD}]}}), "filter_malformed"),
    (json_of({"filters": {"Filter": [{"Field": [FIELD]}]}}), "filter_malformed"),
    (json_of({**ONE, "Filter": []}), "filter_malformed"),
    (json_of({"Filters": {"Filter": [{"Field": [{**FIELD, "@Or": "1"}]}]}}), "filter_malformed"),
    (json_of({"Filters": {"Filter": [{"Field": [{**FIELD, "#text": ["HR"]}]}]}}), "filter_malformed"),
    (json_of({"Filters": {"Filter": [{"Field": [{**FIELD, "#text": True}]}]}}), "filter_malformed"),
    (json_of({"Filters": {"Filter": [{"Field": [{**FIELD, "@OperatorType": "15"}]}]}}), "filter_not_supported"),
    (json_of({"Filters": {"Filter": [{"Field": [{**FIELD, "#text": "[Medewerker]"}]}]}}), "filter_not_supported"),
    (
        json_of('{"Filters":{"Filter":[{"Field":[{"@FieldId":"Id","@FieldId":"Uren","@OperatorType":"1","#text":"1"}]}]}}'),
        "filter_malformed",
    ),
    (json_of('{"Filters":{"Filter":[{"Field":[{"@FieldId":"Id","@OperatorType":"1","#text":"\\ud800"}]}]}}'), "filter_malformed"),
    (json_of('{"Filters":{"Filter":[{"Field":[{"@FieldId":"Id","@OperatorType":"1","#text":"1"}]}]}}//'), "filter_malformed"),
    (json_of("[" * 600), "filter_malformed"),
)


@pytest.mark.parametrize(("query", "reason"), QUERIES)
def test_a_query_with_more_than_one_reading_or_none_is_refused(stage: Stage, query: str, reason: str) -> None:
    assert_refused(stage, stage.get(f"{HOURS}?{query}"), reason)


TRICKS = (
    "filterfieldids=Afdeling;Afdeling&filtervalues=CONS;HR&operatortypes=1;1",
    "filterfieldids=Id;Afdeling&filtervalues=0;CONS&operatortypes=7;1",
    "filterfieldids=Afdeling&filtervalues=zzz&operatortypes=7",
    "filterfieldids=Afdeling;Afdeling&filtervalues=null;null&operatortypes=8;9",
    "filterfieldids=U001&filtervalues=HR&operatortypes=1",
    "filterfieldids=afdeling&filtervalues=HR&operatortypes=1",
    "filterfieldids=Afdeling&filtervalues=%25&operatortypes=1",
    "filterfieldids=Afdeling&filtervalues=%25&operatortypes=6",
    "filterfieldids=Afdeling&filtervalues=_&operatortypes=10",
    "filterfieldids=Afdeling&filtervalues=[A-Z]%25&operatortypes=1",
    "filterfieldids=Afdeling&filtervalues=*&operatortypes=1",
    "filterfieldids=Afdeling&filtervalues=CONS'%20or%20'1'='1&operatortypes=1",
    "filterfieldids=Afdeling&filtervalues=CONS%2509or&operatortypes=7",
    "filterfieldids=Omschrijving&filtervalues=%252C&operatortypes=7",
    "filterfieldids=Omschrijving&filtervalues=x%253By&operatortypes=7",
    "filterfieldids=Omschrijving&filtervalues=%EF%BC%9B&operatortypes=7",
    "filterfieldids=Omschrijving&filtervalues=%EF%BC%8CAfdeling&operatortypes=7",
    json_of({"Filters": {"Filter": [{"Field": [{**FIELD, "@OperatorType": "7", "#text": 'x"}]},{"Field":[]},{"Field":[{"'}]}]}}),
    json_of({"Filters": {"Filter": [{"Field": [{**FIELD, "@OperatorType": "7", "#text": "%22%7D%5D%7D"}]}]}}),
    json_of({"Filters": {"Filter": [{"Field": [{**FIELD, "@OperatorType": "7", "#text": "＂}]},{"}]}]}}),
    json_of({"Filters": {"Filter": [{"Field": [{**FIELD, "@OperatorType": "7", "#text": "ʺ}]},{"}]}]}}),
    json_of({"Filters": {"Filter": [{"Field": [{**FIELD, "@OperatorType": "7", "#text": "\\\\u0022}]},{"}]}]}}),
    json_of({"Filters": {"Filter": [{"Field": [FIELD]}, {"Field": [{**FIELD, "@OperatorType": "9", "#text": ""}]}]}}),
    json_of({"Filters": {"Filter": [{"Field": [{**FIELD, "@OperatorType": "7", "#text": "a&filterjson="}]}]}}),
    json_of({"Filters": {"Filter": [{"Field": [{**FIELD, "@OperatorType": "7", "#text": "a#b+c d"}]}]}}),
)


@pytest.mark.parametrize("query", TRICKS)
@pytest.mark.parametrize("user", ["j.devries", "p.bakker", "w.ild", "c.omma", "q.uote", "n.obody"])
def test_no_trick_in_a_filter_brings_one_row_too_many(stage: Stage, user: str, query: str) -> None:
    answer = stage.get(f"{HOURS}?skip=-1&take=-1&{query}", user)
    assert answer.status in (200, 400, 414), answer.body
    if answer.status == 200:
        assert surplus_in(answer.rows, "Profit_Hours", user) == []
    for received in stage.backend.take():
        assert surplus_rows(received, user) == []


def test_no_random_splice_of_a_query_brings_one_row_too_many(stage: Stage) -> None:
    chance = random.Random("splices")
    pieces = [query for query, _ in QUERIES] + list(TRICKS)
    splices = ("&", "", ";", ",", "%26", "%2526", "&&", "?", "=", "%3B", "%252C")
    served = 0
    for _ in range(300):
        user = chance.choice(["j.devries", "c.omma"])
        one, other = chance.sample(pieces, 2)
        cut = chance.randrange(len(one) + 1)
        answer = stage.get(f"{rows_target()}?{one[:cut]}{chance.choice(splices)}{other}"[:2500], user)
        assert answer.status in (200, 400, 414), answer
        if answer.status == 200:
            served += 1
            assert surplus_in(answer.rows, "Profit_Hours", user) == []
        for received in stage.backend.take():
            assert surplus_rows(received, user) == []
    assert served
