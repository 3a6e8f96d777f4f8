"""The policy itself: groups, users, app connectors, filter types and tokens."""

from typing import Any

from alembic import op
from sqlalchemy import JSON, Boolean, CheckConstraint, Column, DateTime, ForeignKey, LargeBinary, Text, false, true

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "policy_groups",
        _name(),
        _said("all_users", Boolean, default=false()),
        CheckConstraint("name <> 'everyone' OR all_users", name="everyone"),
    )
    op.create_table(
        "policy_users",
        _name(),
        _said("email", default=""),
        _said("applications", JSON, default="[]"),
        _said("blocked", Boolean, default=false()),
        _said("system", Boolean, default=false()),
        _said("attributes", JSON, default="{}"),
    )
    op.create_table(
        "policy_members",
        _part_of("group_name", "policy_groups"),
        Column("user_name", Text, _refers_to("policy_users", cascade=True), primary_key=True, index=True),
    )
    op.create_table(
        "policy_app_connectors",
        _name(),
        _said("description", default=""),
        _said("environment"),
        _said("group_name", Text, _refers_to("policy_groups"), index=True),
        _said("blocked", Boolean, default=true()),
        Column("valid_from", DateTime(timezone=True)),
        Column("valid_until", DateTime(timezone=True)),
        _said("enforcement", default="enforce"),
        _said("row_guard", default="off"),
        Column("otp_api_key_sha256", LargeBinary(32)),
        Column("otp_environment_key_sha256", LargeBinary(32)),
        Column("otp_language", Text),
        CheckConstraint("enforcement IN ('enforce', 'shadow')", name="enforcement"),
        CheckConstraint("row_guard IN ('off', 'sample', 'enforce')", name="row_guard"),
        CheckConstraint("otp_language IN ('nl', 'en')", name="otp_language"),
        CheckConstraint("length(otp_api_key_sha256) = 32 AND length(otp_environment_key_sha256) = 32", name="otp_keys"),
        CheckConstraint("(otp_api_key_sha256 IS NULL) = (otp_environment_key_sha256 IS NULL)", name="both_otp_keys"),
    )
    op.create_table(
        "policy_get_connectors",
        _part_of("app_connector", "policy_app_connectors"),
        _name(),
        _said("unfiltered", Boolean, default=false()),
    )
    op.create_table(
        "policy_update_connectors",
        _part_of("app_connector", "policy_app_connectors"),
        _name(),
        _said("may_insert", Boolean, default=false()),
        _said("may_update", Boolean, default=false()),
        _said("may_delete", Boolean, default=false()),
    )
    op.create_table(
        "policy_special_connectors",
        _part_of("app_connector", "policy_app_connectors"),
        _name("kind"),
        Column("rule", Text),
        Column("get_connector", Text),
        Column("field", Text),
        Column("file_field", Text),
        CheckConstraint("kind IN ('subject', 'file', 'image', 'report', 'data', 'version')", name="kind"),
        CheckConstraint("rule IN ('unchecked', 'rows', 'reports')", name="rule"),
        CheckConstraint("(coalesce(rule, '') = 'rows') = (get_connector IS NOT NULL AND field IS NOT NULL)", name="rows"),
    )
    op.create_table(
        "policy_reports",
        _part_of("app_connector", "policy_app_connectors"),
        _name("report"),
        _said("unchecked", Boolean, default=false()),
    )
    op.create_table(
        "policy_addresses",
        _part_of("app_connector", "policy_app_connectors"),
        _name("network"),
        Column("denied", Boolean, primary_key=True),
    )
    op.create_table("policy_filter_types", _name())
    op.create_table(
        "policy_filter_connectors",
        _part_of("filter_type", "policy_filter_types"),
        _name("get_connector"),
        _said("fields", JSON),
    )
    op.create_table(
        "policy_filter_reports",
        _part_of("filter_type", "policy_filter_types"),
        _name("report"),
        _said("fields", JSON),
    )
    op.create_table(
        "policy_filters",
        _part_of("filter_type", "policy_filter_types"),
        Column("group_name", Text, _refers_to("policy_groups"), primary_key=True, index=True),
        _said("expression"),
    )
    op.create_table(
        "policy_tokens",
        Column("digest", LargeBinary(32), primary_key=True),
        _said("app_connector", Text, _refers_to("policy_app_connectors", cascade=True), index=True),
        _said("user_name", Text, _refers_to("policy_users", cascade=True), index=True),
        _said("description", default=""),
        Column("expires", DateTime(timezone=True)),
        CheckConstraint("length(digest) = 32", name="digest"),
    )
    op.execute("INSERT INTO policy_groups (name, all_users) VALUES ('everyone', true)")


def _name(column: str = "name") -> Column[str]:
    return Column(column, Text, primary_key=True)


def _refers_to(table: str, *, cascade: bool = False) -> ForeignKey:
    return ForeignKey(f"{table}.name", onupdate="CASCADE", ondelete="CASCADE" if cascade else None)


def _part_of(column: str, table: str) -> Column[str]:
    return Column(column, Text, _refers_to(table, cascade=True), primary_key=True)


def _said(column: str, kind: Any = Text, *more: Any, index: bool | None = None, default: Any = None) -> Column[Any]:
    return Column(column, kind, *more, nullable=False, index=index, server_default=default)
