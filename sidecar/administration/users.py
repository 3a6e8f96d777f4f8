"""Users: persons and system users, as the vendor's Authorisation tool has them."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any

from pydantic import Field, StrictBool
from sqlalchemy import delete, func, insert, select, update

from sidecar.administration.memberships import add_members
from sidecar.administration.naming import holds, rows_found, see_free, the_row, tokens_issued_to
from sidecar.administration.not_done import RefusedError
from sidecar.administration.operation import Argument, Changed, Operation, Page, Request, Told, Work, changing, reading
from sidecar.administration.requests import MOST_AT_ONCE, Key, Paged, Words
from sidecar.administration.rights import policy_of, said_about, sound_rights
from sidecar.errors import Reason
from sidecar.identity.email import folded
from sidecar.policy.decide import app_connector_is_open, user_is_active, user_is_member
from sidecar.policy.model import AppConnector, Caller, User
from sidecar.policy_database.nested import user_of_row
from sidecar.policy_database.rows import Row
from sidecar.policy_database.tables import Folded, app_connectors, members, tokens, users
from sidecar.settings import model
from sidecar.settings.compile import compile_user

_MOST_TOLD = MOST_AT_ONCE
_ANY = AppConnector("", "", "")  # whether a user is active has nothing to do with it

_UserName = Annotated[Key, Argument(), Field(description="The user's name.")]
_Email = Annotated[Words, Field(max_length=320, description="E-mail address. A person without one gets nowhere.")]
_Applications = Annotated[tuple[Key, ...], Field(max_length=100)]
_Attributes = Annotated[dict[Key, Words | tuple[Words, ...]], Field(max_length=200)]


class UserState(Told):
    """A user."""

    name: str
    email: str
    applications: list[str]
    blocked: bool
    system: bool
    attributes: dict[str, str | list[str]]


class Access(Told):
    """What one app connector is to a user."""

    app_connector: str
    environment: str
    may_use: bool
    why_not: list[str]


class UserShown(UserState):
    """A user, with what follows for him."""

    groups: list[str] = Field(description="The groups that he is in, those of all users too.")
    tokens: int = Field(description="How many user tokens he has; `token.list` tells which.")
    app_connectors: list[Access] = Field(description="Which app connectors he may use, and why not the others.")


class UserRemoved(Changed[UserState]):
    """A user who was removed, with what went along."""

    groups: list[str] = Field(description="The groups that he was in.")
    tokens: list[str] = Field(description=f"The ids of his tokens, at most {_MOST_TOLD}.")

    def audited(self) -> tuple[Any, Any]:
        before, after = super().audited()
        return {**before, "groups": self.groups, "tokens": self.tokens}, after


class UserNamed(Request):
    """One user."""

    name: _UserName


class ListUsers(Paged):
    """Users, in the order of their names."""

    group: Annotated[Key | None, Field(description="Only members of this group.")] = None


class AddUser(Request):
    """A new user."""

    name: _UserName
    email: _Email = ""
    system: Annotated[StrictBool, Field(description="Linked to no person, so no e-mail address is needed.")] = False
    blocked: Annotated[StrictBool, Field(description="He gets nowhere for now.")] = False
    applications: Annotated[_Applications, Field(description="Ticked applications, such as pocket.", examples=[["pocket"]])] = ()
    attributes: _Attributes = Field(
        default={}, description="Values for @user.<attribute> in filters: one, or a list.", examples=[{"employee": "1001"}]
    )
    groups: Annotated[tuple[Key, ...], Field(max_length=MOST_AT_ONCE, description="Groups that he becomes a member of.")] = ()


class ChangeUser(Request):
    """What is to be otherwise of a user; what is left out stays as it is."""

    name: _UserName
    email: Annotated[_Email | None, Field(description="His new e-mail address; empty for none.")] = None
    system: Annotated[StrictBool | None, Field(description="Whether he is linked to no person.")] = None
    tick: Annotated[_Applications, Field(description="Applications to tick.", examples=[["pocket"]])] = ()
    untick: Annotated[_Applications, Field(description="Applications to untick.")] = ()
    set: _Attributes = Field(default={}, description="Attributes to set: one value, or a list.", examples=[{"employee": "1001"}])
    unset: Annotated[tuple[Key, ...], Field(max_length=200, description="Attributes to take away.")] = ()


class RenameUser(Request):
    """Another name for a user."""

    name: _UserName
    to: Annotated[Key, Argument(), Field(description="The new name.")]


@reading("user.list", "List users")
async def list_users(work: Work, request: ListUsers) -> Page[UserState]:
    """Users in the order of their names, a page at a time; searched by name and e-mail address."""
    query = select(users).where(users.c.name > request.after).order_by(users.c.name).limit(request.limit + 1)
    if request.search:
        query = query.where(holds(request.search, users.c.name, users.c.email))
    if request.group is not None:
        query = query.join(members, members.c.user_name == users.c.name).where(members.c.group_name == request.group)
    found = [_state(row) for row in await rows_found(work, query)]
    more = len(found) > request.limit
    return Page(items=found[: request.limit], next=found[request.limit - 1].name if more else None)


@reading("user.show", "Show a user, and what he may use")
async def show_user(work: Work, request: UserNamed) -> UserShown:
    """A user with his groups, and for each app connector whether he may use it and, if not, everything that is in the way."""
    row = await the_row(work, users, "user", request.name)
    own = await groups_of(work, request.name)
    rights = await sound_rights(work)
    user = compile_user(request.name, model.User.model_validate(user_of_row(row)), policy_of(rights).of_all | set(own))
    access = []
    for app in policy_of(rights).app_connectors.values():
        caller = Caller(user, app, "")
        found = [app_connector_is_open(caller, work.now), *_why_inactive(user, work), user_is_member(caller, work.now)]
        reasons = [reason.meaning for reason in found if reason is not None]
        access.append(Access(app_connector=app.name, environment=app.environment, may_use=not reasons, why_not=reasons))
    count = await work.connection.scalar(select(func.count()).select_from(tokens).where(tokens.c.user_name == request.name))
    return UserShown(**_state(row).model_dump(), groups=sorted(user.groups), tokens=count or 0, app_connectors=access)


@changing("user.add", "Add a user")
async def add_user(work: Work, request: AddUser) -> Changed[UserState]:
    """A new user. A person needs an e-mail address and everybody a ticked application, or he gets nowhere: a warning says so."""
    alike = await see_free(work, users, "user", request.name)
    row = {
        "name": request.name,
        "email": request.email.strip(),
        "applications": sorted(set(request.applications)),
        "blocked": request.blocked,
        "system": request.system,
        "attributes": _sorted(request.attributes),
    }
    await work.connection.execute(insert(users).values(row))
    for group in sorted(set(request.groups)):
        await add_members(work, group, [request.name])
    return Changed(subject=request.name, after=_state(row), warnings=[*alike, *await user_warnings(work, request.name)])


@changing("user.change", "Change a user")
async def change_user(work: Work, request: ChangeUser) -> Changed[UserState]:
    """Other values for a user: e-mail address, ticked applications, attributes. What is left out stays as it is."""
    row = await the_row(work, users, "user", request.name)
    applications = (set(row["applications"]) | set(request.tick)) - set(request.untick)
    kept = {name: value for name, value in row["attributes"].items() if name not in request.unset}
    changed = row | {
        "email": row["email"] if request.email is None else request.email.strip(),
        "system": row["system"] if request.system is None else request.system,
        "applications": sorted(applications),
        "attributes": _sorted(kept | request.set),
    }
    return await _put(work, row, changed)


@changing("user.block", "Block a user")
async def block_user(work: Work, request: UserNamed) -> Changed[UserState]:
    """He gets nowhere any more. His groups and tokens stay, for when he is unblocked."""
    row = await the_row(work, users, "user", request.name)
    return await _put(work, row, row | {"blocked": True}, ["he was blocked already"] if row["blocked"] else [])


@changing("user.unblock", "Unblock a user")
async def unblock_user(work: Work, request: UserNamed) -> Changed[UserState]:
    """His groups and tokens count again."""
    row = await the_row(work, users, "user", request.name)
    return await _put(work, row, row | {"blocked": False}, [] if row["blocked"] else ["he was not blocked"])


@changing("user.rename", "Rename a user")
async def rename_user(work: Work, request: RenameUser) -> Changed[UserState]:
    """Another name for the same user: memberships and tokens go with him."""
    row = await the_row(work, users, "user", request.name)
    alike = await see_free(work, users, "user", request.to, request.name)
    await work.connection.execute(update(users).where(users.c.name == request.name).values(name=request.to))
    changed = row | {"name": request.to}
    warnings = [*alike, *await user_warnings(work, request.to)]
    return Changed(subject=request.name, before=_state(row), after=_state(changed), warnings=warnings)


@changing("user.remove", "Remove a user")
async def remove_user(work: Work, request: UserNamed) -> UserRemoved:
    """He is gone, and so are his memberships and tokens: a later user of the same name inherits nothing."""
    row = await the_row(work, users, "user", request.name)
    own = await groups_of(work, request.name)
    digests = select(tokens.c.digest).where(tokens.c.user_name == request.name).order_by(tokens.c.digest).limit(_MOST_TOLD)
    gone = [digest.hex()[:12] for digest in (await work.connection.execute(digests)).scalars()]
    await work.connection.execute(delete(users).where(users.c.name == request.name))
    issuing = select(app_connectors.c.name).where(app_connectors.c.otp_api_key_sha256.is_not(None)).limit(1)
    warnings = [tokens_issued_to(f"user `{request.name}`")] if await work.connection.scalar(issuing) is not None else []
    return UserRemoved(subject=request.name, before=_state(row), groups=own, tokens=gone, warnings=warnings)


async def groups_of(work: Work, user: str) -> list[str]:
    """The groups that a user was put into."""
    return sorted((await work.connection.execute(select(members.c.group_name).where(members.c.user_name == user))).scalars())


async def user_warnings(work: Work, name: str) -> list[str]:
    """Why a user gets nowhere, what his filters can't do with his attributes, and whether he is the only one with his address."""
    nested = user_of_row(await the_row(work, users, "user", name))
    own = {group: [name] for group in await groups_of(work, name)}
    rights = await sound_rights(work, users=lambda _: {name: nested}, groups=lambda known: known | own)
    user = policy_of(rights).users[name]
    warnings = [f"`{name}` gets nowhere. {reason.meaning}" for reason in _why_inactive(user, work) if reason is not Reason.USER_BLOCKED]
    others = select(users.c.name).where(Folded(users.c.email) == folded(user.email), users.c.name != name).order_by(users.c.name).limit(1)
    other = await work.connection.scalar(others) if user.email else None
    if other is not None:
        warnings.append(f"`{other}` has the same e-mail address, so that it names neither of them")
    return [*warnings, *said_about(rights, "users", name)]


def _why_inactive(user: User, work: Work) -> list[Reason]:
    """Everything about the user himself that is in the way."""
    unblocked = replace(user, blocked=False)
    reachable = replace(unblocked, email=user.email or "-")
    found = [user_is_active(Caller(each, _ANY, ""), work.now) for each in (user, unblocked, reachable)]
    return [reason for reason in dict.fromkeys(found) if reason is not None]


async def _put(work: Work, before: Row, after: Row, warnings: Sequence[str] = ()) -> Changed[UserState]:
    await work.connection.execute(update(users).where(users.c.name == before["name"]).values(after))
    more = await user_warnings(work, before["name"])
    return Changed(subject=before["name"], before=_state(before), after=_state(after), warnings=[*warnings, *more])


def _state(row: Row) -> UserState:
    columns = ("name", "email", "applications", "blocked", "system", "attributes")
    try:
        return UserState.model_validate({column: row[column] for column in columns})
    except ValueError:
        raise RefusedError(f"the row of user `{row['name']}` makes no sense", "mend it in the database") from None


def _sorted(attributes: dict[str, Any]) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in sorted(attributes.items())}


OPERATIONS: tuple[Operation, ...] = (list_users, show_user, add_user, change_user, block_user, unblock_user, rename_user, remove_user)
