"""User tokens that were issued: kept by their digest, one for each environment, app connector, user and device (wire reference 4.1)."""

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import delete, insert, select, update
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from sidecar.otp.issued_token import IssuedToken
from sidecar.otp.schema import revision, tokens


async def store_token(connection: AsyncConnection, token: IssuedToken) -> int:
    """Keep a token, and give the new revision. An older one for the same device stops working, and those of the user that expired go."""
    # The revision first: it makes those that issue and revoke wait for one another, so no two tokens for one device can pass each other.
    number = await _revise(connection)
    same_user = (
        tokens.c.environment == token.environment,
        tokens.c.app_connector == token.app_connector,
        tokens.c.user_name == token.user,
    )
    now = int(token.issued.timestamp())
    await connection.execute(delete(tokens).where(*same_user, (tokens.c.description == token.description) | (tokens.c.expires <= now)))
    await connection.execute(
        insert(tokens).values(
            digest=token.digest,
            environment=token.environment,
            app_connector=token.app_connector,
            user_name=token.user,
            description=token.description,
            issued=now,
            expires=int(token.expires.timestamp()),
        )
    )
    return number


async def remove_token(connection: AsyncConnection, digest: bytes) -> int | None:
    """Take a token away, and give the new revision; None if it was not there."""
    removed = await connection.execute(delete(tokens).where(tokens.c.digest == digest).returning(tokens.c.digest))
    return None if removed.first() is None else await _revise(connection)


async def _revise(connection: AsyncConnection) -> int:
    """Tell every replica, with this transaction, that a token may be gone."""
    revised = update(revision).values(number=revision.c.number + 1).returning(revision.c.number)
    return int((await connection.execute(revised)).scalar_one())


async def current_revision(connection: AsyncConnection) -> int:
    """The number that grows whenever a token may be gone."""
    return int((await connection.execute(select(revision.c.number))).scalar_one())


async def find_tokens(connection: AsyncConnection, digests: Sequence[bytes]) -> tuple[int, list[IssuedToken]]:
    """The revision and those of these tokens that are there, both of one moment, since one statement asks for both."""
    asked = select(revision.c.number, tokens).select_from(revision.outerjoin(tokens, tokens.c.digest.in_(digests)))
    rows = (await connection.execute(asked)).mappings().all()
    return int(rows[0]["number"]), [_issued(row) for row in rows if row["digest"] is not None]


async def tokens_of(connection: AsyncConnection, user: str | None = None) -> list[IssuedToken]:
    """All tokens of one user, or of all, for people who look after them."""
    asked = select(tokens).order_by(tokens.c.app_connector, tokens.c.user_name, tokens.c.description)
    if user is not None:
        asked = asked.where(tokens.c.user_name == user)
    return [_issued(row) for row in (await connection.execute(asked)).mappings()]


def _issued(row: RowMapping) -> IssuedToken:
    return IssuedToken(
        digest=bytes(row["digest"]),
        environment=row["environment"],
        app_connector=row["app_connector"],
        user=row["user_name"],
        description=row["description"],
        issued=datetime.fromtimestamp(row["issued"], UTC),
        expires=datetime.fromtimestamp(row["expires"], UTC),
    )
