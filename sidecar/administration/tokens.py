"""User tokens: made here, shown once, and kept as a hash only."""

import secrets
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field, model_validator
from sqlalchemy import Select, delete, insert, select

from sidecar.administration.naming import rows_found, the_row
from sidecar.administration.not_done import AlreadyThereError, InvalidError, NotFoundError, RefusedError
from sidecar.administration.operation import Argument, Changed, Operation, Page, Request, Told, Work, changing, reading
from sidecar.administration.requests import Key, Limit, When
from sidecar.administration.rights import policy_of, sound_rights
from sidecar.database.database import Database
from sidecar.identity.user_token import authorization_for, digest_of, xml_for
from sidecar.otp.issued_token import IssuedToken
from sidecar.policy.decide import app_connector_is_open
from sidecar.policy.model import Caller
from sidecar.policy_database.audit import Change, record
from sidecar.policy_database.lookup import find_user
from sidecar.policy_database.rows import Row
from sidecar.policy_database.tables import app_connectors, tokens, users
from sidecar.policy_database.unsound import UnsoundRowError
from sidecar.settings.advice import why_refused
from sidecar.settings.scalars import complaint

_ID = 12
_LONGEST = 64

_App = Annotated[Key, Field(description="The app connector that it opens.")]
_User = Annotated[Key, Field(description="Whose it is.")]
_Device = Annotated[Key, Field(description="The device; one token for each user, app connector and device.", examples=["iPhone"])]


class TokenState(Told):
    """A user token, of which nobody knows what it is."""

    id: str = Field(description="The beginning of its SHA-256, by which it is named.")
    app_connector: str
    user: str
    description: str
    expires: datetime | None


class TokenMade(Changed[TokenState]):
    """A token that was made, shown this once."""

    data: str = Field(description="The 64 characters.")
    xml: str = Field(description="The token as the backend shows it.")
    authorization: str = Field(description="The value of the header `Authorization`.")


class ListTokens(Request):
    """Tokens, in the order of their ids."""

    app: Annotated[Key | None, Field(description="Only those of this app connector.")] = None
    user: Annotated[Key | None, Field(description="Only those of this user.")] = None
    after: Annotated[str, Field(pattern="^([0-9a-f]{12})?$", description="Begin behind this one: `next` of the page before.")] = ""
    limit: Limit = 100


class NewToken(Request):
    """A token for one app connector, user and device."""

    app: _App
    user: _User
    description: _Device
    expires: Annotated[When | None, Field(description="When it stops working; a plain date is the start of that day in UTC.")] = None


class RevokeToken(Request):
    """A token by its id, or by app connector, user and device."""

    id: Annotated[
        str | None, Argument(), Field(pattern=f"^[0-9A-Fa-f]{{{_ID},{_LONGEST}}}$", description="The id, as `token.list` tells it.")
    ] = None
    app: Annotated[_App | None, Field()] = None
    user: Annotated[_User | None, Field()] = None
    description: Annotated[_Device | None, Field()] = None

    @model_validator(mode="after")
    def _one_way(self) -> "RevokeToken":
        others = (self.app, self.user, self.description)
        if (self.id is None) == (None in others) or (self.id is not None and others != (None, None, None)):
            raise complaint("needs either an id, or all of app, user and description")
        return self


@reading("token.list", "List tokens")
async def list_tokens(work: Work, request: ListTokens) -> Page[TokenState]:
    """Whose tokens there are, never what they are; those that were issued by one-time password stand elsewhere."""
    query = select(tokens).order_by(tokens.c.digest).limit(request.limit + 1)
    if request.after:
        query = query.where(tokens.c.digest > bytes.fromhex(request.after.ljust(_LONGEST, "f")))
    if request.app is not None:
        query = query.where(tokens.c.app_connector == request.app)
    if request.user is not None:
        query = query.where(tokens.c.user_name == request.user)
    found = [_state(row) for row in await rows_found(work, query)]
    more = len(found) > request.limit
    return Page(items=found[: request.limit], next=found[request.limit - 1].id if more else None)


@changing("token.new", "Make a token, and show it this once")
async def new_token(work: Work, request: NewToken) -> TokenMade:
    """A new token. What it is is shown this once; only its SHA-256 is kept."""
    if request.expires is not None and request.expires <= work.now:
        raise InvalidError("expires", "lies in the past")
    await the_row(work, app_connectors, "app connector", request.app)
    await the_row(work, users, "user", request.user)
    same = await rows_found(work, _of_device(request.app, request.user, request.description))
    if same:
        message = f"`{request.user}` has a token for `{request.app}` on `{request.description}` already"
        raise AlreadyThereError(message, "name the device otherwise, or revoke that one")
    data = secrets.token_hex(32).upper()
    row = {
        "digest": digest_of(data),
        "app_connector": request.app,
        "user_name": request.user,
        "description": request.description,
        "expires": request.expires,
    }
    await work.connection.execute(insert(tokens).values(row))
    return TokenMade(
        subject=_state(row).id,
        after=_state(row),
        warnings=await _warnings(work, request),
        data=data,
        xml=xml_for(data),
        authorization=authorization_for(data),
    )


@changing("token.revoke", "Take a token away")
async def revoke_token(work: Work, request: RevokeToken) -> Changed[TokenState]:
    """A running sidecar refuses it within a second."""
    found = await rows_found(work, _meant(request))
    if not found:
        raise NotFoundError("there is no such token", "`token list` tells those that there are")
    if len(found) > 1:
        ids = ", ".join(_state(row).id for row in found)
        raise RefusedError(f"several tokens are meant: {ids}", "name one by its id")
    await work.connection.execute(delete(tokens).where(tokens.c.digest == found[0]["digest"]))
    return Changed(subject=_state(found[0]).id, before=_state(found[0]))


async def tell_revoked(database: Database, token: IssuedToken, who: str, now: datetime) -> None:
    """Tell the audit that a token was revoked that is no part of the policy: one that was issued by one-time password.

    :raises Unavailable: it was not told.
    """
    state = TokenState(**{name: getattr(token, name) for name in TokenState.model_fields})
    before = {**state.model_dump(mode="json"), "issued": token.issued.isoformat()}
    async with database.writing() as connection:
        await record(connection, Change(now, who, revoke_token.name, token.id), before, None)


def _meant(request: RevokeToken) -> Select[Any]:
    if request.id is None:
        return _of_device(request.app or "", request.user or "", request.description or "")
    lowest, highest = (bytes.fromhex(request.id.ljust(_LONGEST, digit)) for digit in "0f")
    return select(tokens).where(tokens.c.digest.between(lowest, highest)).limit(10)


def _of_device(app: str, user: str, description: str) -> Select[Any]:
    return select(tokens).where(tokens.c.app_connector == app, tokens.c.user_name == user, tokens.c.description == description)


async def _warnings(work: Work, request: NewToken) -> list[str]:
    policy = policy_of(await sound_rights(work))
    try:
        user = await find_user(work.connection, request.user, policy.of_all)
    except UnsoundRowError as error:
        raise RefusedError(str(error), "mend it in the database") from None
    assert user is not None  # noqa: S101  looked for above
    caller = Caller(user, policy.app_connectors[request.app], request.description)
    reasons = [app_connector_is_open(caller, work.now), why_refused(caller, work.now)]
    return [f"the token is refused for now: {reason.meaning}" for reason in reasons if reason is not None]


def _state(row: Row) -> TokenState:
    return TokenState(
        id=row["digest"].hex()[:_ID],
        app_connector=row["app_connector"],
        user=row["user_name"],
        description=row["description"],
        expires=row["expires"],
    )


OPERATIONS: tuple[Operation, ...] = (list_tokens, new_token, revoke_token)
