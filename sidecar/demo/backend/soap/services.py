"""The services, their operations and what these take and give: WSDL and dispatch both follow from here (wire reference 3.1, 3.2)."""

from typing import NamedTuple

NAMESPACE = "urn:Afas.Profit.Services"


class Argument(NamedTuple):
    """An argument and its type in the schema."""

    name: str
    type: str = "string"

    @property
    def is_optional(self) -> bool:
        """A text may be left out, a number can't be: that is how .NET describes the two."""
        return self.type == "string"


class Operation(NamedTuple):
    """An operation, with the type of its result; without one it has none."""

    name: str
    arguments: tuple[Argument, ...]
    result: str | None = "string"


class Service(NamedTuple):
    """A service by its file; `name` is what the WSDL calls it."""

    file: str
    name: str
    operations: tuple[Operation, ...]
    needs_token: bool = True


def _arguments(names: str) -> tuple[Argument, ...]:
    """From names divided by spaces; a number is marked by `:int`."""
    return tuple(Argument(*name.split(":")) for name in names.split())


SERVICES = (
    Service(
        "AppConnectorGet.asmx",
        "ConnectorAppGet",
        (
            Operation("GetData", _arguments("token connectorId filtersXml skip:int take:int")),
            Operation("GetDataWithOptions", _arguments("token connectorId filtersXml skip:int take:int options")),
        ),
    ),
    Service(
        "AppConnectorUpdate.asmx",
        "ConnectorAppUpdate",
        (Operation("Execute", _arguments("token connectorType connectorVersion:int dataXml")),),
    ),
    Service(
        "AppConnectorReport.asmx",
        "ConnectorAppReport",
        (Operation("Execute", _arguments("token reportID filtersXml"), "base64Binary"),),
    ),
    Service(
        "AppConnectorSubject.asmx",
        "ConnectorAppSubject",
        (
            Operation("GetAttachment", _arguments("token subjectID fileId"), "base64Binary"),
            Operation("GetSubjectAttachmentInfo", _arguments("token subjectID")),
            Operation("GetSubjectAttachmentData", _arguments("token subjectID")),
        ),
    ),
    Service("AppConnectorData.asmx", "ConnectorAppData", (Operation("Execute", _arguments("token dataID parametersXml")),)),
    Service("AppConnectorVersionInfo.asmx", "ConnectorAppVersionInfo", (Operation("GetProductVersion", _arguments("token")),)),
    Service(
        "TokenConnector.asmx",
        "TokenConnector",
        (
            Operation("GenerateOTP", _arguments("userId apiKey environmentKey description"), None),
            Operation("GetTokenFromOTP", _arguments("userId apiKey environmentKey otp")),
            Operation("DeleteToken", _arguments("token"), None),
        ),
        needs_token=False,
    ),
    Service(
        "CmdConnector.asmx",
        "CmdConnector",
        (
            # The vendor's own spelling of "attachment".
            Operation("Execute", _arguments("token commandLine attachementArchive")),
            Operation("GetState", _arguments("token commandId")),
        ),
    ),
    Service(
        "GetConnector.asmx",
        "ConnectorGet",
        (Operation("GetData", _arguments("environmentId userId password logonAs connectorId filtersXml")),),
        needs_token=False,
    ),
)


def service_at(file: str) -> Service | None:
    """The service of this file, letter case aside."""
    return next((service for service in SERVICES if service.file.lower() == file.lower()), None)
