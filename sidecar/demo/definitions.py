"""The GetConnectors of the demo's company: their names, fields and types. Tables, metainfo and filters all follow from these."""

from dataclasses import dataclass
from enum import StrEnum


class DataType(StrEnum):
    """Types of fields, as metainfo names them."""

    STRING = "string"
    INT = "int"
    DECIMAL = "decimal"
    DATE = "date"
    BOOLEAN = "boolean"


@dataclass(frozen=True, slots=True)
class Field:
    """One field; `id` is its name on the wire and its column in the table."""

    id: str
    data_type: DataType
    label: str
    length: int = 0
    decimals: int = 0


@dataclass(frozen=True, slots=True)
class GetConnector:
    """A named query; here simply all columns of the table of the same name."""

    name: str
    description: str
    fields: tuple[Field, ...]

    def field(self, name: str) -> Field | None:
        """The field of this id, letter case aside, as a database would have it."""
        return next((field for field in self.fields if field.id.lower() == name.lower()), None)


def _text(name: str, label: str, length: int = 80) -> Field:
    return Field(name, DataType.STRING, label, length)


def _date(name: str, label: str) -> Field:
    return Field(name, DataType.DATE, label)


def _number(name: str, label: str) -> Field:
    return Field(name, DataType.INT, label, 10)


def _decimal(name: str, label: str, decimals: int = 2) -> Field:
    return Field(name, DataType.DECIMAL, label, 12, decimals)


def _yes_no(name: str, label: str) -> Field:
    return Field(name, DataType.BOOLEAN, label)


EMPLOYEES = GetConnector(
    "Profit_Employees",
    "Medewerkers",
    (
        _text("EmployeeId", "Medewerker", 15),
        _text("Name", "Naam"),
        _text("Email", "E-mail werk"),
        _text("DepartmentCode", "Afdeling", 10),
        _text("Department", "Omschrijving afdeling", 50),
        _text("Function", "Functie", 50),
        _decimal("HoursPerWeek", "Uren per week"),
        _date("StartDate", "Datum in dienst"),
        _date("EndDate", "Datum uit dienst"),
    ),
)

HOURS = GetConnector(
    "Profit_Hours",
    "Geboekte uren",
    (
        _number("Id", "Nummer"),
        _text("Medewerker", "Medewerker", 15),
        _text("Naam", "Naam medewerker"),
        _text("Afdeling", "Afdeling", 10),
        _date("Datum", "Datum"),
        _decimal("Uren", "Aantal uren"),
        _text("Omschrijving", "Omschrijving", 255),
        _text("Project", "Project", 15),
    ),
)

LEAVE = GetConnector(
    "Profit_Leave",
    "Verlof",
    (
        _number("Id", "Nummer"),
        _text("Medewerker", "Medewerker", 15),
        _text("Naam", "Naam medewerker"),
        _text("Afdeling", "Afdeling", 10),
        _text("Soort", "Soort verlof", 30),
        _date("Begindatum", "Begindatum"),
        _date("Einddatum", "Einddatum"),
        _decimal("Uren", "Aantal uren"),
        _yes_no("Goedgekeurd", "Goedgekeurd"),
    ),
)

ITEMS = GetConnector(
    "Profit_Items",
    "Artikelen",
    (
        _text("Itemcode", "Itemcode", 15),
        _text("Omschrijving", "Omschrijving"),
        _text("Groep", "Artikelgroep", 20),
        _decimal("Prijs", "Verkoopprijs"),
        _number("Voorraad", "Vrije voorraad"),
        _yes_no("Geblokkeerd", "Geblokkeerd"),
    ),
)

COUNTRIES = GetConnector(
    "Profit_Countries",
    "Landen",
    (
        _text("Code", "Landcode", 3),
        _text("Land", "Land", 50),
        _yes_no("EU", "Lidstaat van de EU"),
    ),
)

DOSSIERS = GetConnector(
    "Profit_Dossiers",
    "Dossieritems",
    (
        _number("SubjectId", "Nummer"),
        _number("Type", "Type dossieritem"),
        _text("Onderwerp", "Onderwerp", 255),
        _text("Toelichting", "Toelichting", 1000),
        _date("Datum", "Datum"),
        _text("Medewerker", "Medewerker", 15),
        _text("Afdeling", "Afdeling", 10),
        _yes_no("Gereed", "Gereed"),
    ),
)

ATTACHMENTS = GetConnector(
    "Profit_Attachments",
    "Bijlagen van dossieritems",
    (
        _text("FileId", "Bestand-id", 32),
        _number("SubjectId", "Dossieritem"),
        _number("AttachmentId", "Bijlage"),
        _text("Naam", "Naam"),
        _text("Medewerker", "Medewerker", 15),
        _text("Afdeling", "Afdeling", 10),
    ),
)

SALARIES = GetConnector(
    "Profit_Salaries",
    "Salarissen",
    (
        _text("Medewerker", "Medewerker", 15),
        _text("Naam", "Naam medewerker"),
        _text("Afdeling", "Afdeling", 10),
        _number("Jaar", "Jaar"),
        _number("Periode", "Periode"),
        _decimal("Bruto", "Brutoloon"),
        _decimal("Netto", "Nettoloon"),
    ),
)

GET_CONNECTORS = (EMPLOYEES, HOURS, LEAVE, ITEMS, COUNTRIES, DOSSIERS, ATTACHMENTS, SALARIES)


def get_connector(name: str) -> GetConnector | None:
    """The GetConnector of this name, letter case aside."""
    return next((connector for connector in GET_CONNECTORS if connector.name.lower() == name.lower()), None)
