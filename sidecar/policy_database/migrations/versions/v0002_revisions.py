"""What happened to the policy: a revision for each part, which grows with every change whoever makes it, and who changed what."""

from typing import Any

from alembic import op
from sqlalchemy import JSON, BigInteger, Column, DateTime, Integer, Text

revision = "0002"
down_revision = "0001"

_PARTS = {
    "rights": (
        "policy_groups",
        "policy_app_connectors",
        "policy_get_connectors",
        "policy_update_connectors",
        "policy_special_connectors",
        "policy_reports",
        "policy_addresses",
        "policy_filter_types",
        "policy_filter_connectors",
        "policy_filter_reports",
        "policy_filters",
    ),
    "users": ("policy_users", "policy_members"),
    "tokens": ("policy_tokens",),
}

# By schema, since whoever changes something may look at another one first. A change that nobody would hear of is refused.
_REVISE = """
CREATE FUNCTION policy_revise() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    revised integer;
BEGIN
    EXECUTE format('UPDATE %I.policy_revisions SET number = number + 1 WHERE part = $1', TG_TABLE_SCHEMA) USING TG_ARGV[0];
    GET DIAGNOSTICS revised = ROW_COUNT;
    IF revised <> 1 THEN
        RAISE EXCEPTION 'policy_revisions has no row for %', TG_ARGV[0];
    END IF;
    PERFORM pg_notify('sidecar_policy', TG_ARGV[0]);
    RETURN NULL;
END
$$
"""

_SQLITE = """
CREATE TRIGGER {table}_revised_by_{event} AFTER {event} ON {table} BEGIN
    SELECT RAISE(ABORT, 'policy_revisions has no row for {part}') WHERE NOT EXISTS (SELECT 1 FROM policy_revisions WHERE part = '{part}');
    UPDATE policy_revisions SET number = number + 1 WHERE part = '{part}';
END
"""


def upgrade() -> None:
    op.create_table(
        "policy_revisions",
        _name("part"),
        _said("number", BigInteger),
    )
    op.create_table(
        "policy_audit",
        Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
        _said("moment", DateTime(timezone=True), index=True),
        _said("who"),
        _said("what"),
        _said("subject"),
        Column("before", JSON(none_as_null=True)),
        Column("after", JSON(none_as_null=True)),
    )
    op.execute("INSERT INTO policy_revisions (part, number) VALUES ('rights', 1), ('users', 1), ('tokens', 1)")
    of_postgresql = op.get_bind().dialect.name == "postgresql"
    if of_postgresql:
        op.execute(_REVISE)
    for part, tables in _PARTS.items():
        for table in tables:
            for statement in _of_postgresql(table, part) if of_postgresql else _of_sqlite(table, part):
                op.execute(statement)


def _of_postgresql(table: str, part: str) -> list[str]:
    events = "INSERT OR UPDATE OR DELETE OR TRUNCATE"
    return [f"CREATE TRIGGER {table}_revised AFTER {events} ON {table} FOR EACH STATEMENT EXECUTE FUNCTION policy_revise('{part}')"]


def _of_sqlite(table: str, part: str) -> list[str]:
    return [_SQLITE.format(table=table, part=part, event=event) for event in ("INSERT", "UPDATE", "DELETE")]


def _name(column: str = "name") -> Column[str]:
    return Column(column, Text, primary_key=True)


def _said(column: str, kind: Any = Text, index: bool | None = None) -> Column[Any]:
    return Column(column, kind, nullable=False, index=index)
