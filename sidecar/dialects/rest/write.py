"""From an allowed call to the request target that the backend gets: generated anew, from parsed values only."""

from sidecar.dialects.call import (
    Action,
    Call,
    DescribeGet,
    DescribeUpdate,
    Element,
    FetchFile,
    FetchImage,
    FetchSubject,
    FetchSubjectFile,
    GetRows,
    Metainfo,
    Page,
    Preflight,
    ProductVersion,
    RunReport,
    Sort,
    Update,
)
from sidecar.dialects.rest.percent import encoder
from sidecar.dialects.rest.target import LONGEST_QUERY
from sidecar.errors import Reason, Refusal
from sidecar.filters.compact import MixedSeparators
from sidecar.filters.predicate import Predicate
from sidecar.filters.spelling import spellings

_segment = encoder("")
# Raw are the separators and what RFC 3986 lets stand in a query and no parser of forms gives a meaning: every character counts.
_value = encoder(",;:@/()*!~")
_VERBS = {Action.INSERT: "POST", Action.UPDATE: "PUT", Action.DELETE: "DELETE"}


def write_rows(call: GetRows, connector: str, predicate: Predicate, mixed: MixedSeparators = MixedSeparators.REFUSE) -> str:
    """The target of a narrowed GetConnector call, below the environment's base.

    :param connector: the canonical name from the whitelist.
    :param predicate: client filter AND policy; not nothing.
    :raises Refusal: QUERY_TOO_LONG when the narrowed query has more characters than the backend reads.
    """
    return write_spelled_rows(call, connector, spell_filter(predicate, mixed))


def spell_filter(predicate: Predicate, mixed: MixedSeparators) -> tuple[str, ...]:
    """The predicate as query parameters, encoded: the ways to say it, the preferred one first. For everything that is one empty text.

    :param predicate: not nothing.
    """
    if predicate.is_everything:
        return ("",)
    return tuple(["&".join([f"{name}={_value(value)}" for name, value in spelling]) for spelling in spellings(predicate, mixed)])


def write_spelled_rows(call: GetRows, connector: str, spelled: tuple[str, ...]) -> str:
    """As `write_rows`, with the filter as `spell_filter` has it, which depends neither on the page nor on the order."""
    return f"/connectors/{_segment(connector)}{_query([*_page(call.page), *_order(call.order)], spelled)}"


def write_call(call: Call, connector: str) -> str:
    """The target of any other call, below the environment's base.

    :param connector: the canonical name from the whitelist, where the call has one.
    """
    match call:
        case Update():
            return f"/connectors/{_segment(connector)}" + "".join(_element(element) for element in call.elements)
        case Metainfo():
            return "/metainfo"
        case DescribeGet():
            return f"/metainfo/get/{_segment(connector)}"
        case DescribeUpdate():
            return f"/metainfo/update/{_segment(connector)}"
        case ProductVersion():
            return "/profitversion"
        case FetchFile(guid, name, as_query):
            if as_query:
                return f"/fileconnector?fileid={_value(guid)}&filename={_value(name)}"
            return f"/fileconnector/{_segment(guid)}/{_segment(name)}"
        case FetchSubjectFile(subject, file, as_query):
            if as_query:
                return f"/subjectconnector?SubjectId={_value(subject)}&FileId={_value(file)}"
            return f"/subjectconnector/{_segment(subject)}/{_segment(file)}"
        case FetchImage(image, image_format):
            return f"/imageconnector/{_segment(image)}" + ("" if image_format is None else f"?format={image_format}")
        case RunReport(report, predicate):
            return f"/reportconnector/{_segment(report)}{_query([], _report_filter(predicate))}"
        case GetRows() | Preflight() | FetchSubject():
            raise TypeError("rows are written by write_rows, with their predicate; the others have no target over REST")


def verb_of(call: Call) -> str:
    """The verb with which the call is spelled."""
    return _VERBS[call.verb] if isinstance(call, Update) else "GET"


def _report_filter(predicate: Predicate) -> tuple[str, ...]:
    if predicate.is_nothing:  # rows that nobody has are answered without the backend; a report's filter says so only by mistake
        raise Refusal(Reason.FILTER_MALFORMED, "the filter contradicts itself, so that nothing can meet it")
    return spell_filter(predicate, MixedSeparators.REFUSE)


def _query(parameters: list[str], spelled: tuple[str, ...]) -> str:
    """The first of the filter's spellings with which the query is not too long, `?` included; empty where there is nothing to say."""
    for each in spelled:
        texts = [*parameters, each] if each else parameters
        query = "?" + "&".join(texts) if texts else ""
        if len(query) <= LONGEST_QUERY:
            return query
    raise Refusal(
        Reason.QUERY_TOO_LONG,
        f"narrowed to the rows that you may see, the query is over the {LONGEST_QUERY} characters that the backend reads; ask for less",
    )


def _page(page: Page) -> list[str]:
    return [f"{name}={value}" for name, value in (("skip", page.skip), ("take", page.take)) if value is not None]


def _order(order: tuple[Sort, ...]) -> list[str]:
    spelled = ",".join(f"{'-' if sort.descending else ''}{sort.field}" for sort in order)
    return [f"orderbyfieldids={_value(spelled)}"] if order else []


def _element(element: Element) -> str:
    if element.keys is None:
        return f"/{_segment(element.name)}"
    names = ",".join(element.keys.names)
    values = ",".join(_segment(value) for value in element.keys.values)
    return f"/{_segment(element.name)}/{names}/{values}"
