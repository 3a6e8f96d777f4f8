"""From an allowed call to the envelope that the backend gets: generated anew, from parsed values and canonical names only."""

from collections.abc import Iterator

from sidecar.dialects.call import DescribeUpdate, FetchSubject, FetchSubjectFile, GetRows, Page, ProductVersion, RunReport, Update
from sidecar.dialects.soap.call import SoapCall
from sidecar.dialects.soap.envelope import write_envelope, write_operation
from sidecar.dialects.soap.options import write_options
from sidecar.dialects.soap.page import arguments_of
from sidecar.dialects.soap.update_document import write_document
from sidecar.errors import Reason, Refusal
from sidecar.filters.filterxml import escape_xml, write_filterxml
from sidecar.filters.predicate import Predicate

_CDATA_END = "]]>"


def write(soap_call: SoapCall, connector: str, narrowed: Predicate | None = None, token_xml: str | None = None) -> bytes:
    """The whole envelope, in the version in which the client asked. Never with the client's token.

    :param connector: the canonical name of the whitelist, where the call has a connector.
    :param narrowed: client filter AND policy, not nothing. Rows need it; a report without it has the client's own filter.
    :param token_xml: the backend's own token, for a service that wants it in the body: it is put there in CDATA, as the vendor's help
        demands of the subject connector (wire reference 3.5). None where the credential goes into a header.
    :raises Refusal: FILTER_TOO_LARGE, or FILTER_MALFORMED for a report that nothing can be in.
    """
    arguments = dict(_arguments(soap_call, connector, narrowed))
    if token_xml is not None:
        if _CDATA_END in token_xml:
            raise ValueError("a token that ends its CDATA")
        arguments["token"] = f"<![CDATA[{token_xml}]]>"
    operation = soap_call.operation
    ordered = [(name, arguments[name]) for name in operation.arguments if name in arguments]
    return write_envelope(soap_call.version, write_operation(operation.name, ordered))


def _arguments(soap_call: SoapCall, connector: str, narrowed: Predicate | None) -> Iterator[tuple[str, str]]:
    """Names with their content, escaped."""
    match soap_call.call:
        case GetRows(_, _, order, page):
            if narrowed is None:
                raise TypeError("rows are written with their predicate")
            yield "connectorId", escape_xml(connector)
            yield from _filter(narrowed)
            options = soap_call.options
            in_arguments = arguments_of(page, Page() if options is None else options.page)
            yield from (
                (name, str(number)) for name, number in (("skip", in_arguments.skip), ("take", in_arguments.take)) if number is not None
            )
            if options is not None:
                yield "options", escape_xml(write_options(options, order))
        case Update():
            if soap_call.document is None:
                raise TypeError("an update is written with its document")
            yield from (("connectorType", escape_xml(connector)), ("connectorVersion", "1"))
            yield "dataXml", escape_xml(write_document(soap_call.document))
        case RunReport(report, asked):
            yield "reportID", escape_xml(report)
            predicate = asked if narrowed is None else narrowed
            if predicate.is_nothing:
                raise Refusal(Reason.FILTER_MALFORMED, "the filter contradicts itself, so that nothing can meet it")
            yield from _filter(predicate)
        case FetchSubjectFile(subject, file):
            yield from (("subjectID", escape_xml(subject)), ("fileId", escape_xml(file)))
        case FetchSubject(subject):
            yield "subjectID", escape_xml(subject)
        case DescribeUpdate():
            yield "dataID", "GetXmlSchema"
            encoded = "" if soap_call.as_base64 is None else f"<EncodeBase64>{str(soap_call.as_base64).lower()}</EncodeBase64>"
            parameters = f"<DataConnector><UpdateConnectorId>{escape_xml(connector)}</UpdateConnectorId>{encoded}</DataConnector>"
            yield "parametersXml", escape_xml(parameters)
        case ProductVersion():
            return
        case _:
            raise TypeError("a call that SOAP has no operation for")


def _filter(predicate: Predicate) -> Iterator[tuple[str, str]]:
    """No argument at all for everything: an empty list of filters has no certain meaning."""
    if not predicate.is_everything:
        yield "filtersXml", escape_xml(write_filterxml(predicate))
