"""Configurations whose policy is in a database, for tests."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from sidecar.policy_database.migrate import migrate
from sidecar.settings.policy_source import SECTIONS
from tests.databases import opened
from tests.policy_database.stage import put


async def in_database(folder: Path, url: str, content: Mapping[str, Any], **source: Any) -> Path:
    """The configuration as a file, with all of its policy in the database at the URL."""
    await migrate(url)
    async with opened(url) as database:
        await put(database, {key: value for key, value in content.items() if key in SECTIONS})
    return configured(folder, url, content, **source)


def configured(folder: Path, url: str, content: Mapping[str, Any], **source: Any) -> Path:
    """The same without touching the database."""
    file = folder / "config.yaml"
    kept = {key: value for key, value in content.items() if key not in SECTIONS}
    file.write_text(yaml.safe_dump({**kept, "policy": {"database": url, **source}}, sort_keys=False))
    return file
