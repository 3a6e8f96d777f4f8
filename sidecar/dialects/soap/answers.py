"""Answers that the sidecar gives itself: an empty result, and a fault."""

from sidecar.dialects.soap.call import SoapCall
from sidecar.dialects.soap.envelope import write_envelope, write_operation
from sidecar.dialects.soap.version import Version
from sidecar.filters.filterxml import NOT_IN_XML, escape_xml

_NO_ROWS = "<AfasGetConnector />"


def no_rows(soap_call: SoapCall) -> bytes:
    """The answer to a question to which policy leaves no row (wire reference 6.1). Asked for as text, it is an empty text.

    Without the schema where metadata was asked for: only the backend knows it.
    """
    as_text = soap_call.options is not None and soap_call.options.as_text is True
    name = soap_call.operation.name
    result = "" if as_text else escape_xml(_NO_ROWS)
    return write_envelope(soap_call.version, write_operation(f"{name}Response", [(f"{name}Result", result)]))


def fault(version: Version, message: str, error_number: int, reference: str) -> bytes:
    """A fault with the backend's detail (wire reference 3.7); it goes with status 500.

    The names of the detail are unprefixed and the reference stands behind dots, since clients look for both by regular expression.

    :param reference: leads to the reason in the decision log.
    """
    text = escape_xml(NOT_IN_XML.sub("\ufffd", message))
    detail = (
        f"<ProfitApplicationException><ErrorNumber>{error_number}</ErrorNumber><Message>{text}</Message>"
        f"<Detail>Log reference....: {escape_xml(reference)}</Detail></ProfitApplicationException>"
    )
    if version is Version.SOAP_1_1:
        parts = f"<faultcode>soap:Server</faultcode><faultstring>{text}</faultstring><detail>{detail}</detail>"
    else:
        parts = (
            "<soap:Code><soap:Value>soap:Receiver</soap:Value></soap:Code>"
            f'<soap:Reason><soap:Text xml:lang="en">{text}</soap:Text></soap:Reason><soap:Detail>{detail}</soap:Detail>'
        )
    return write_envelope(version, f"<soap:Fault>{parts}</soap:Fault>")
