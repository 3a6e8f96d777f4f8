"""The configuration under test with its policy in a database."""

from collections.abc import Callable
from typing import Any

from sidecar.policy_database.migrate import migrate
from sidecar.settings.policy_source import SECTIONS
from tests.databases import opened
from tests.end_to_end.harness.configuration import Configuration, configuration
from tests.policy_database.stage import put, run


async def put_there(url: str) -> None:
    """Tables, and the policy that the other tests have in files."""
    await migrate(url)
    async with opened(url) as database:
        await put(database, {section: content for section, content in configuration(0).items() if section in SECTIONS})


async def by_hand(url: str, *statements: str) -> None:
    """As somebody does who knows nothing of the sidecar."""
    async with opened(url) as database:
        await run(database, *statements)


def from_database(url: str, **more: Any) -> Callable[[Configuration], None]:
    """A change of the configuration after which its policy is in this database."""

    def change(content: Configuration) -> None:
        for section in SECTIONS:
            content.pop(section, None)
        content["policy"] = {"database": url, **more}

    return change
