"""User tokens in a database of policy, for `sidecar token`: the same operations by which everything else there is administered.

These are imported only where there is such a database, since they bring SQLAlchemy along.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sidecar.cli.configuration import myself
from sidecar.otp.issued_token import IssuedToken
from sidecar.settings.read import read_settings
from sidecar.store.token_file import NewToken

_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class KeptToken:
    """A token that stands in the database of policy."""

    id: str
    app_connector: str
    user: str
    description: str
    expires: datetime | None


def policy_is_in_database(config: Sequence[Path]) -> bool:
    """Whether the configuration names a database of policy."""
    return bool(read_settings(config, os.environ).report.names("policy"))


def kept_tokens(config: Sequence[Path], app: str | None, user: str | None) -> list[KeptToken]:
    """All of them, or those of an app connector or user; where there is no answer, say so and end."""
    from sidecar.cli.administering import done

    tokens: list[KeptToken] = []
    after: str | None = ""
    while after is not None:
        page = done(config, "token.list", {"app": app, "user": user, "after": after, "limit": _AT_ONCE}).model_dump()
        tokens += [KeptToken(**each) for each in page["items"]]
        after = page["next"]
    return tokens


def make_kept(config: Sequence[Path], token: NewToken, who: str) -> dict[str, Any]:
    """A new one, with what it is and what is to be warned of; where it can't be made, say so and end."""
    from sidecar.cli.administering import done

    content = {"app": token.app_connector, "user": token.user, "description": token.description, "expires": token.expires}
    made = done(config, "token.new", content, who).model_dump(mode="json")
    return {**made["after"], "file": None, **{key: made[key] for key in ("data", "xml", "authorization", "warnings")}}


def revoke_kept(config: Sequence[Path], content: Mapping[str, str], who: str) -> KeptToken:
    """The one that was taken away; where there is none, say so and end."""
    from sidecar.cli.administering import done

    return KeptToken(**done(config, "token.revoke", content, who).model_dump()["before"])


def tell_audit(config: Sequence[Path], token: IssuedToken, who: str) -> None:
    """Have the audit tell of the revocation of an issued token, which stands elsewhere; where there is no answer, say so and end."""
    from sidecar.administration.tokens import tell_revoked
    from sidecar.cli.policy_database import over_migrated, url_in

    over_migrated(url_in(config), lambda database: tell_revoked(database, token, who or myself(), datetime.now(UTC)))
