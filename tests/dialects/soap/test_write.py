"""What the backend gets: a whole envelope generated anew, which reads as the same call and holds nothing of how the client spelled it."""

import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.dialects.call import (
    DescribeUpdate,
    FetchSubject,
    FetchSubjectFile,
    GetRows,
    Page,
    Preflight,
    ProductVersion,
    RunReport,
    Sort,
    Update,
)
from sidecar.dialects.soap import services
from sidecar.dialects.soap.call import Options, SoapCall
from sidecar.dialects.soap.read import read
from sidecar.dialects.soap.tree import Attribute, Element
from sidecar.dialects.soap.update_document import actions_in
from sidecar.dialects.soap.version import Version, write_headers
from sidecar.dialects.soap.write import write
from sidecar.errors import Reason, Refusal
from sidecar.filters.predicate import EVERYTHING, NOTHING, Condition, Operator, Predicate, single
from tests.dialects.soap.messages import DATA, DOCUMENT, FILTERS, ROWS, SAMPLES, SCHEMA_OF, TOKEN, Sample, envelope

CANONICAL = "Canonical_Name"
POLICY = single("Afdeling", Operator.EQUAL, "CONS")


def written(soap_call: SoapCall, connector: str = CANONICAL, narrowed: Predicate | None = None) -> str:
    return write(soap_call, connector, narrowed).decode("ascii")


def read_again(soap_call: SoapCall, body: bytes) -> SoapCall:
    headers = dict(write_headers(soap_call.version, soap_call.operation))
    return read(soap_call.operation.service, body, headers["Content-Type"], headers.get("SOAPAction"))


def read_sample(sample: Sample, *, in_cdata: bool = False) -> SoapCall:
    return read(sample.path, envelope(sample.operation, sample.arguments, in_cdata=in_cdata).encode(), "text/xml", None)


# Generated calls, as `read` makes them.

fields = st.sampled_from(["A", "Datum", "Naam_2", "Veld met spatie", "A&B"])
values = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn"]), min_size=1, max_size=12).filter(
    lambda text: bool(text.strip()) and not (text.strip().startswith("[") and text.strip().endswith("]"))
)
conditions = st.builds(Condition, fields, st.sampled_from([Operator.EQUAL, Operator.LESS, Operator.CONTAINS]), values) | st.builds(
    Condition, fields, st.sampled_from([Operator.EMPTY, Operator.NOT_EMPTY]), st.just("")
)
predicates = st.just(EVERYTHING) | st.lists(
    st.lists(conditions, min_size=1, max_size=3, unique=True).map(tuple), min_size=1, max_size=3
).map(lambda groups: Predicate(tuple(groups)))
names = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn"]), min_size=1, max_size=20)
ids = st.from_regex(r"[0-9A-Za-z_-]{1,64}", fullmatch=True)
numbers = st.integers(0, 999_999_999) | st.none()
pages = st.builds(Page, numbers, numbers) | st.just(Page(-1, -1))
orders = st.lists(st.builds(Sort, fields, st.booleans()), max_size=2).map(tuple)
versions = st.sampled_from(Version)
texts = st.text(st.characters(codec="utf-8", exclude_characters="\ufffe\uffff", exclude_categories=["Cc"]) | st.sampled_from("\t\n\r<&]"))
xml_names = st.from_regex(re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,8}"), fullmatch=True).filter(
    lambda name: name.lower() not in ("element", "fields", "objects", "action")
)


@st.composite
def options_and_page(draw: st.DrawFn) -> tuple[Options | None, Page]:
    page = draw(pages)
    if draw(st.booleans()):
        return None, page
    as_text = draw(st.none() | st.booleans())
    style = draw(st.none() | st.sampled_from([1, 2, 3, 4] if as_text else [2, 3]))
    in_options = Page(page.skip if draw(st.booleans()) else None, page.take if draw(st.booleans()) else None)
    return Options(as_text, draw(st.none() | st.booleans()), style, in_options), page


@st.composite
def rows_calls(draw: st.DrawFn) -> SoapCall:
    options, page = draw(options_and_page())
    with_options = options is not None or draw(st.booleans())
    order = draw(orders) if options is not None else ()
    operation = services.GET_DATA_WITH_OPTIONS if with_options else services.GET_DATA
    return SoapCall(draw(versions), operation, GetRows(draw(names), draw(predicates), order, page), options=options)


@st.composite
def objects(draw: st.DrawFn, depth: int = 0) -> Element:
    elements = draw(st.lists(record(depth), min_size=1 if depth == 0 else 0, max_size=2))
    return Element("", "KnSubject" if depth == 0 else draw(xml_names), (), tuple(elements))


def record(depth: int) -> st.SearchStrategy[Element]:
    nil = Attribute("http://www.w3.org/2001/XMLSchema-instance", "nil", "true")
    actions = st.sampled_from(["insert", "update", "delete"]).map(lambda action: (Attribute("", "Action", action),)) | st.just(())
    field = st.builds(Element, st.just(""), xml_names, st.just(()), st.just(()), texts) | st.builds(
        Element, st.just(""), xml_names, st.just((nil,)), st.just(()), st.just("")
    )
    content = st.builds(Element, st.just(""), st.just("Fields"), actions, st.lists(field, max_size=3).map(tuple), st.just(""))
    inner = (
        st.lists(objects(depth + 1), max_size=2).map(lambda drawn: [Element("", "Objects", (), tuple(drawn))]) if depth < 2 else st.just([])
    )
    keys = st.lists(st.tuples(xml_names, texts), max_size=2, unique_by=lambda pair: pair[0].lower()).map(
        lambda pairs: tuple(Attribute("", name, text) for name, text in pairs)
    )
    return st.builds(
        lambda keys, action, fields, inner: Element("", "Element", keys + action, (*fields, *inner)),
        keys,
        actions,
        st.lists(content, max_size=1),
        inner,
    )


@st.composite
def updates(draw: st.DrawFn) -> SoapCall:
    document = draw(objects())
    actions = actions_in(document)
    return SoapCall(draw(versions), services.UPDATE, Update("KnSubject", min(actions), (), actions), document=document)


others = st.one_of(
    st.builds(lambda version, call: SoapCall(version, services.REPORT, call), versions, st.builds(RunReport, ids, predicates)),
    st.builds(lambda version, call: SoapCall(version, services.GET_ATTACHMENT, call), versions, st.builds(FetchSubjectFile, ids, ids)),
    st.builds(
        lambda version, call: SoapCall(version, services.GET_ATTACHMENT_DATA if call.with_data else services.GET_ATTACHMENT_INFO, call),
        versions,
        st.builds(FetchSubject, ids, st.booleans()),
    ),
    st.builds(
        lambda version, name, as_base64: SoapCall(version, services.DATA, DescribeUpdate(name), as_base64=as_base64),
        versions,
        names,
        st.none() | st.booleans(),
    ),
    st.builds(lambda version: SoapCall(version, services.VERSION_INFO, ProductVersion()), versions),
)


@given(rows_calls() | updates() | others)
def test_what_is_written_reads_as_the_same_call(soap_call: SoapCall) -> None:
    call = soap_call.call
    narrowed = call.filter if isinstance(call, GetRows) else None
    body = write(soap_call, getattr(call, "connector", ""), narrowed)
    assert body.isascii()
    assert read_again(soap_call, body) == soap_call


@given(rows_calls(), predicates)
def test_rows_are_asked_with_the_narrowed_filter_and_the_canonical_name(soap_call: SoapCall, narrowed: Predicate) -> None:
    again = read_again(soap_call, write(soap_call, CANONICAL, narrowed))
    assert isinstance(soap_call.call, GetRows)
    assert again == replace(soap_call, call=replace(soap_call.call, connector=CANONICAL, filter=narrowed))


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda each: each.operation)
@pytest.mark.parametrize("in_cdata", [False, True])
def test_nothing_of_the_clients_own_spelling_is_left(sample: Sample, in_cdata: bool) -> None:
    """Marks in every place that XML has for them, of each text within the text, are gone; so is the token."""

    def marked(text: str) -> str:
        first, rest = re.match(r"(<\w+)(.*)", text, re.DOTALL).groups()  # type: ignore[union-attr]
        spread = rest.replace("><", ">\t<")
        return f'<?xml version="1.0"?>\n\t<!--canary-->{first}\t xmlns:canary="urn:canary"{spread}<!--canary-->'

    inner = {TOKEN, FILTERS, DOCUMENT, SCHEMA_OF, "<options/>"}
    arguments = {name: marked(text) if text in inner else text for name, text in sample.arguments.items()}
    body = envelope(sample.operation, arguments, in_cdata=in_cdata).replace("<s:Body>", '\t<s:Body xmlns:canary="urn:canary"><!--canary-->')
    soap_call = read(sample.path, body.encode(), "text/xml", None)
    text = written(soap_call, narrowed=POLICY)
    assert soap_call == read_sample(sample)
    assert "canary" not in text
    assert "\t" not in text
    assert "CDATA" not in text
    assert DATA not in text
    assert "token" not in text


def test_the_whole_of_it() -> None:
    assert written(read_sample(ROWS), narrowed=Predicate(((Condition("A", Operator.EQUAL, "é<%"), Condition("B", Operator.EMPTY)),))) == (
        '<?xml version="1.0" encoding="utf-8"?>'
        '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>'
        '<GetData xmlns="urn:Afas.Profit.Services"><connectorId>Canonical_Name</connectorId>'
        "<filtersXml>&lt;Filters&gt;&lt;Filter FilterId=&quot;Filter 1&quot;&gt;&lt;Field FieldId=&quot;A&quot; "
        "OperatorType=&quot;1&quot;&gt;&amp;#233;&amp;lt;&amp;#37;&lt;/Field&gt;"
        "&lt;Field FieldId=&quot;B&quot; OperatorType=&quot;8&quot; /&gt;&lt;/Filter&gt;"
        "&lt;/Filters&gt;</filtersXml><skip>0</skip><take>5</take></GetData></soap:Body></soap:Envelope>"
    )


def test_the_backends_own_token_goes_first_and_in_cdata() -> None:
    own = TOKEN.replace(DATA, "F" * 64)
    body = write(read_sample(SAMPLES[4]), "subject", token_xml=own).decode()
    assert f'Services"><token><![CDATA[{own}]]></token><subjectID>' in body
    assert DATA not in body
    with pytest.raises(ValueError, match="CDATA"):
        write(read_sample(SAMPLES[4]), "subject", token_xml="]]>")


@pytest.mark.parametrize("connector", ["A<b", "A&amp;B", "é", "</connectorId>", "]]>"])
def test_a_name_is_never_markup(connector: str) -> None:
    body = written(read_sample(ROWS), connector, EVERYTHING)
    texts = [each.text for each in ElementTree.fromstring(body).iter("{urn:Afas.Profit.Services}connectorId")]  # noqa: S314
    assert texts == [connector]


def test_everything_has_no_filter_and_nothing_is_never_asked() -> None:
    assert "filtersXml" not in written(read_sample(ROWS), narrowed=EVERYTHING)
    with pytest.raises(ValueError, match="no filter XML"):
        written(read_sample(ROWS), narrowed=NOTHING)
    with pytest.raises(TypeError):
        written(read_sample(ROWS))


def test_a_report_is_narrowed_where_there_is_something_to_narrow_it_to() -> None:
    report = read_sample(SAMPLES[3])
    assert read_again(report, write(report, "report", POLICY)).call == RunReport("A" * 32, POLICY)
    with pytest.raises(Refusal) as caught:
        write(report, "report", NOTHING)
    assert caught.value.reason is Reason.FILTER_MALFORMED


def test_a_call_that_soap_does_not_have_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(TypeError):
        write(SoapCall(Version.SOAP_1_1, services.VERSION_INFO, Preflight()), "")
    with pytest.raises(TypeError):
        write(replace(read_sample(SAMPLES[2]), document=None), "KnSubject")
