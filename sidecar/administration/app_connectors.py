"""App connectors: what each external app may use of one environment. A new one is blocked."""

from typing import Annotated, Any, Literal

from pydantic import Field
from sqlalchemy import delete, func, insert, select, update

from sidecar.administration.app_state import (
    AppShown,
    AppState,
    AppSummary,
    advice_on_app,
    app_state,
    app_summary,
    before_change,
    changed_app,
    count_members,
)
from sidecar.administration.naming import holds, rows_found, see_free, the_row, tokens_issued_to
from sidecar.administration.operation import Argument, Changed, Operation, Page, Request, Work, changing, reading
from sidecar.administration.requests import Key, Paged, When, Words
from sidecar.policy.model import Enforcement, RowGuard
from sidecar.policy_database.tables import app_connectors, groups, tokens

_AppName = Annotated[Key, Argument(), Field(description="The app connector's name.")]
_Description = Annotated[Words, Field(max_length=1_000, description="For people; it stands in the subject of mails with codes.")]
_Environment = Annotated[Key, Field(description="One of the environments that the configuration defines.")]
_Group = Annotated[Key, Field(description="The one user group whose members may use it.")]
_From = Annotated[When | None, Field(description="From when it works. A plain date is the start of that day in UTC.")]
_Until = Annotated[When | None, Field(description="When it stops working. A plain date is the start of that day in UTC.")]
_Enforcement = Annotated[Enforcement, Field(description="shadow: what policy says is only logged, and nothing refused. For rolling out.")]
_RowGuard = Annotated[RowGuard, Field(description="Whether rows that come back are held against policy.")]


class AppNamed(Request):
    """One app connector."""

    name: _AppName


class AppRemoved(Changed[AppState]):
    """An app connector that was removed, with what went along."""

    tokens: int = Field(description="How many user tokens there were for it.")

    def audited(self) -> tuple[Any, Any]:
        before, after = super().audited()
        return {**before, "tokens": self.tokens}, after


class AddApp(AppNamed):
    """A new app connector."""

    environment: _Environment
    group: _Group
    description: _Description = ""
    valid_from: _From = None
    valid_until: _Until = None
    enforcement: _Enforcement = Enforcement.ENFORCE
    row_guard: _RowGuard = RowGuard.OFF


class ChangeApp(AppNamed):
    """What is to be otherwise of an app connector; what is left out stays as it is."""

    environment: Annotated[_Environment | None, Field()] = None
    group: Annotated[_Group | None, Field()] = None
    description: Annotated[_Description | None, Field()] = None
    valid_from: _From = None
    valid_until: _Until = None
    unset: Annotated[
        tuple[Literal["valid_from", "valid_until"], ...], Field(max_length=2, description="Ends of its period to take away.")
    ] = ()
    enforcement: Annotated[_Enforcement | None, Field()] = None
    row_guard: Annotated[_RowGuard | None, Field()] = None


class RenameApp(AppNamed):
    """Another name for an app connector."""

    to: Annotated[Key, Argument(), Field(description="The new name.")]


@reading("app.list", "List app connectors")
async def list_apps(work: Work, request: Paged) -> Page[AppSummary]:
    """App connectors in the order of their names, a page at a time; searched by name and description."""
    query = select(app_connectors).where(app_connectors.c.name > request.after).order_by(app_connectors.c.name).limit(request.limit + 1)
    if request.search:
        query = query.where(holds(request.search, app_connectors.c.name, app_connectors.c.description))
    found = [app_summary(row) for row in await rows_found(work, query)]
    more = len(found) > request.limit
    return Page(items=found[: request.limit], next=found[request.limit - 1].name if more else None)


@reading("app.show", "Show an app connector, and what is wrong with it")
async def show_app(work: Work, request: AppNamed) -> AppShown:
    """An app connector with all that it lists, and what of that is denied, hardly meant, or good to know."""
    state = await app_state(work, request.name)
    return AppShown(
        **state.model_dump(),
        members=await count_members(work, state.group),
        tokens=await _tokens(work, request.name),
        advice=await advice_on_app(work, request.name),
    )


@changing("app.add", "Add an app connector, blocked", of_rights=True)
async def add_app(work: Work, request: AddApp) -> Changed[AppState]:
    """A new app connector. It is blocked until it is unblocked, when all that it needs is there."""
    alike = await see_free(work, app_connectors, "app connector", request.name)
    await the_row(work, groups, "group", request.group)
    row = {
        "name": request.name,
        "environment": request.environment,
        "group_name": request.group,
        "description": request.description,
        "blocked": True,
        "valid_from": request.valid_from,
        "valid_until": request.valid_until,
        "enforcement": request.enforcement.value,
        "row_guard": request.row_guard.value,
    }
    await work.connection.execute(insert(app_connectors).values(row))
    warning = f"`{request.name}` is blocked, as new ones are; `app unblock` lets it work"
    return Changed(subject=request.name, after=await app_state(work, request.name), warnings=[*alike, warning])


@changing("app.change", "Change an app connector", of_rights=True)
async def change_app(work: Work, request: ChangeApp) -> Changed[AppState]:
    """Other values for an app connector. What is left out stays as it is."""
    before = await before_change(work, request.name)
    if request.group is not None:
        await the_row(work, groups, "group", request.group)
    said = request.model_dump(exclude_none=True, exclude={"name", "unset"})
    values = {"group_name" if name == "group" else name: value for name, value in said.items()}
    values |= dict.fromkeys(request.unset)
    if values:
        await work.connection.execute(update(app_connectors).where(app_connectors.c.name == request.name).values(values))
    return await changed_app(work, before)


@changing("app.block", "Block an app connector", of_rights=True)
async def block_app(work: Work, request: AppNamed) -> Changed[AppState]:
    """Nobody gets anything through it any more. What it lists and its tokens stay, for when it is unblocked."""
    before = await before_change(work, request.name)
    await _block(work, request.name, blocked=True)
    return await changed_app(work, before, ["it was blocked already"] if before.state.blocked else [])


@changing("app.unblock", "Unblock an app connector", of_rights=True)
async def unblock_app(work: Work, request: AppNamed) -> Changed[AppState]:
    """It works from within a second. Warns of what makes it useless: no connectors, none in its group, unguarded ones, its period."""
    before = await before_change(work, request.name)
    await _block(work, request.name, blocked=False)
    return await changed_app(work, before, [] if before.state.blocked else ["it was not blocked"], all_advice=True)


@changing("app.rename", "Rename an app connector", of_rights=True)
async def rename_app(work: Work, request: RenameApp) -> Changed[AppState]:
    """Another name for the same app connector: what it lists and its tokens go with it."""
    before = await before_change(work, request.name)
    alike = await see_free(work, app_connectors, "app connector", request.to, request.name)
    await work.connection.execute(update(app_connectors).where(app_connectors.c.name == request.name).values(name=request.to))
    return Changed(subject=request.name, before=before.state, after=await app_state(work, request.to), warnings=alike)


@changing("app.remove", "Remove an app connector", of_rights=True)
async def remove_app(work: Work, request: AppNamed) -> AppRemoved:
    """It is gone with all that it lists, and so are its tokens: a later one of the same name inherits nothing."""
    state = await app_state(work, request.name)
    count = await _tokens(work, request.name)
    await work.connection.execute(delete(app_connectors).where(app_connectors.c.name == request.name))
    warnings = [tokens_issued_to(f"app connector `{request.name}`")] if state.otp_keys is not None else []
    return AppRemoved(subject=request.name, before=state, tokens=count, warnings=warnings)


async def _block(work: Work, name: str, *, blocked: bool) -> None:
    await work.connection.execute(update(app_connectors).where(app_connectors.c.name == name).values(blocked=blocked))


async def _tokens(work: Work, name: str) -> int:
    return await work.connection.scalar(select(func.count()).select_from(tokens).where(tokens.c.app_connector == name)) or 0


OPERATIONS: tuple[Operation, ...] = (list_apps, show_app, add_app, change_app, block_app, unblock_app, rename_app, remove_app)
