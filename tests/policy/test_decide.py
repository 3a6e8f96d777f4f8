"""The decision: one case for each reason that it can give, the order of the reasons, and names."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network

import pytest

from sidecar.dialects.call import (
    Action,
    Call,
    DescribeGet,
    DescribeUpdate,
    FetchFile,
    FetchImage,
    FetchSubject,
    FetchSubjectFile,
    GetRows,
    Metainfo,
    Preflight,
    ProductVersion,
    RunReport,
    Special,
    Update,
)
from sidecar.errors import Kind, Reason, Refusal
from sidecar.filters.predicate import Condition, Operator, Predicate
from sidecar.policy.decide import CONDITIONS, decide, decide_connector
from sidecar.policy.decision import Allow, Deny
from sidecar.policy.explain import explain
from sidecar.policy.model import (
    EVERYONE,
    AddressRule,
    AppConnector,
    Caller,
    CertificateRule,
    ClientCertificate,
    FilterType,
    GetConnector,
    ListedReport,
    OwnedRows,
    Policy,
    Reports,
    SpecialRule,
    Unchecked,
    UpdateConnector,
    User,
)
from sidecar.policy.special import narrow_report
from sidecar.policy.where import compile_where

NOW = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
MOMENT = timedelta(microseconds=1)

USER = User("j.devries", email="j.devries@example.com", applications=frozenset({"pocket"}), groups=frozenset({EVERYONE, "consultancy"}))
SPECIALS: dict[Special, SpecialRule | None] = {
    Special.VERSION: None,
    Special.IMAGE: Unchecked(),
    Special.SUBJECT: OwnedRows(GetConnector("Profit_Dossiers", ("department",)), "SubjectId", "FileId"),
    Special.REPORT: Reports(
        {
            "A1": ListedReport("a1", ("department",)),
            "2": ListedReport("2", unchecked=True),
            "3": ListedReport("3"),
            "4": ListedReport("4", ("nobody",)),
            "5": ListedReport("5", ("many",)),
        }
    ),
}
HOURS = AppConnector(
    "hours",
    "O12345AA",
    "consultancy",
    blocked=False,
    get_connectors={
        "profit_hours": GetConnector("Profit_Hours", ("department",)),
        "profit_countries": GetConnector("Profit_Countries", unfiltered=True),
        "profit_forgotten": GetConnector("Profit_Forgotten"),
        "profit_many": GetConnector("Profit_Many", ("many",)),
    },
    update_connectors={"ptrealization": UpdateConnector("PtRealization", frozenset({Action.INSERT, Action.UPDATE}))},
    special_connectors=SPECIALS,
)
CALLER = Caller(USER, HOURS, "phone", "192.0.2.1")
POLICY = Policy(
    "1",
    {USER.name: USER},
    {HOURS.name: HOURS},
    {
        "department": FilterType(
            "department",
            {name: {"department": "Afdeling"} for name in ("profit_hours", "profit_dossiers")},
            {"consultancy": compile_where("department = 'CONS'")},
            {"A1": {"department": "1001"}},
        ),
        "nobody": FilterType("nobody", {}, {}, {"4": {}}),
        "many": FilterType(
            "many",
            {"profit_many": {"n": "N"}},
            {"consultancy": compile_where(f"n in ({', '.join(map(str, range(1_001)))})")},
            {"5": {"n": "N"}},
        ),
    },
    {},
)
ROWS = GetRows("Profit_Hours")


def with_user(**changes: object) -> Caller:
    return replace(CALLER, user=replace(USER, **changes))  # type: ignore[arg-type]


def with_app(**changes: object) -> Caller:
    return replace(CALLER, app_connector=replace(HOURS, **changes))  # type: ignore[arg-type]


def update(*actions: Action, verb: Action = Action.INSERT, connector: str = "PtRealization") -> Update:
    return Update(connector, verb, actions=frozenset(actions))


BLOCKED, EXPIRED = with_app(blocked=True), replace(CALLER, token_expires=NOW)
ELSEWHERE = with_app(addresses=AddressRule(allow=(ip_network("198.51.100.0/24"),)))
CERTIFIED = with_app(client_certificate=CertificateRule(sha256=frozenset({b"\1" * 32})))


def _shown(digit: bytes, not_after: datetime) -> ClientCertificate:
    return ClientCertificate(digit * 32, "", frozenset(), frozenset(), NOW - 2 * MOMENT, not_after)


UNGUARDED = OwnedRows(GetConnector("Profit_Forgotten"), "Id")
MANY = OwnedRows(GetConnector("Profit_Many", ("many",)), "Id")

REFUSALS: list[tuple[Caller, Call, Reason]] = [
    (EXPIRED, ROWS, Reason.TOKEN_EXPIRED),
    (BLOCKED, ROWS, Reason.APP_CONNECTOR_BLOCKED),
    (with_app(valid_from=NOW + MOMENT), ROWS, Reason.APP_CONNECTOR_NOT_YET_VALID),
    (with_app(valid_until=NOW), ROWS, Reason.APP_CONNECTOR_EXPIRED),
    (ELSEWHERE, ROWS, Reason.ADDRESS_NOT_ALLOWED),
    (CERTIFIED, ROWS, Reason.CLIENT_CERTIFICATE_MISSING),
    (replace(CERTIFIED, certificate=_shown(b"\2", NOW)), ROWS, Reason.CLIENT_CERTIFICATE_NOT_ALLOWED),
    (replace(CERTIFIED, certificate=_shown(b"\1", NOW - MOMENT)), ROWS, Reason.CLIENT_CERTIFICATE_EXPIRED),
    (with_user(blocked=True), ROWS, Reason.USER_BLOCKED),
    (with_user(email=""), ROWS, Reason.USER_WITHOUT_EMAIL),
    (with_user(applications=frozenset()), ROWS, Reason.USER_WITHOUT_APPLICATION),
    (with_user(email="", system=True, applications=frozenset()), ROWS, Reason.USER_WITHOUT_APPLICATION),
    (with_user(groups=frozenset({EVERYONE})), ROWS, Reason.USER_NOT_MEMBER),
    (with_app(group="Consultancy"), ROWS, Reason.USER_NOT_MEMBER),
    (CALLER, GetRows("Profit_Salaries"), Reason.CONNECTOR_NOT_LISTED),
    (CALLER, GetRows("PtRealization"), Reason.CONNECTOR_NOT_LISTED),
    (CALLER, DescribeGet("Profit_Salaries"), Reason.CONNECTOR_NOT_LISTED),
    (CALLER, DescribeUpdate("KnPerson"), Reason.CONNECTOR_NOT_LISTED),
    (CALLER, DescribeUpdate("Profit_Hours"), Reason.CONNECTOR_NOT_LISTED),
    (CALLER, update(Action.INSERT, connector="KnPerson"), Reason.CONNECTOR_NOT_LISTED),
    (CALLER, update(Action.INSERT, connector="Profit_Hours"), Reason.CONNECTOR_NOT_LISTED),
    (CALLER, GetRows("Profit_Forgotten"), Reason.CONNECTOR_UNGUARDED),
    (CALLER, DescribeGet("Profit_Forgotten"), Reason.CONNECTOR_UNGUARDED),
    (CALLER, GetRows("Profit_Many"), Reason.FILTER_TOO_LARGE),
    (CALLER, update(Action.DELETE, verb=Action.DELETE), Reason.ACTION_NOT_ALLOWED),
    (CALLER, update(Action.INSERT, Action.DELETE), Reason.ACTION_NOT_ALLOWED),
    (CALLER, update(verb=Action.DELETE), Reason.ACTION_NOT_ALLOWED),
    (CALLER, FetchFile("0" * 32, "a.pdf"), Reason.CONNECTOR_NOT_LISTED),
    (with_app(special_connectors={}), FetchImage("1"), Reason.CONNECTOR_NOT_LISTED),
    (CALLER, RunReport("0" * 32), Reason.CONNECTOR_NOT_LISTED),
    (with_app(special_connectors={Special.FILE: None}), FetchFile("0" * 32, "a.pdf"), Reason.SPECIAL_CONNECTOR_UNGUARDED),
    (with_app(special_connectors={Special.IMAGE: None}), FetchImage("1"), Reason.SPECIAL_CONNECTOR_UNGUARDED),
    (with_app(special_connectors={Special.SUBJECT: None}), FetchSubjectFile("1", "2"), Reason.SPECIAL_CONNECTOR_UNGUARDED),
    (with_app(special_connectors={Special.REPORT: None}), RunReport("1"), Reason.SPECIAL_CONNECTOR_UNGUARDED),
    (with_app(special_connectors={Special.REPORT: UNGUARDED}), RunReport("1"), Reason.SPECIAL_CONNECTOR_UNGUARDED),
    (with_app(special_connectors={Special.FILE: Reports({})}), FetchFile("0" * 32, "a"), Reason.SPECIAL_CONNECTOR_UNGUARDED),
    (with_app(special_connectors={Special.IMAGE: UNGUARDED}), FetchImage("1"), Reason.SPECIAL_CONNECTOR_UNGUARDED),
    (CALLER, FetchSubject("1", with_data=True), Reason.SPECIAL_CONNECTOR_UNGUARDED),
    (CALLER, FetchSubject("1", with_data=False), Reason.SPECIAL_CONNECTOR_UNGUARDED),
    (CALLER, RunReport("3"), Reason.SPECIAL_CONNECTOR_UNGUARDED),
    (CALLER, RunReport("4"), Reason.REPORT_WITHOUT_ROWS),
    (CALLER, RunReport("5"), Reason.FILTER_TOO_LARGE),
    (with_app(special_connectors={Special.IMAGE: MANY}), FetchImage("1"), Reason.FILTER_TOO_LARGE),
]


@pytest.mark.parametrize(("caller", "call", "reason"), REFUSALS)
def test_each_condition_that_fails_denies_with_its_own_reason(caller: Caller, call: Call, reason: Reason) -> None:
    assert decide(POLICY, caller, call, NOW) == Deny(reason)


def test_every_reason_about_rights_has_a_case() -> None:
    covered = {reason for _, _, reason in REFUSALS}
    elsewhere = {Reason.USER_UNKNOWN, Reason.KEYS_UNKNOWN}  # found when the token, or the app, is looked up
    assert {reason for reason in Reason if reason.kind is Kind.RIGHTS} - elsewhere <= covered


@pytest.mark.parametrize(
    ("call", "connector"),
    [
        (GetRows("PROFIT_hours"), "Profit_Hours"),
        (GetRows("profit_countries"), "Profit_Countries"),
        (DescribeGet("profit_HOURS"), "Profit_Hours"),
        (DescribeUpdate("PTREALIZATION"), "PtRealization"),
        (update(Action.INSERT, connector="ptrealization"), "PtRealization"),
        (update(Action.INSERT, Action.UPDATE), "PtRealization"),
        (update(Action.UPDATE, verb=Action.UPDATE), "PtRealization"),
        (ProductVersion(), "version"),
        (FetchSubjectFile("1", "2"), "subject"),
        (FetchImage("1"), "image"),
        (RunReport("A1"), "a1"),
        (RunReport("002"), "2"),
        (Metainfo(), ""),
        (Preflight(), ""),
    ],
)
def test_what_is_listed_is_allowed_under_its_canonical_name(call: Call, connector: str) -> None:
    decision = decide(POLICY, CALLER, call, NOW)
    assert isinstance(decision, Allow)
    assert decision.connector == connector


def test_allowed_rows_are_those_of_the_filter_types() -> None:
    decision = decide(POLICY, CALLER, ROWS, NOW)
    assert isinstance(decision, Allow)
    assert decision.rows is not None
    assert decision.rows.predicate == Predicate(((Condition("Afdeling", Operator.EQUAL, "CONS"),),))


def test_a_guarded_connector_without_a_filter_for_the_user_is_allowed_with_no_rows() -> None:
    """As in Profit: fewer rows, or none, and not an error."""
    caller = replace(with_app(group=EVERYONE), user=replace(USER, groups=frozenset({EVERYONE})))
    decision = decide(POLICY, caller, ROWS, NOW)
    assert isinstance(decision, Allow)
    assert decision.rows is not None
    assert decision.rows.predicate.is_nothing


def test_an_unfiltered_connector_is_allowed_with_all_rows() -> None:
    decision = decide(POLICY, CALLER, GetRows("Profit_Countries"), NOW)
    assert isinstance(decision, Allow)
    assert decision.rows is not None
    assert decision.rows.predicate.is_everything


def test_an_attachment_is_allowed_once_a_row_of_the_user_has_its_ids() -> None:
    decision = decide(POLICY, CALLER, FetchSubjectFile("1", "2"), NOW)
    assert isinstance(decision, Allow)
    assert decision.claim is not None
    assert (decision.claim.get_connector, decision.claim.ids) == ("Profit_Dossiers", (("SubjectId", "1"), ("FileId", "2")))
    assert decision.claim.rows.predicate == Predicate(((Condition("Afdeling", Operator.EQUAL, "CONS"),),))


def test_what_is_unchecked_needs_no_row() -> None:
    decision = decide(POLICY, CALLER, FetchImage("1"), NOW)
    assert isinstance(decision, Allow)
    assert decision.claim is None


def test_a_report_is_narrowed_by_the_field_codes_that_its_filter_types_map() -> None:
    asked = Predicate(((Condition("1002", Operator.GREATER, "5"),),))
    decision = decide(POLICY, CALLER, RunReport("A1", asked), NOW)
    assert isinstance(decision, Allow)
    narrowed = Predicate(((Condition("1002", Operator.GREATER, "5"), Condition("1001", Operator.EQUAL, "CONS")),))
    assert narrow_report(RunReport("A1", asked), decision) == RunReport("a1", narrowed)


def test_a_report_of_which_the_filter_leaves_no_row_is_refused_since_an_empty_one_cannot_be_made_up() -> None:
    asked = Predicate(((Condition("1001", Operator.EQUAL, "ICT"),),))
    decision = decide(POLICY, CALLER, RunReport("A1", asked), NOW)
    assert isinstance(decision, Allow)
    with pytest.raises(Refusal) as refused:
        narrow_report(RunReport("A1", asked), decision)
    assert refused.value.reason is Reason.REPORT_WITHOUT_ROWS


def test_what_is_not_listed_and_what_does_not_exist_cannot_be_told_apart() -> None:
    listed_elsewhere = replace(HOURS, name="payroll", get_connectors={"profit_salaries": GetConnector("Profit_Salaries", unfiltered=True)})
    policy = replace(POLICY, app_connectors={HOURS.name: HOURS, "payroll": listed_elsewhere})
    not_ours, nonexistent = (decide(policy, CALLER, GetRows(name), NOW) for name in ("Profit_Salaries", "Profit_Xyzzy"))
    assert not_ours == nonexistent == Deny(Reason.CONNECTOR_NOT_LISTED)


def test_the_conditions_come_before_the_connector() -> None:
    """Whoever is not let in does not learn what is listed."""
    for call in (ROWS, GetRows("Profit_Xyzzy"), update(Action.DELETE), Metainfo(), ProductVersion()):
        assert decide(POLICY, BLOCKED, call, NOW) == Deny(Reason.APP_CONNECTOR_BLOCKED)


def test_of_several_failures_the_first_in_order_is_told() -> None:
    order = [
        Reason.TOKEN_EXPIRED,
        Reason.APP_CONNECTOR_BLOCKED,
        Reason.ADDRESS_NOT_ALLOWED,
        Reason.CLIENT_CERTIFICATE_MISSING,
        Reason.USER_BLOCKED,
        Reason.USER_NOT_MEMBER,
    ]
    app = replace(HOURS, blocked=True, addresses=ELSEWHERE.app_connector.addresses, client_certificate=CertificateRule())
    caller = Caller(replace(USER, blocked=True, groups=frozenset()), app, "phone", "192.0.2.1", token_expires=NOW)
    assert [condition(caller, NOW) for condition in CONDITIONS] == order
    assert decide(POLICY, caller, ROWS, NOW) == Deny(order[0])
    assert [step.failure for step in explain(POLICY, caller, ROWS, NOW).steps] == order


def test_an_explanation_tells_every_condition_in_words_and_decides_the_same() -> None:
    explanation = explain(POLICY, CALLER, ROWS, NOW)
    assert explanation.decision == decide(POLICY, CALLER, ROWS, NOW)
    assert all(step.condition and step.failure is None for step in explanation.steps)


@pytest.mark.parametrize(
    "caller",
    [
        with_app(valid_from=NOW),
        with_app(valid_until=NOW + MOMENT),
        with_app(valid_from=NOW, valid_until=NOW + MOMENT),
        replace(CALLER, token_expires=NOW + MOMENT),
        with_user(email="", system=True),
        with_app(group=EVERYONE),
    ],
)
def test_within_the_bounds_a_caller_is_let_in(caller: Caller) -> None:
    assert isinstance(decide(POLICY, caller, ROWS, NOW), Allow)


def test_a_new_app_connector_is_blocked_until_someone_says_otherwise() -> None:
    caller = replace(CALLER, app_connector=AppConnector("new", "O12345AA", EVERYONE))
    assert decide(POLICY, caller, Metainfo(), NOW) == Deny(Reason.APP_CONNECTOR_BLOCKED)


def test_a_new_app_connector_lists_nothing() -> None:
    caller = replace(CALLER, app_connector=AppConnector("new", "O12345AA", EVERYONE, blocked=False))
    for call in (ROWS, update(Action.INSERT), ProductVersion(), FetchSubjectFile("1", "2")):
        assert decide(POLICY, caller, call, NOW) == Deny(Reason.CONNECTOR_NOT_LISTED)


def test_the_second_line_knows_no_clock_and_no_address() -> None:
    assert decide_connector(POLICY, EXPIRED, ROWS) == decide(POLICY, CALLER, ROWS, NOW)
