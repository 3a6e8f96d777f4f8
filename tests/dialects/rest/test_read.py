"""From verb and target to the call: the whole inventory, and nothing beside it."""

import pytest

from sidecar.dialects.call import (
    Action,
    Call,
    DescribeGet,
    DescribeUpdate,
    Element,
    FetchFile,
    FetchImage,
    FetchSubjectFile,
    GetRows,
    Keys,
    Metainfo,
    Page,
    Preflight,
    ProductVersion,
    RunReport,
    Sort,
    Update,
)
from sidecar.dialects.rest.read import read
from sidecar.errors import Reason, Refusal
from sidecar.filters.predicate import Operator, Predicate, single

GUID = "0123456789ABCDEF0123456789ABCDEF"
P = "/ProfitRestServices"


def update(connector: str, verb: Action, *elements: Element) -> Update:
    return Update(connector, verb, elements, frozenset({verb}))


@pytest.mark.parametrize(
    ("method", "target", "expected"),
    [
        ("GET", f"{P}/connectors/Profit_Hours", GetRows("Profit_Hours")),
        ("GET", f"{P}/connectors/Profit_Hours?", GetRows("Profit_Hours")),
        ("GET", "/profitrestservices/CONNECTORS/profit_hours", GetRows("profit_hours")),
        ("GET", f"{P}/connectors/X?skip=-1&take=-1", GetRows("X", page=Page(-1, -1))),
        ("GET", f"{P}/connectors/X?skip=5&take=0010", GetRows("X", page=Page(5, 10))),
        ("GET", f"{P}/connectors/X?orderbyfieldids=-A,B", GetRows("X", order=(Sort("A", descending=True), Sort("B")))),
        (
            "GET",
            f"{P}/connectors/X?filterfieldids=A&filtervalues=1&operatortypes=2",
            GetRows("X", single("A", Operator.GREATER_OR_EQUAL, "1")),
        ),
        ("GET", f"{P}/connectors/X?filterfieldids=A&filtervalues=1", GetRows("X", single("A", Operator.EQUAL, "1"))),
        ("GET", f"{P}/connectors/X?filterfieldids=&filtervalues=&operatortypes=&filterjson=", GetRows("X")),
        ("GET", f"{P}/connectors/X?filterfieldids=A&filtervalues=&operatortypes=8", GetRows("X", single("A", Operator.EMPTY))),
        ("GET", f"{P}/connectors/X?filterfieldids=A&operatortypes=8", GetRows("X", single("A", Operator.EMPTY))),
        (
            "GET",
            (
                f"{P}/connectors/X?filterjson=%7B%22Filters%22%3A%7B%22Filter%22%3A%5B%7B%22%40FilterId%22%3A%22F%22%2C%22Field%22%3A%5B"
                "%7B%22%40FieldId%22%3A%22A%22%2C%22%40OperatorType%22%3A1%2C%22%23text%22%3A%22a%2Cb%22%7D%5D%7D%5D%7D%7D"
            ),
            GetRows("X", single("A", Operator.EQUAL, "a,b")),
        ),
        ("GET", f"{P}/metainfo", Metainfo()),
        ("GET", f"{P}/MetaInfo?", Metainfo()),
        ("GET", f"{P}/metainfo/GET/Profit_Hours", DescribeGet("Profit_Hours")),
        ("GET", f"{P}/metainfo/update/KnSubject", DescribeUpdate("KnSubject")),
        ("GET", f"{P}/ProfitVersion", ProductVersion()),
        ("GET", f"{P}/fileconnector/{GUID}/report_5f1%20a.pdf", FetchFile(GUID, "report_5f1 a.pdf")),
        ("GET", f"{P}/FileConnector?fileid={GUID}&filename=a.pdf", FetchFile(GUID, "a.pdf", as_query=True)),
        ("GET", f"{P}/imageconnector/1234?format=2", FetchImage("1234", 2)),
        ("GET", f"{P}/imageconnector/1234", FetchImage("1234")),
        ("GET", f"{P}/subjectconnector/17/42", FetchSubjectFile("17", "42")),
        ("GET", f"{P}/SubjectConnector?SubjectId=17&FileId=42", FetchSubjectFile("17", "42", as_query=True)),
        ("GET", f"{P}/reportconnector/{GUID}", RunReport(GUID)),
        (
            "GET",
            f"{P}/reportconnector/{GUID}?filterfieldids=U1&filtervalues=1&operatortypes=1",
            RunReport(GUID, single("U1", Operator.EQUAL, "1")),
        ),
        ("POST", f"{P}/connectors/KnSubject", update("KnSubject", Action.INSERT)),
        ("PUT", f"{P}/connectors/KnSubject", update("KnSubject", Action.UPDATE)),
        ("POST", f"{P}/connectors/FbSales/FbSalesLines", update("FbSales", Action.INSERT, Element("FbSalesLines"))),
        ("PUT", f"{P}/connectors/KnEmployee/KnPerson", update("KnEmployee", Action.UPDATE, Element("KnPerson"))),
        (
            "DELETE",
            f"{P}/connectors/FbUnitBasicItem/FbUnitBasicItem/@VaIt,@BiUn/a,b%20c",
            update("FbUnitBasicItem", Action.DELETE, Element("FbUnitBasicItem", Keys(("@VaIt", "@BiUn"), ("a", "b c")))),
        ),
        (
            "DELETE",
            f"{P}/connectors/KnAppointment/KnAppointment/ApId/123",
            update("KnAppointment", Action.DELETE, Element("KnAppointment", Keys(("ApId",), ("123",)))),
        ),
        (
            "DELETE",
            f"{P}/connectors/KnEmployee/AfasEmployee/@EmId/7/AfasBankInfo/SeNo/1",
            update(
                "KnEmployee",
                Action.DELETE,
                Element("AfasEmployee", Keys(("@EmId",), ("7",))),
                Element("AfasBankInfo", Keys(("SeNo",), ("1",))),
            ),
        ),
        (
            "DELETE",
            f"{P}/connectors/FiEntries/FiEntryPar/UnId,JoCo/1,73/FiEntries/@EnNo/70001",
            update(
                "FiEntries",
                Action.DELETE,
                Element("FiEntryPar", Keys(("UnId", "JoCo"), ("1", "73"))),
                Element("FiEntries", Keys(("@EnNo",), ("70001",))),
            ),
        ),
        ("OPTIONS", "*", Preflight()),
        ("OPTIONS", f"{P}/connectors/X", Preflight()),
    ],
)
def test_every_operation_of_the_protocol_is_read(method: str, target: str, expected: Call) -> None:
    assert read(method, target) == expected


@pytest.mark.parametrize(
    ("method", "target", "reason"),
    [
        ("GET", "/", Reason.TARGET_MALFORMED),
        ("GET", P, Reason.UNKNOWN_PATH),
        ("GET", "/other/connectors/X", Reason.UNKNOWN_PATH),
        ("GET", "/connectors/X", Reason.UNKNOWN_PATH),
        ("GET", f"{P}/connectors", Reason.UNKNOWN_PATH),
        ("GET", f"{P}/connectors/X/A/1", Reason.UNKNOWN_PATH),
        ("GET", f"{P}/connectors/X/", Reason.TARGET_MALFORMED),
        ("GET", f"{P}//connectors/X", Reason.TARGET_MALFORMED),
        ("GET", f"{P}/connectors/X;a=b", Reason.TARGET_MALFORMED),
        ("GET", f"{P}/connectorinfo", Reason.UNKNOWN_PATH),
        ("GET", f"{P}/bi/Model", Reason.UNKNOWN_PATH),
        ("GET", f"{P}/application/sessioninfo", Reason.UNKNOWN_PATH),
        ("GET", f"{P}/oauth/authorize", Reason.UNKNOWN_PATH),
        ("POST", f"{P}/otprequest", Reason.UNKNOWN_PATH),
        ("POST", f"{P}/otpvalidation", Reason.UNKNOWN_PATH),
        ("POST", f"{P}/oauth/token", Reason.UNKNOWN_PATH),
        ("HEAD", f"{P}/connectors/X", Reason.VERB_NOT_SERVED),
        ("PATCH", f"{P}/connectors/X", Reason.VERB_NOT_SERVED),
        ("TRACE", f"{P}/connectors/X", Reason.VERB_NOT_SERVED),
        ("get", f"{P}/connectors/X", Reason.VERB_NOT_SERVED),
        ("POST", f"{P}/metainfo", Reason.VERB_NOT_SERVED),
        ("HEAD", f"{P}/profitversion", Reason.VERB_NOT_SERVED),
        ("PUT", f"{P}/fileconnector/{GUID}/a", Reason.VERB_NOT_SERVED),
        ("POST", f"{P}/fileconnector/{GUID}/a", Reason.VERB_NOT_SERVED),
        ("GET", f"{P}/metainfo/get", Reason.UNKNOWN_PATH),
        ("GET", f"{P}/metainfo/data/X", Reason.UNKNOWN_PATH),
        ("GET", f"{P}/metainfo?x=1", Reason.UNKNOWN_PARAMETER),
        ("GET", f"{P}/profitversion/x", Reason.UNKNOWN_PATH),
        ("GET", f"{P}/subjectconnector/17", Reason.UNKNOWN_PATH),
        ("GET", f"{P}/subjectconnector/17/42?SubjectId=1", Reason.UNKNOWN_PARAMETER),
        ("GET", f"{P}/SubjectConnector?SubjectId=17", Reason.PARAMETER_MALFORMED),
        ("GET", f"{P}/fileconnector/nope/a.pdf", Reason.TARGET_MALFORMED),
        ("GET", f"{P}/imageconnector/1?format=3", Reason.PARAMETER_MALFORMED),
        ("GET", f"{P}/imageconnector/1?Format=1&format=2", Reason.REPEATED_PARAMETER),
        ("GET", f"{P}/connectors/X?top=1", Reason.UNKNOWN_PARAMETER),
        ("GET", f"{P}/connectors/X?outputmode=1", Reason.UNKNOWN_PARAMETER),
        ("GET", f"{P}/connectors/X?skip=-1", Reason.PARAMETER_MALFORMED),
        ("GET", f"{P}/connectors/X?skip=2&take=-1", Reason.PARAMETER_MALFORMED),
        ("GET", f"{P}/connectors/X?take=1e3", Reason.PARAMETER_MALFORMED),
        ("GET", f"{P}/connectors/X?take=%2B5", Reason.PARAMETER_MALFORMED),
        ("GET", f"{P}/connectors/X?take=%D9%A5", Reason.PARAMETER_MALFORMED),
        ("GET", f"{P}/connectors/X?take=", Reason.PARAMETER_MALFORMED),
        ("GET", f"{P}/connectors/X?take=9999999999", Reason.PARAMETER_MALFORMED),
        ("GET", f"{P}/connectors/X?orderbyfieldids=A;B", Reason.PARAMETER_MALFORMED),
        ("GET", f"{P}/connectors/X?orderbyfieldids=A,,B", Reason.PARAMETER_MALFORMED),
        ("GET", f"{P}/connectors/X?orderbyfieldids=--A", Reason.PARAMETER_MALFORMED),
        ("GET", f"{P}/connectors/X?filtervalues=1", Reason.FILTER_MALFORMED),
        ("GET", f"{P}/connectors/X?filterfieldids=A", Reason.FILTER_MALFORMED),
        ("GET", f"{P}/connectors/X?filterfieldids=A&filtervalues=1&filterjson=%7B%7D", Reason.FILTER_MALFORMED),
        ("GET", f"{P}/connectors/X?filterfieldids=A;B,C&filtervalues=1;2,3", Reason.FILTER_AMBIGUOUS),
        ("POST", f"{P}/connectors/X?skip=1", Reason.UNKNOWN_PARAMETER),
        ("POST", f"{P}/connectors/X/Y/Z", Reason.UNKNOWN_PATH),
        ("POST", f"{P}/connectors/X/@Y", Reason.TARGET_MALFORMED),
        ("DELETE", f"{P}/connectors/X", Reason.UNKNOWN_PATH),
        ("DELETE", f"{P}/connectors/X/X", Reason.UNKNOWN_PATH),
        ("DELETE", f"{P}/connectors/X/X/@A", Reason.UNKNOWN_PATH),
        ("DELETE", f"{P}/connectors/X/X/@A,@B/1", Reason.TARGET_MALFORMED),
        ("DELETE", f"{P}/connectors/X/X/@A/1,2", Reason.TARGET_MALFORMED),
        ("DELETE", f"{P}/connectors/X/X/@A/1%2C2", Reason.TARGET_MALFORMED),
        ("DELETE", f"{P}/connectors/X/X/@A,A/1,2", Reason.TARGET_MALFORMED),
        ("DELETE", f"{P}/connectors/X/X/@A,@B/1,", Reason.TARGET_MALFORMED),
        ("DELETE", f"{P}/connectors/X/X/@@A/1", Reason.TARGET_MALFORMED),
        ("DELETE", f"{P}/connectors/X/X/@A/1/Y/@B/2/Z/@C/3", Reason.UNKNOWN_PATH),
    ],
)
def test_everything_else_is_refused(method: str, target: str, reason: Reason) -> None:
    with pytest.raises(Refusal) as refused:
        read(method, target)
    assert refused.value.reason is reason


def test_the_environments_own_base_path_is_served_beside_the_documented_one() -> None:
    bases = (("profitrestservices",), ("gateway", "afas"))
    assert read("GET", "/Gateway/AFAS/connectors/X", bases) == GetRows("X")
    assert read("GET", f"{P}/connectors/X", bases) == GetRows("X")
    assert read("GET", "/connectors/X", ((),)) == GetRows("X")


def test_both_spellings_of_a_filter_are_the_same_predicate() -> None:
    compact = read("GET", f"{P}/connectors/X?filterfieldids=A;B&filtervalues=1;2&operatortypes=1;1")
    as_json = read(
        "GET",
        P + '/connectors/X?filterjson={"Filters":{"Filter":[{"@FilterId":"1","Field":[{"@FieldId":"A","@OperatorType":"1","%23text":"1"}]},'
        '{"@FilterId":"2","Field":[{"@FieldId":"B","@OperatorType":"1","%23text":"2"}]}]}}',
    )
    assert isinstance(compact, GetRows)
    assert isinstance(as_json, GetRows)
    assert (
        compact.filter == as_json.filter == Predicate((*single("A", Operator.EQUAL, "1").groups, *single("B", Operator.EQUAL, "2").groups))
    )
