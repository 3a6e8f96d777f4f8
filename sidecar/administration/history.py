"""The audit: who changed what, when, and how it was before and after."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field
from sqlalchemy import select

from sidecar.administration.naming import rows_found
from sidecar.administration.operation import Operation, Page, Request, Told, Work, reading
from sidecar.administration.requests import Key, Limit, When
from sidecar.policy_database.tables import audit


class AuditEntry(Told):
    """A change that somebody made."""

    id: int
    moment: datetime
    who: str
    what: str = Field(description="The operation, such as user.block.")
    subject: str = Field(description="The name of what was changed.")
    before: Any = Field(description="How it was; null for nothing.")
    after: Any = Field(description="How it was then; null for nothing.")


class ListAudit(Request):
    """Some of the audit, the newest first."""

    subject: Annotated[Key | None, Field(description="Only changes of what has this name.")] = None
    who: Annotated[Key | None, Field(description="Only what this one did.", examples=["cli:root"])] = None
    what: Annotated[Key | None, Field(description="Only this operation.", examples=["user.block"])] = None
    since: Annotated[When | None, Field(description="Only from this moment on. A plain date is the start of that day in UTC.")] = None
    after: Annotated[
        str, Field(pattern="^[0-9]{0,18}$", description="Only what came before this one: `next` of the page before.", examples=["17"])
    ] = ""
    limit: Limit = 100


@reading("audit.list", "List who changed what")
async def list_audit(work: Work, request: ListAudit) -> Page[AuditEntry]:
    """Who changed what, when, and how it was before and after; the newest first."""
    query = select(audit).order_by(audit.c.id.desc()).limit(request.limit + 1)
    for column in ("subject", "who", "what"):
        if getattr(request, column) is not None:
            query = query.where(audit.c[column] == getattr(request, column))
    if request.since is not None:
        query = query.where(audit.c.moment >= request.since)
    if request.after:
        query = query.where(audit.c.id < int(request.after))
    found = [AuditEntry.model_validate(row) for row in await rows_found(work, query)]
    more = len(found) > request.limit
    return Page(items=found[: request.limit], next=str(found[request.limit - 1].id) if more else None)


OPERATIONS: tuple[Operation, ...] = (list_audit,)
