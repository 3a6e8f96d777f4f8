"""Users are found by e-mail address too, whatever the case of its letters: by an index that the database keeps, whoever writes."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    # A to Z only, on both: SQLite knows no other letters, and PostgreSQL would by the language settings of its database.
    email = 'email COLLATE "C"' if op.get_bind().dialect.name == "postgresql" else "email"
    op.execute(f"CREATE INDEX policy_users_email_ix ON policy_users (lower({email}))")
