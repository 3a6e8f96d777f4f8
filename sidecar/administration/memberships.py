"""Who is in which group."""

from collections.abc import Sequence

from sqlalchemy import delete, insert, select

from sidecar.administration.naming import the_row
from sidecar.administration.not_done import RefusedError
from sidecar.administration.operation import Work
from sidecar.policy_database.tables import groups, members, users


async def add_members(work: Work, group: str, names: Sequence[str]) -> list[str]:
    """Put users into a group; those who were in it already are told.

    :raises NotFoundError: there is no such group or user.
    :raises RefusedError: every user is in it anyway.
    """
    await _the_group(work, group)
    present = await members_among(work, group, names)
    for name in names:
        await the_row(work, users, "user", name)
    fresh = [{"group_name": group, "user_name": name} for name in names if name not in present]
    if fresh:
        await work.connection.execute(insert(members), fresh)
    return present


async def remove_members(work: Work, group: str, names: Sequence[str]) -> list[str]:
    """Take users out of a group; those who were in it are told."""
    await _the_group(work, group)
    present = await members_among(work, group, names)
    for name in names:
        if name not in present:
            await the_row(work, users, "user", name)
    await work.connection.execute(delete(members).where(members.c.group_name == group, members.c.user_name.in_(present)))
    return present


async def members_among(work: Work, group: str, names: Sequence[str]) -> list[str]:
    """Which of these users are in the group."""
    query = select(members.c.user_name).where(members.c.group_name == group, members.c.user_name.in_(names))
    return sorted((await work.connection.execute(query)).scalars())


async def _the_group(work: Work, group: str) -> None:
    row = await the_row(work, groups, "group", group)
    if row["all_users"]:
        raise RefusedError(f"every user is in group `{group}`", "take a group of your own: `group add`")
