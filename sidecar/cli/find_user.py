"""A user by name, wherever the policy is: for commands that ask about one."""

import asyncio
import os
from pathlib import Path

import click

from sidecar.cli.configuration import COULD_NOT_READ
from sidecar.identity.email import folded
from sidecar.identity.proven import Proven
from sidecar.policy.model import User
from sidecar.proxy.people import in_groups_of_all
from sidecar.settings.read import read_settings
from sidecar.store.database_url import policy_database_of
from sidecar.store.snapshot import Snapshot


def find_user(config: tuple[Path, ...], snapshot: Snapshot, name: str) -> User | None:
    """The user with all his groups; None if there is none. Ends the command with exit code 3 where the database can't say."""
    if snapshot.revision is None:
        return snapshot.policy.users.get(name)
    return asyncio.run(look_up(config, snapshot, Proven("", name)))


async def look_up(config: tuple[Path, ...], snapshot: Snapshot, proven: Proven) -> User | None:
    """The same for a policy in a database, within an event loop; by e-mail address where that is what was proven."""
    from sidecar.database.database import Database
    from sidecar.database.unavailable import Unavailable
    from sidecar.policy_database import lookup
    from sidecar.policy_database.storable import is_storable
    from sidecar.policy_database.unsound import UnsoundRowError

    url = policy_database_of(read_settings(config, os.environ))
    if url is None:
        return None
    database = Database(url)
    try:
        if proven.user:
            async with database.looking() as connection:
                return await lookup.find_user(connection, proven.user, snapshot.policy.of_all)
        address = folded(proven.email)
        if not address or not is_storable(address):
            return None
        user = (await lookup.find_users_by_email(database, [address]))[1].get(address)
        if isinstance(user, UnsoundRowError):
            raise user
        return None if user is None else in_groups_of_all(user, snapshot.policy)
    except (Unavailable, UnsoundRowError) as error:
        click.echo(f"the database of policy can't say who that is ({error})", err=True)
        raise SystemExit(COULD_NOT_READ) from None
    finally:
        await database.close()
