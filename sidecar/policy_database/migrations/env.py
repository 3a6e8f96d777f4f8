"""Run by Alembic: the migrations on the connection that it was handed, within its transaction."""

from alembic import context

from sidecar.policy_database.migrate import VERSION_TABLE
from sidecar.policy_database.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,  # for the names of constraints
    version_table=VERSION_TABLE,
)
with context.begin_transaction():
    context.run_migrations()
