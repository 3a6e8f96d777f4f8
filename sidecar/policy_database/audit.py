"""Who changed what, when, and how it was before and after: written in the transaction of the change itself."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from sidecar.policy_database.tables import audit


@dataclass(frozen=True, slots=True)
class Change:
    """A change that somebody makes. `what` is the operation, such as user.block, `subject` the name of what it is done to."""

    moment: datetime
    who: str
    what: str
    subject: str


async def record(connection: AsyncConnection, change: Change, before: Any, after: Any) -> None:
    """Keep a change with what was there before and after: plain data without secrets, None for nothing."""
    told = {"moment": change.moment, "who": change.who, "what": change.what, "subject": change.subject}
    await connection.execute(insert(audit).values(**told, before=before, after=after))
