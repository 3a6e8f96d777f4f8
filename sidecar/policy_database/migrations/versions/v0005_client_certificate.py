"""With which client certificates an app connector may be used."""

from alembic import op
from sqlalchemy import JSON, Column

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("policy_app_connectors", Column("client_certificate", JSON))
