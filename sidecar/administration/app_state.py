"""An app connector as it is told: read row by row, with what makes it useless."""

from collections.abc import Sequence
from datetime import datetime

from pydantic import Field
from sqlalchemy import func, select

from sidecar.administration.naming import rows_found, the_row
from sidecar.administration.operation import Changed, Told, Work
from sidecar.administration.rights import policy_of, said_about, sound_rights
from sidecar.policy_database import tables
from sidecar.policy_database.nested import Nested, nested_of
from sidecar.policy_database.rows import Row
from sidecar.settings.advice import give_advice

_ID = 12
_PARTS = (tables.get_connectors, tables.update_connectors, tables.special_connectors, tables.reports, tables.addresses)


class AppSummary(Told):
    """An app connector in a list."""

    name: str
    description: str = ""
    environment: str
    group: str
    blocked: bool
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    enforcement: str = "enforce"
    row_guard: str = "off"


class Addresses(Told):
    """From which addresses of clients it may be used."""

    allow: list[str] = Field(default=[])
    deny: list[str] = Field(default=[])


class OtpKeysState(Told):
    """The beginnings of the hashes of both keys."""

    api_key: str
    environment_key: str
    language: str | None = None


class AppState(AppSummary):
    """An app connector, with all that it lists."""

    get_connectors: list[str] = Field(default=[])
    unfiltered_get_connectors: list[str] = Field(default=[])
    update_connectors: dict[str, list[str]] = Field(default={})
    special_connectors: dict[str, str | dict[str, str | list[str]] | None] = Field(default={})
    ip: Addresses = Addresses()
    client_certificate: dict[str, list[str]] | None = None
    otp_keys: OtpKeysState | None = None


class AppShown(AppState):
    """An app connector, with what is to be said of it."""

    members: int | None = Field(description="How many users are in its group; null for a group of all users.")
    tokens: int = Field(description="How many user tokens there are for it; `token.list` tells which.")
    advice: list[str] = Field(description="What of it is denied, hardly meant, or good to know.")


async def app_state(work: Work, name: str) -> AppState:
    """The app connector.

    :raises NotFoundError: with the nearest name.
    """
    row = await the_row(work, tables.app_connectors, "app connector", name)
    rows: dict[str, list[Row]] = {table.name: [] for part in tables.PARTS.values() for table in part}
    rows[tables.app_connectors.name] = [row]
    for table in _PARTS:
        rows[table.name] = await rows_found(work, select(table).where(table.c.app_connector == name))
    nested = nested_of(rows)["app_connectors"][name]
    if "otp_keys" in nested:
        keys = nested["otp_keys"]
        ids = {key: keys[f"{key}_sha256"][:_ID] for key in ("api_key", "environment_key")}
        nested["otp_keys"] = {**ids, "language": keys.get("language")}
    return AppState(name=name, **nested)


def app_summary(row: Row) -> AppSummary:
    """The app connector of a row, without what it lists."""
    return AppSummary(group=row["group_name"], **{name: row[name] for name in AppSummary.model_fields if name != "group"})


async def advice_on_app(work: Work, name: str) -> list[str]:
    """What `sidecar check` would say of it, and what else makes it useless; not that it is blocked, which is known."""

    def alone(apps: Nested) -> Nested:
        return {name: {**apps[name], "blocked": False}}

    rights = await sound_rights(work, app_connectors=alone)
    if not rights.fatal:
        give_advice(rights.settings, policy_of(rights), work.now, rights.report)
    app = rights.settings.app_connectors[name]
    advice = []
    if not (app.get_connectors or app.unfiltered_get_connectors or app.update_connectors or app.special_connectors):
        advice.append(f"`{name}` lists no connector, so there is nothing to call")
    if await count_members(work, app.group) == 0:
        advice.append(f"nobody is in its group `{app.group}`")
    return [*advice, *said_about(rights, "app_connectors", name)]


async def count_members(work: Work, group: str) -> int | None:
    """How many users were put into a group; None for one of all users."""
    row = await the_row(work, tables.groups, "group", group)
    if row["all_users"]:
        return None
    members = tables.members
    return await work.connection.scalar(select(func.count()).select_from(members).where(members.c.group_name == group)) or 0


class Before(Told):
    """How an app connector was before a change, and what was to be said of it."""

    state: AppState
    advice: list[str]


async def before_change(work: Work, name: str) -> Before:
    """Taken before a change of an app connector."""
    return Before(state=await app_state(work, name), advice=await advice_on_app(work, name))


async def changed_app(work: Work, before: Before, warnings: Sequence[str] = (), *, all_advice: bool = False) -> Changed[AppState]:
    """The result of a change: warns of what was not to be said before, or, if so asked, of everything."""
    name = before.state.name
    advice = [each for each in await advice_on_app(work, name) if all_advice or each not in before.advice]
    return Changed(subject=name, before=before.state, after=await app_state(work, name), warnings=[*warnings, *advice])
