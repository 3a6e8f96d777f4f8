"""What a SOAP message asks: the call, the same as of any dialect, and beside it what is needed to spell it again."""

from dataclasses import dataclass, field

from sidecar.dialects.call import Call, Page
from sidecar.dialects.soap.services import Operation
from sidecar.dialects.soap.tree import Element
from sidecar.dialects.soap.version import Version


@dataclass(frozen=True, slots=True)
class Options:
    """In which form rows come back (wire reference 3.4); None where the client left it to the backend. The order is the call's own.

    :param as_text: separated text instead of XML.
    :param metadata: with an XML schema.
    :param style: how empty fields and separators are written, 1 to 4.
    :param page: what of the call's page stood here and not in an argument.
    """

    as_text: bool | None = None
    metadata: bool | None = None
    style: int | None = None
    page: Page = field(default_factory=Page)


@dataclass(frozen=True, slots=True)
class SoapCall:
    """A message, read.

    :param token: the 64 characters of a user token found in the body.
    :param options: of `GetDataWithOptions`, if it has any.
    :param document: what an update writes.
    :param as_base64: in which form an UpdateConnector's schema is wanted.
    """

    version: Version
    operation: Operation
    call: Call
    token: str | None = field(default=None, repr=False)
    options: Options | None = None
    document: Element | None = field(default=None, repr=False)
    as_base64: bool | None = None
