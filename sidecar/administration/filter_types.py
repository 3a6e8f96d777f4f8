"""Filter types: what carries them in GetConnectors and reports, and which rows each group sees."""

from collections.abc import Iterable
from typing import Annotated

from pydantic import Field
from sqlalchemy import Table, delete, insert, select, update

from sidecar.administration.naming import holds, nearest, rows_found, see_free, the_row
from sidecar.administration.not_done import InvalidError, NotFoundError
from sidecar.administration.operation import Argument, Changed, Operation, Page, Request, Told, Work, changing, reading
from sidecar.administration.requests import Connector, FieldCode, Key, Paged, Report, Words
from sidecar.administration.rights import policy_of, said_about, sound_rights
from sidecar.policy.where import WhereError, compile_where
from sidecar.policy_database import tables
from sidecar.policy_database.nested import nested_of, user_of_row
from sidecar.policy_database.rows import Row
from sidecar.policy_database.tables import filter_connectors, filter_reports, filter_types, filters, groups, members, users
from sidecar.settings.advice import give_advice

_MOST_LOOKED_AT = 1_000  # users of a group, for advice
_MOST_TOLD = 5

_Name = Annotated[Key, Argument(), Field(description="The filter type's name.")]
_Group = Annotated[Key, Argument(), Field(description="The group whose members the filter is for.")]
_GetConnector = Annotated[Connector, Argument(), Field(description="The GetConnector that it guards.")]
_Report = Annotated[Report, Argument(), Field(description="The id of the report that it guards.")]
_Fields = Annotated[
    dict[Key, FieldCode],
    Argument(),
    Field(min_length=1, max_length=100, description="Field ids by logical field name.", examples=[{"department": "Afdeling"}]),
]
_FieldNames = Annotated[tuple[Key, ...], Argument(), Field(max_length=100, description="Logical field names; all of them if none is said.")]


class FilterTypeState(Told):
    """A filter type."""

    name: str
    fields: dict[str, dict[str, str]] = Field(default={}, description="By GetConnector: field ids by logical field name.")
    reports: dict[str, dict[str, str]] = Field(default={}, description="By report: field codes by logical field name.")
    filters: dict[str, str] = Field(default={}, description="By group: the rows that its members see.")


class FilterTypeShown(FilterTypeState):
    """A filter type, with what is to be said of it."""

    advice: list[str]


class FilterTypeNamed(Request):
    """One filter type."""

    name: _Name


class RenameFilterType(FilterTypeNamed):
    """Another name for a filter type."""

    to: Annotated[Key, Argument(), Field(description="The new name.")]


class SetFields(FilterTypeNamed):
    """Fields of a GetConnector that carry a filter type."""

    get_connector: _GetConnector
    fields: _Fields


class RemoveFields(FilterTypeNamed):
    """Fields of a GetConnector that don't carry it any more."""

    get_connector: _GetConnector
    fields: _FieldNames = ()


class SetReportFields(FilterTypeNamed):
    """Fields of a report that carry a filter type."""

    report: _Report
    fields: _Fields


class RemoveReportFields(FilterTypeNamed):
    """Fields of a report that don't carry it any more."""

    report: _Report
    fields: _FieldNames = ()


class SetFilter(FilterTypeNamed):
    """Which rows the members of a group see."""

    group: _Group
    expression: Annotated[
        Words,
        Argument(),
        Field(
            min_length=1,
            max_length=10_000,
            description="A where expression over logical field names, `everything` or `nothing`.",
            examples=["department in @user.departments"],
        ),
    ]


class UnsetFilter(FilterTypeNamed):
    """The filter of one group."""

    group: _Group


@reading("filter.list", "List filter types")
async def list_filter_types(work: Work, request: Paged) -> Page[FilterTypeState]:
    """Filter types in the order of their names, a page at a time."""
    query = select(filter_types.c.name).where(filter_types.c.name > request.after).order_by(filter_types.c.name)
    if request.search:
        query = query.where(holds(request.search, filter_types.c.name))
    names = [row["name"] for row in await rows_found(work, query.limit(request.limit + 1))]
    page = names[: request.limit]
    return Page(items=await _states(work, page), next=page[-1] if len(names) > request.limit else None)


@reading("filter.show", "Show a filter type, and what is wrong with it")
async def show_filter_type(work: Work, request: FilterTypeNamed) -> FilterTypeShown:
    """A filter type with its fields and filters, and what of that is denied, hardly meant, or good to know."""
    state = await _the_state(work, request.name)
    return FilterTypeShown(**state.model_dump(), advice=await _advice(work, request.name))


@changing("filter.add", "Add a filter type", of_rights=True)
async def add_filter_type(work: Work, request: FilterTypeNamed) -> Changed[FilterTypeState]:
    """A new kind of row right. It guards nothing until fields are set, and nobody sees a row of what it guards until filters are."""
    alike = await see_free(work, filter_types, "filter type", request.name)
    await work.connection.execute(insert(filter_types).values(name=request.name))
    return Changed(subject=request.name, after=FilterTypeState(name=request.name), warnings=alike)


@changing("filter.rename", "Rename a filter type", of_rights=True)
async def rename_filter_type(work: Work, request: RenameFilterType) -> Changed[FilterTypeState]:
    """Another name for the same filter type."""
    before = await _the_state(work, request.name)
    alike = await see_free(work, filter_types, "filter type", request.to, request.name)
    await work.connection.execute(update(filter_types).where(filter_types.c.name == request.name).values(name=request.to))
    return Changed(subject=request.name, before=before, after=await _the_state(work, request.to), warnings=alike)


@changing("filter.remove", "Remove a filter type", of_rights=True)
async def remove_filter_type(work: Work, request: FilterTypeNamed) -> Changed[FilterTypeState]:
    """What it alone guards is denied from then on, unless it is listed as unfiltered; of such a one every member sees every row."""
    before = await _the_state(work, request.name)
    await work.connection.execute(delete(filter_types).where(filter_types.c.name == request.name))
    return Changed(subject=request.name, before=before)


@changing("filter.field.set", "Say which fields of a GetConnector carry a filter type", of_rights=True)
async def set_fields(work: Work, request: SetFields) -> Changed[FilterTypeState]:
    """From then on it guards the GetConnector, in every app connector that lists it. Other fields of it stay as they are."""
    return await _set(work, filter_connectors, "get_connector", request.name, request.get_connector, request.fields)


@changing("filter.field.remove", "Take fields of a GetConnector from a filter type", of_rights=True)
async def remove_fields(work: Work, request: RemoveFields) -> Changed[FilterTypeState]:
    """Without any field it doesn't guard the GetConnector any more. Refused for a field that a filter uses."""
    return await _remove(work, filter_connectors, "get_connector", request.name, request.get_connector, request.fields)


@changing("filter.report.set", "Say which fields of a report carry a filter type", of_rights=True)
async def set_report_fields(work: Work, request: SetReportFields) -> Changed[FilterTypeState]:
    """From then on it guards the report, in every app connector that lists it. Other fields of it stay as they are."""
    return await _set(work, filter_reports, "report", request.name, request.report, request.fields)


@changing("filter.report.remove", "Take fields of a report from a filter type", of_rights=True)
async def remove_report_fields(work: Work, request: RemoveReportFields) -> Changed[FilterTypeState]:
    """Without any field it doesn't guard the report any more. Refused for a field that a filter uses."""
    return await _remove(work, filter_reports, "report", request.name, request.report, request.fields)


@changing("filter.set", "Say which rows a group sees", of_rights=True)
async def set_filter(work: Work, request: SetFilter) -> Changed[FilterTypeState]:
    """The filter of a group; filters of several groups of a user add up. It is compiled at once, and refused if it can't be."""
    before = await _the_state(work, request.name)
    await the_row(work, groups, "group", request.group)
    try:
        compile_where(request.expression)
    except WhereError as error:
        raise InvalidError("expression", str(error)) from None
    of_group = (filters.c.filter_type == request.name, filters.c.group_name == request.group)
    await work.connection.execute(delete(filters).where(*of_group))
    row = {"filter_type": request.name, "group_name": request.group, "expression": request.expression}
    await work.connection.execute(insert(filters).values(row))
    return await _changed(work, before, await _about_users(work, request.name, request.group))


@changing("filter.unset", "Take away the filter of a group", of_rights=True)
async def unset_filter(work: Work, request: UnsetFilter) -> Changed[FilterTypeState]:
    """Its members see no row through this group any more."""
    before = await _the_state(work, request.name)
    if request.group not in before.filters:
        raise NotFoundError(f"`{request.name}` has no filter for group `{request.group}`", nearest(request.group, list(before.filters)))
    of_group = (filters.c.filter_type == request.name, filters.c.group_name == request.group)
    await work.connection.execute(delete(filters).where(*of_group))
    return await _changed(work, before)


async def _set(work: Work, table: Table, column: str, name: str, what: str, fields: dict[str, str]) -> Changed[FilterTypeState]:
    before = await _the_state(work, name)
    known = _mapped(before, table).get(what)
    values = {"filter_type": name, column: what, "fields": dict(sorted({**(known or {}), **fields}.items()))}
    if known is None:
        await work.connection.execute(insert(table).values(values))
    else:
        await work.connection.execute(update(table).where(table.c.filter_type == name, table.c[column] == what).values(values))
    return await _changed(work, before)


async def _remove(work: Work, table: Table, column: str, name: str, what: str, fields: tuple[str, ...]) -> Changed[FilterTypeState]:
    before = await _the_state(work, name)
    mapped = _mapped(before, table)
    if what not in mapped:
        raise NotFoundError(f"`{name}` does not guard `{what}`", nearest(what, list(mapped)))
    for field in fields:
        if field not in mapped[what]:
            raise NotFoundError(f"`{name}` maps no field `{field}` of `{what}`", nearest(field, list(mapped[what])))
    left = {field: carried for field, carried in mapped[what].items() if fields and field not in fields}
    of_this = (table.c.filter_type == name, table.c[column] == what)
    if left:
        await work.connection.execute(update(table).where(*of_this).values(fields=left))
    else:
        await work.connection.execute(delete(table).where(*of_this))
    return await _changed(work, before)


def _mapped(state: FilterTypeState, table: Table) -> dict[str, dict[str, str]]:
    return state.fields if table is filter_connectors else state.reports


async def _changed(work: Work, before: FilterTypeState, warnings: Iterable[str] = ()) -> Changed[FilterTypeState]:
    """The result of a change. That a filter type under construction lacks something is for `show` to say."""
    return Changed(subject=before.name, before=before, after=await _the_state(work, before.name), warnings=list(warnings))


async def _the_state(work: Work, name: str) -> FilterTypeState:
    await the_row(work, filter_types, "filter type", name)
    return (await _states(work, [name]))[0]


async def _states(work: Work, names: list[str]) -> list[FilterTypeState]:
    rows: dict[str, list[Row]] = {table.name: [] for part in tables.PARTS.values() for table in part}
    rows[filter_types.name] = [{"name": name} for name in names]
    for table in (filter_connectors, filter_reports, filters):
        rows[table.name] = await rows_found(work, select(table).where(table.c.filter_type.in_(names)))
    nested = nested_of(rows).get("filter_types", {})
    return [FilterTypeState(name=name, **nested[name]) for name in names]


async def _advice(work: Work, name: str) -> list[str]:
    """What `sidecar check` would say of it."""
    rights = await sound_rights(work, filter_types=lambda types: {name: types[name]})
    if not rights.fatal:
        give_advice(rights.settings, policy_of(rights), work.now, rights.report)
    return said_about(rights, "filter_types", name)


async def _about_users(work: Work, name: str, group: str) -> list[str]:
    """What the filters can't do with attributes of the group's users, as far as those are not too many to be looked at."""
    of_all = (await the_row(work, groups, "group", group))["all_users"]
    query = select(users).order_by(users.c.name).limit(_MOST_LOOKED_AT)
    if not of_all:
        query = query.join(members, members.c.user_name == users.c.name).where(members.c.group_name == group)
    found = {row["name"]: user_of_row(row) for row in await rows_found(work, query)}
    rights = await sound_rights(
        work,
        users=lambda _: found,
        groups=lambda known: known if of_all else known | {group: list(found)},
        filter_types=lambda types: {name: {**types[name], "filters": {group: types[name]["filters"][group]}}},
    )
    said = said_about(rights, "users")
    if not rights.fatal and len(found) < _MOST_LOOKED_AT:
        give_advice(rights.settings, policy_of(rights), work.now, rights.report)
        said += said_about(rights, "filter_types", name, "filters", group)
    more = [f"and {len(said) - _MOST_TOLD} more of that kind"] if len(said) > _MOST_TOLD else []
    return [*said[:_MOST_TOLD], *more]


OPERATIONS: tuple[Operation, ...] = (
    list_filter_types,
    show_filter_type,
    add_filter_type,
    rename_filter_type,
    remove_filter_type,
    set_fields,
    remove_fields,
    set_report_fields,
    remove_report_fields,
    set_filter,
    unset_filter,
)
