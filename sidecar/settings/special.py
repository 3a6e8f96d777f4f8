"""Special connectors as an app connector lists them: by name where nothing need be said, otherwise each with who may fetch what of it."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, PlainValidator, Tag, WithJsonSchema

from sidecar.dialects.call import Special
from sidecar.settings.part import Part
from sidecar.settings.scalars import ConnectorName, FieldId, ReportId, complaint
from sidecar.settings.tree import Written


class OwnershipRule(Part):
    """Who may fetch: those who may see a row of a GetConnector with the id in it."""

    get_connector: ConnectorName = Field(
        description="Is asked for the user's row with the id. It need not be listed for the app; a filter type must guard it."
    )
    field: FieldId = Field(description="The field that holds the id.")


class SubjectRule(OwnershipRule):
    """Who may fetch attachments of a dossier item: those who may see a row of a GetConnector with its id in it."""

    file_field: FieldId | None = Field(
        default=None,
        description="The field of the same row with the id of the file, so that no file of another dossier item is fetched.",
    )


class ReportRule(Part):
    """Which reports may be run."""

    reports: tuple[ReportId, ...] = Field(
        default=(), description="Ids of reports, each guarded by at least one filter type that names it under `reports`."
    )
    unchecked: tuple[ReportId, ...] = Field(
        default=(), description="Further ones, of which every member gets everything, unless a filter type guards them."
    )


def _written(value: Any) -> Any:
    return value.value if isinstance(value, Written) else value


def _word(value: Any) -> Any:
    if _written(value) in (None, "unchecked"):
        return _written(value)
    raise complaint("expected keys and values, or the word `unchecked`", "such as {get_connector: Profit_Dossiers, field: SubjectId}")


def _nothing(value: Any) -> None:
    if _written(value) is not None:
        raise complaint("takes nothing behind it, since there is nothing to check", "leave it out; the name alone is enough")


def _kind_of_rule(value: Any) -> str:
    return "rule" if isinstance(value, Mapping | Part) else "word"


_Word = Annotated[Literal["unchecked"] | None, PlainValidator(_word), WithJsonSchema({"const": "unchecked"}), Tag("word")]
_Nothing = Annotated[None, PlainValidator(_nothing), WithJsonSchema({"type": "null"})]
_Subject = Annotated[_Word | Annotated[SubjectRule, Tag("rule")], Discriminator(_kind_of_rule)]
_Owned = Annotated[_Word | Annotated[OwnershipRule, Tag("rule")], Discriminator(_kind_of_rule)]
_Reports = Annotated[_Word | Annotated[ReportRule, Tag("rule")], Discriminator(_kind_of_rule)]


class SpecialConnectors(BaseModel):
    """Special connectors, each with who may fetch what of it; `unchecked` lets every member fetch all of it whose id he knows."""

    # A key with nothing behind it is there, other than elsewhere.
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    subject: _Subject = Field(default=None, description="Attachments by dossier item: who may fetch them.")
    file: _Owned = Field(default=None, description="Attachments by their own id, a GUID: who may fetch them.")
    image: _Owned = Field(default=None, description="Images: who may fetch them.")
    report: _Reports = Field(default=None, description="Reports: which ones may be run.")
    data: _Nothing = Field(default=None, description="Schemas of UpdateConnectors, over SOAP. There is nothing to check.")
    version: _Nothing = Field(default=None, description="The backend's version. There is nothing to check.")


Rule = OwnershipRule | ReportRule | Literal["unchecked"] | None


def _kind_of_listing(value: Any) -> str:
    return "rules" if isinstance(value, Mapping | BaseModel) else "names"


Listing = Annotated[
    Annotated[tuple[Special, ...], Tag("names")] | Annotated[SpecialConnectors, Tag("rules")], Discriminator(_kind_of_listing)
]


def rules_of(listing: tuple[Special, ...] | SpecialConnectors) -> dict[Special, Rule]:
    """What is listed, with what is said about each: None for nothing."""
    if isinstance(listing, tuple):
        return dict.fromkeys(listing)
    return {Special(name): getattr(listing, name) for name in SpecialConnectors.model_fields if name in listing.model_fields_set}


def step_to(listing: tuple[Special, ...] | SpecialConnectors, special: Special) -> str | int:
    """Where it stands in the listing, as a step of a key path."""
    return listing.index(special) if isinstance(listing, tuple) else special.value
