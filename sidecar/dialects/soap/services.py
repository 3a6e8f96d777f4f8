"""What SOAP serves: the services, their operations, and the arguments of each in their order (wire reference 3.1, 3.2). Nothing beside it.

Left out, so refused: `CmdConnector`, which can replace GetConnectors by others (wire reference 3.6), the services from before app
connectors, and `logonAs`, which asks for another user's rights. `TokenConnector` stands apart, since who calls it has no token yet.
"""

from dataclasses import dataclass

from sidecar.errors import Reason, Refusal

NAMESPACE = "urn:Afas.Profit.Services"

BASE = ("profitservices",)
"""The segments under which every backend of this kind serves SOAP, in lower case."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a service. `service` is the canonical name of its file; argument names are case-sensitive."""

    service: str
    name: str
    arguments: tuple[str, ...]

    @property
    def action(self) -> str:
        """The URI by which SOAPAction names it."""
        return f"{NAMESPACE}/{self.name}"


GET_DATA = Operation("AppConnectorGet.asmx", "GetData", ("token", "connectorId", "filtersXml", "skip", "take"))
GET_DATA_WITH_OPTIONS = Operation(
    "AppConnectorGet.asmx", "GetDataWithOptions", ("token", "connectorId", "filtersXml", "skip", "take", "options")
)
UPDATE = Operation("AppConnectorUpdate.asmx", "Execute", ("token", "connectorType", "connectorVersion", "dataXml"))
REPORT = Operation("AppConnectorReport.asmx", "Execute", ("token", "reportID", "filtersXml"))
GET_ATTACHMENT = Operation("AppConnectorSubject.asmx", "GetAttachment", ("token", "subjectID", "fileId"))
GET_ATTACHMENT_INFO = Operation("AppConnectorSubject.asmx", "GetSubjectAttachmentInfo", ("token", "subjectID"))
GET_ATTACHMENT_DATA = Operation("AppConnectorSubject.asmx", "GetSubjectAttachmentData", ("token", "subjectID"))
DATA = Operation("AppConnectorData.asmx", "Execute", ("token", "dataID", "parametersXml"))
VERSION_INFO = Operation("AppConnectorVersionInfo.asmx", "GetProductVersion", ("token",))

OPERATIONS = (
    GET_DATA,
    GET_DATA_WITH_OPTIONS,
    UPDATE,
    REPORT,
    GET_ATTACHMENT,
    GET_ATTACHMENT_INFO,
    GET_ATTACHMENT_DATA,
    DATA,
    VERSION_INFO,
)

TOKEN_CONNECTOR = "TokenConnector.asmx"  # noqa: S105  the name of a file
GENERATE_OTP = Operation(TOKEN_CONNECTOR, "GenerateOTP", ("userId", "apiKey", "environmentKey", "description"))
GET_TOKEN_FROM_OTP = Operation(TOKEN_CONNECTOR, "GetTokenFromOTP", ("userId", "apiKey", "environmentKey", "otp"))
DELETE_TOKEN = Operation(TOKEN_CONNECTOR, "DeleteToken", ("token",))

TOKEN_OPERATIONS = (GENERATE_OTP, GET_TOKEN_FROM_OTP, DELETE_TOKEN)

SERVICES = {operation.service.lower(): operation.service for operation in OPERATIONS}
"""The canonical name of each service's file, by its lower-case one."""


def service_at(path: str) -> str:
    """The canonical name of the service at a path below the environment's SOAP base: exactly one segment, in any letter case.

    :param path: decoded, without a leading slash and without a query.
    :raises Refusal: UNKNOWN_PATH.
    """
    service = SERVICES.get(path.lower()) if path.isascii() else None
    if service is None:
        raise Refusal(Reason.UNKNOWN_PATH)
    return service


def operation_of(service: str, name: str) -> Operation:
    """The service's operation of exactly this name.

    :raises Refusal: UNKNOWN_PATH.
    """
    for operation in (*OPERATIONS, *TOKEN_OPERATIONS):
        if operation.service == service and operation.name == name:
            return operation
    raise Refusal(Reason.UNKNOWN_PATH, f"{service} has no operation of this name; letter case counts")
