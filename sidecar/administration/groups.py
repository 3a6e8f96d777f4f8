"""User groups: an app connector has one, and filters are given to them."""

from typing import Annotated

from pydantic import Field, StrictBool
from sqlalchemy import delete, func, insert, select, update

from sidecar.administration.memberships import add_members, remove_members
from sidecar.administration.naming import holds, rows_found, see_free, the_row
from sidecar.administration.not_done import RefusedError
from sidecar.administration.operation import Argument, Changed, Operation, Page, Request, Told, Work, changing, reading
from sidecar.administration.requests import Key, Limit, Paged, Words
from sidecar.administration.users import user_warnings
from sidecar.policy.model import EVERYONE
from sidecar.policy_database.rows import Row
from sidecar.policy_database.tables import app_connectors, filters, groups, members

_GroupName = Annotated[Key, Argument(), Field(description="The group's name.")]
_UserNames = Annotated[tuple[Key, ...], Argument(), Field(min_length=1, max_length=100, description="Names of users.")]


class GroupState(Told):
    """A group, without its members, who may be very many."""

    name: str
    all_users: bool


class GroupShown(GroupState):
    """A group, what uses it, and some of its members."""

    app_connectors: list[str] = Field(description="The app connectors that it may use.")
    filter_types: list[str] = Field(description="The filter types in which it has a filter.")
    members: list[str] = Field(description="Those who were put into it, in the order of their names.")
    next: str | None = Field(description="Where there are more: the value of `after` for them.")
    count: int = Field(description="How many users were put into it; 0 for a group of all users.")


class MembersState(Told):
    """Those users that a change is about, as far as they are in the group."""

    users: list[str]


class GroupNamed(Request):
    """One group."""

    name: _GroupName


class ShowGroup(GroupNamed):
    """A group, and some of its members."""

    after: Annotated[Words, Field(max_length=200, description="Members behind this one: `next` of the page before.")] = ""
    limit: Limit = 100


class AddGroup(GroupNamed):
    """A new group."""

    all_users: Annotated[StrictBool, Field(description="Every user is in it.")] = False


class RenameGroup(GroupNamed):
    """Another name for a group."""

    to: Annotated[Key, Argument(), Field(description="The new name.")]


class Membership(GroupNamed):
    """A group, and some users."""

    users: _UserNames


@reading("group.list", "List groups")
async def list_groups(work: Work, request: Paged) -> Page[GroupState]:
    """Groups in the order of their names, a page at a time."""
    query = select(groups).where(groups.c.name > request.after).order_by(groups.c.name).limit(request.limit + 1)
    if request.search:
        query = query.where(holds(request.search, groups.c.name))
    found = [_state(row) for row in await rows_found(work, query)]
    more = len(found) > request.limit
    return Page(items=found[: request.limit], next=found[request.limit - 1].name if more else None)


@reading("group.show", "Show a group, its members and what uses it")
async def show_group(work: Work, request: ShowGroup) -> GroupShown:
    """A group with the app connectors and filters that use it, and a page of its members."""
    row = await the_row(work, groups, "group", request.name)
    apps, types = await _users_of_group(work, request.name)
    of_group = members.c.group_name == request.name
    query = select(members.c.user_name).where(of_group, members.c.user_name > request.after).order_by(members.c.user_name)
    names = list((await work.connection.execute(query.limit(request.limit + 1))).scalars())
    count = await work.connection.scalar(select(func.count()).select_from(members).where(of_group))
    return GroupShown(
        **_state(row).model_dump(),
        app_connectors=apps,
        filter_types=types,
        members=names[: request.limit],
        next=names[request.limit - 1] if len(names) > request.limit else None,
        count=count or 0,
    )


@changing("group.add", "Add a group", of_rights=True)
async def add_group(work: Work, request: AddGroup) -> Changed[GroupState]:
    """A new group, without members unless every user shall be in it."""
    alike = await see_free(work, groups, "group", request.name)
    row = {"name": request.name, "all_users": request.all_users}
    await work.connection.execute(insert(groups).values(row))
    return Changed(subject=request.name, after=_state(row), warnings=alike)


@changing("group.rename", "Rename a group", of_rights=True)
async def rename_group(work: Work, request: RenameGroup) -> Changed[GroupState]:
    """Another name for the same group: its members, app connectors and filters stay with it."""
    _refuse_built_in(request.name)
    row = await the_row(work, groups, "group", request.name)
    alike = await see_free(work, groups, "group", request.to, request.name)
    await work.connection.execute(update(groups).where(groups.c.name == request.name).values(name=request.to))
    return Changed(subject=request.name, before=_state(row), after=_state(row | {"name": request.to}), warnings=alike)


@changing("group.remove", "Remove a group", of_rights=True)
async def remove_group(work: Work, request: GroupNamed) -> Changed[GroupState]:
    """Refused while an app connector or a filter uses it."""
    _refuse_built_in(request.name)
    row = await the_row(work, groups, "group", request.name)
    apps, types = await _users_of_group(work, request.name)
    uses = [*(f"app connector `{app}`" for app in apps), *(f"a filter of filter type `{each}`" for each in types)]
    if uses:
        remedy = "give those another group, or take them away, first"
        raise RefusedError(f"group `{request.name}` is used by {', '.join(uses)}", remedy)
    await work.connection.execute(delete(groups).where(groups.c.name == request.name))
    return Changed(subject=request.name, before=_state(row))


@changing("group.add-user", "Put users into a group")
async def add_users(work: Work, request: Membership) -> Changed[MembersState]:
    """They may use its app connectors, and see the rows of its filters."""
    names = sorted(set(request.users))
    present = await add_members(work, request.name, names)
    warnings = [f"`{name}` was in it already" for name in present]
    for name in names:
        warnings += await user_warnings(work, name)
    return Changed(subject=request.name, before=MembersState(users=present), after=MembersState(users=names), warnings=warnings)


@changing("group.remove-user", "Take users out of a group")
async def remove_users(work: Work, request: Membership) -> Changed[MembersState]:
    """What was theirs through this group only is theirs no more; their tokens stay."""
    names = sorted(set(request.users))
    present = await remove_members(work, request.name, names)
    warnings = [f"`{name}` was not in it" for name in names if name not in present]
    return Changed(subject=request.name, before=MembersState(users=present), after=MembersState(users=[]), warnings=warnings)


async def _users_of_group(work: Work, name: str) -> tuple[list[str], list[str]]:
    """The app connectors and the filter types that use a group."""
    apps = await work.connection.execute(select(app_connectors.c.name).where(app_connectors.c.group_name == name))
    types = await work.connection.execute(select(filters.c.filter_type).where(filters.c.group_name == name))
    return sorted(apps.scalars()), sorted(types.scalars())


def _refuse_built_in(name: str) -> None:
    if name == EVERYONE:
        raise RefusedError(f"`{EVERYONE}` is the built-in group of all users", "it stays as it is")


def _state(row: Row) -> GroupState:
    return GroupState(name=row["name"], all_users=bool(row["all_users"]))


OPERATIONS: tuple[Operation, ...] = (list_groups, show_group, add_group, rename_group, remove_group, add_users, remove_users)
