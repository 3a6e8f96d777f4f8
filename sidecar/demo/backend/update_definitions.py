"""The UpdateConnectors that the stand-in backend has, and where their fields live."""

from dataclasses import dataclass

from sidecar.demo.definitions import DOSSIERS, HOURS, Field, GetConnector


@dataclass(frozen=True, slots=True)
class UpdateConnector:
    """A named write; `columns` maps its field codes to fields of the table that it writes to, `key` is the code of a record's number.

    `objects` are the UpdateConnectors whose elements may stand below its own.
    """

    name: str
    description: str
    table: GetConnector
    key: str
    mandatory: frozenset[str]
    columns: dict[str, str]
    objects: tuple[str, ...] = ()

    @property
    def fields(self) -> dict[str, Field]:
        """The table's field behind each field code."""
        by_id = {field.id: field for field in self.table.fields}
        return {code: by_id[name] for code, name in self.columns.items()}


UPDATE_CONNECTORS = (
    UpdateConnector(
        name="PtRealization",
        description="Nacalculatie",
        table=HOURS,
        key="Id",
        mandatory=frozenset({"DaTi", "EmId", "Qu"}),
        columns={"Id": "Id", "DaTi": "Datum", "EmId": "Medewerker", "Qu": "Uren", "Ds": "Omschrijving", "PrId": "Project"},
    ),
    UpdateConnector(
        name="KnSubject",
        description="Dossieritem",
        table=DOSSIERS,
        key="SbId",
        mandatory=frozenset({"StId", "Ds"}),
        columns={
            "SbId": "SubjectId",
            "StId": "Type",
            "Ds": "Onderwerp",
            "SbTx": "Toelichting",
            "Da": "Datum",
            "EmId": "Medewerker",
            "St": "Gereed",
        },
        # The hours that a dossier item took, and the items that follow from it, as deep as one likes.
        objects=("PtRealization", "KnSubject"),
    ),
)


def update_connector(name: str) -> UpdateConnector | None:
    """The UpdateConnector of this name, letter case aside."""
    return next((connector for connector in UPDATE_CONNECTORS if connector.name.lower() == name.lower()), None)
