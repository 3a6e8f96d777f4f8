"""Where policy is, if not in these files: in a database, which then is the only place of its sections."""

from pydantic import Field

from sidecar.settings.part import Part, Secret
from sidecar.settings.scalars import Seconds


class PolicySource(Part):
    """Policy in a database: users, groups, app connectors, filter types and tokens, none of which may then stand in files."""

    database: Secret = Field(
        description="Where it is: sqlite:///path, relative to this file, or postgresql://…; text, ${NAME} or {file: path}."
    )
    max_staleness: Seconds = Field(
        default=900,
        gt=0,
        description="Seconds that the last good policy goes on serving while the database is away; then nobody is served.",
    )


SECTIONS = ("groups", "users", "app_connectors", "tokens", "filter_types")
"""What of the configuration a database holds in its place."""
