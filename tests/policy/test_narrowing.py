"""The heart, as laws: the rows that come back are those that the client's filter AND the policy admit, whichever way the backend reads.

Two evaluators judge it, one for what is sent (`tests/evaluation/wire.py`), one for what the policy means (`tests/evaluation/meaning.py`);
neither shares code with the program.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from sidecar.dialects.soap.tree import read_text
from sidecar.errors import Reason, Refusal
from sidecar.filters.compact import CompactFilter, MixedSeparators, read_compact
from sidecar.filters.filterjson import read_filterjson, write_filterjson
from sidecar.filters.filterxml import read_filterxml, write_filterxml
from sidecar.filters.predicate import EVERYTHING, NOTHING, Operator, Predicate, TooManyGroups, single, union
from sidecar.filters.spelling import Parameters, spellings
from sidecar.policy.bind import bind
from sidecar.policy.model import FilterType, GetConnector, User
from sidecar.policy.narrow import MOST_GROUPS, narrow
from sidecar.policy.rows import rows_for
from sidecar.policy.where import compile_where, why_not_literal
from tests.evaluation import meaning, worlds
from tests.evaluation.filter_xml import FilterXml, filterxml_admits, xml_filters
from tests.evaluation.filter_xml import read_filterxml as read_filterxml_anew
from tests.evaluation.reading import Reading, Row
from tests.evaluation.wire import Spelled, filterjson_admits, lists_admit, read_lists
from tests.evaluation.wire import read_filterjson as read_filterjson_anew
from tests.evaluation.worlds import FIELDS, Asked, FilterJson, Lists, NoFilter, World

CONNECTOR = "Profit_Test"
ATTACK = worlds.ATTACKING_VALUES[-3]


Question = Asked | FilterXml
questions: st.SearchStrategy[Question] = st.one_of(worlds.asked, worlds.asked, xml_filters())
"""In all three spellings."""


def read(asked: Question, mixed: MixedSeparators = MixedSeparators.REFUSE) -> Predicate:
    match asked:
        case Lists():
            return read_compact(CompactFilter(asked.fields, asked.values, asked.operators), mixed)
        case FilterJson():
            return read_filterjson(asked.text)
        case FilterXml():
            return read_filterxml(read_text(asked.text))
        case NoFilter():
            return EVERYTHING


def allowed_rows(world: World) -> Predicate:
    filter_types = {
        name: FilterType(name, {CONNECTOR.lower(): FIELDS}, {group: compile_where(meaning.spell(node)) for group, node in filters.items()})
        for name, filters in world.filter_types.items()
    }
    user = User("someone", attributes=world.attributes, groups=world.groups)
    try:
        return rows_for(user, GetConnector(CONNECTOR, tuple(filter_types)), filter_types, MOST_GROUPS).predicate
    except TooManyGroups:
        assume(False)
        raise


def narrowed(asked: Question, world: World, mixed: MixedSeparators = MixedSeparators.REFUSE) -> Predicate:
    try:
        return narrow(read(asked, mixed), allowed_rows(world))
    except Refusal as refusal:
        assume(refusal.reason not in (Reason.FILTER_TOO_LARGE, Reason.FILTER_AMBIGUOUS))
        raise


def sent(predicate: Predicate, mixed: MixedSeparators = MixedSeparators.REFUSE) -> Iterator[Parameters | bool]:
    """Every way in which this can go to the backend: parameters, True for no filter at all, False for no call at all."""
    if predicate.is_everything or predicate.is_nothing:
        yield predicate.is_everything
    else:
        yield (("filterjson", write_filterjson(predicate)),)  # always, so that no law depends on what fits into a query
        yield (("filtersXml", write_filterxml(predicate)),)
        yield from spellings(predicate, mixed)


def returned(parameters: Parameters | bool, rows: Sequence[Row], reading: Reading) -> list[Row]:
    if isinstance(parameters, bool):
        return list(rows) if parameters else []
    texts = dict(parameters)
    if "filterjson" in texts:
        return [row for row in rows if filterjson_admits(texts["filterjson"], row, reading)]
    if "filtersXml" in texts:
        return [row for row in rows if filterxml_admits(texts["filtersXml"], row, reading)]
    fields, values, operators = (texts[name] for name in CompactFilter._fields)
    return [row for row in rows if lists_admit(fields, values, operators, row, reading)]


def attacked_world() -> World:
    """Everyone sees the consultants only."""
    return World({}, frozenset({"everyone"}), {"by department": {"everyone": meaning.Compare("department", "=", "CONS")}})


def attacking_filter(value: str) -> FilterJson:
    return FilterJson(json.dumps({"Filters": {"Filter": [{"Field": [{"@FieldId": "Naam", "@OperatorType": 7, "#text": value}]}]}}))


FORBIDDEN_ROW: list[Row] = [{"Afdeling": "ICT", "Nummer": "1", "Naam": "x", "Vrij": "CONS"}]


@given(questions, worlds.worlds, worlds.rows, worlds.faithful_readings)
def test_the_rows_that_come_back_are_those_that_client_filter_and_policy_admit(
    asked: Question, world: World, rows: list[Row], reading: Reading
) -> None:
    expected = [row for row in rows if asked.admits(row, reading) and world.admits(row, reading)]
    for parameters in sent(narrowed(asked, world)):
        assert returned(parameters, rows, reading) == expected


@given(questions, worlds.worlds, worlds.rows, worlds.readings)
@example(attacking_filter(ATTACK), attacked_world(), FORBIDDEN_ROW, Reading(code_page=True))
@example(attacking_filter(ATTACK.replace("＂", "%22")), attacked_world(), FORBIDDEN_ROW, Reading(decodes_twice=True))
@example(Lists("Vrij", "CONS，CONS", "1"), attacked_world(), FORBIDDEN_ROW, Reading(code_page=True))
@example(Lists("Vrij", "CONS%2CICT", "1"), attacked_world(), FORBIDDEN_ROW, Reading(decodes_twice=True))
def test_a_client_or_group_cannot_escape_the_policy(asked: Question, world: World, rows: list[Row], reading: Reading) -> None:
    """Not even under a reading that makes something else of the client's own filter."""
    for parameters in sent(narrowed(asked, world)):
        assert all(world.admits(row, reading) for row in returned(parameters, rows, reading))


@given(worlds.compact_filters(), worlds.worlds, worlds.rows, worlds.readings)
def test_a_mixed_filter_escapes_neither_where_the_configuration_says_how_the_backend_reads_it(
    asked: Lists, world: World, rows: list[Row], reading: Reading
) -> None:
    mixed = MixedSeparators.OR_OF_ANDS
    for parameters in sent(narrowed(asked, world, mixed), mixed):
        rows_returned = returned(parameters, rows, reading)
        assert all(world.admits(row, reading) for row in rows_returned)
        if reading.faithful and reading.mixed == "or_of_ands":
            assert rows_returned == [row for row in rows if asked.admits(row, reading) and world.admits(row, reading)]


@given(worlds.compact_filters(), worlds.worlds, worlds.rows, worlds.faithful_readings)
def test_a_mixed_filter_for_a_backend_that_reads_it_as_and_of_ors_is_narrowed_as_such(
    asked: Lists, world: World, rows: list[Row], reading: Reading
) -> None:
    reading = replace(reading, mixed="and_of_ors")
    mixed = MixedSeparators.AND_OF_ORS
    for parameters in sent(narrowed(asked, world, mixed), mixed):
        assert returned(parameters, rows, reading) == [row for row in rows if asked.admits(row, reading) and world.admits(row, reading)]


def test_appending_the_policy_to_the_lists_would_be_the_bypass_that_narrowing_is_not() -> None:
    """Both readings of `A;B,P` return a row of another department, or lose a row of the own one; what is sent has one reading."""
    asked, world = Lists("Naam;Vrij", "x;q", "1;1"), attacked_world()
    appended = ("Naam;Vrij,Afdeling", "x;q,CONS", "1;1,1")
    assert lists_admit(*appended, FORBIDDEN_ROW[0], Reading(mixed="or_of_ands"))
    for parameters in sent(narrowed(asked, world)):
        for reading in (Reading(mixed="or_of_ands"), Reading(mixed="and_of_ors")):
            assert returned(parameters, FORBIDDEN_ROW, reading) == []


@given(worlds.worlds, st.sampled_from(worlds.GROUPS), worlds.rows, worlds.readings)
def test_joining_a_group_takes_no_rows_away(world: World, group: str, rows: list[Row], reading: Reading) -> None:
    member = World(world.attributes, world.groups | {group}, world.filter_types)
    before = visible(world, rows, reading)
    assert all(row in visible(member, rows, reading) for row in before)


@given(worlds.worlds, st.data(), worlds.rows, worlds.readings)
def test_removing_a_filter_adds_no_rows(world: World, data: st.DataObject, rows: list[Row], reading: Reading) -> None:
    name = data.draw(st.sampled_from(sorted(world.filter_types)))
    group = data.draw(st.sampled_from(worlds.GROUPS))
    remaining = {each: node for each, node in world.filter_types[name].items() if each != group}
    poorer = World(world.attributes, world.groups, {**world.filter_types, name: remaining})
    before = visible(world, rows, reading)
    assert all(row in before for row in visible(poorer, rows, reading))


@given(worlds.filters, worlds.filters, worlds.attributes, worlds.rows, worlds.readings)
def test_two_groups_see_the_union_and_two_filter_types_the_intersection(
    one: meaning.Node, other: meaning.Node, attributes: meaning.Attributes, rows: list[Row], reading: Reading
) -> None:
    groups = frozenset({"everyone", "consultancy", "management"})

    def seen(filter_types: dict[str, dict[str, meaning.Node]]) -> list[Row]:
        return visible(World(attributes, groups, filter_types), rows, reading)

    by_one, by_other = seen({"type": {"consultancy": one}}), seen({"type": {"management": other}})
    assert seen({"type": {"consultancy": one, "management": other}}) == [row for row in rows if row in by_one or row in by_other]
    assert seen({"type": {"consultancy": one}, "second": {"management": other}}) == [
        row for row in rows if row in by_one and row in by_other
    ]


def visible(world: World, rows: list[Row], reading: Reading) -> list[Row]:
    """Rows returned to a client that asks for all."""
    by_spelling = [returned(parameters, rows, reading) for parameters in sent(narrowed(NoFilter(), world))]
    return by_spelling[0]


_any_text = st.text(alphabet=st.one_of(st.characters(), st.sampled_from("，；％＂［］ʺ,;%\"'\\[]{}25BbC_*")), min_size=1, max_size=12)


@given(_any_text, questions, st.sampled_from(["employee", "number"]), worlds.readings)
@example("CONS", Lists("Vrij", "x；y", "1"), "employee", Reading(code_page=True))
def test_an_attribute_value_never_becomes_syntax(value: str, asked: Question, logical: str, reading: Reading) -> None:
    """It is refused, or reaches the backend as exactly that one value; conditions beside it stay what they were."""
    if why_not_literal(value) is not None:
        return
    where = compile_where("department = @user.employee")
    bound = bind(where, {"employee": value}, FIELDS)
    for parameters in sent(narrow(read(asked), bound)):
        for group in conditions_of(parameters, Reading()):
            assert {text for field, _, text in group if field == "Afdeling"} >= {value}
        if isinstance(asked, NoFilter):
            assert [text for group in conditions_of(parameters, Reading()) for _, _, text in group] in ([value], [value] * 2)
        # However the backend reads, the number of groups and of conditions in each stays.
        as_sent = [len(group) for group in conditions_of(parameters, Reading())]
        assert [len(group) for group in conditions_of(parameters, Reading(code_page=reading.code_page, decodes_twice=True))] == as_sent
        assert [len(group) for group in conditions_of(parameters, Reading(code_page=True))] == as_sent


def conditions_of(parameters: Parameters | bool, reading: Reading) -> list[list[Spelled]]:
    if isinstance(parameters, bool):
        return []
    texts = dict(parameters)
    if "filterjson" in texts:
        return read_filterjson_anew(texts["filterjson"], reading)
    if "filtersXml" in texts:
        return read_filterxml_anew(texts["filtersXml"], reading)
    fields, values, operators = (texts[name] for name in CompactFilter._fields)
    assert [len(part.replace(";", ",").split(",")) for part in map(reading.received, (values, operators))] == [
        len(fields.replace(";", ",").split(","))
    ] * 2
    return read_lists(fields, values, operators, reading)


def test_narrowing_to_nothing_is_nothing_and_to_everything_changes_nothing() -> None:
    asked = single("Naam", Operator.EQUAL, "x")
    assert narrow(asked, NOTHING) == NOTHING
    assert narrow(asked, EVERYTHING) == asked
    assert narrow(EVERYTHING, EVERYTHING) == EVERYTHING


def test_a_policy_term_that_the_client_asks_for_by_itself_is_not_sent_twice() -> None:
    allowed = union([single("Afdeling", Operator.EQUAL, "CONS"), single("Afdeling", Operator.EQUAL, "ICT")])
    asked = single("Afdeling", Operator.EQUAL, "ICT")
    assert narrow(asked, allowed) == asked


def test_a_product_of_too_many_groups_is_refused_and_never_cut() -> None:
    many = union(single("Naam", Operator.EQUAL, str(number)) for number in range(40))
    more = union(single("Afdeling", Operator.EQUAL, str(number)) for number in range(40))
    with pytest.raises(Refusal) as refused:
        narrow(many, more)
    assert refused.value.reason is Reason.FILTER_TOO_LARGE
