"""The tables of a policy. Names are those of the configuration; what belongs to one row and refers to nothing stands in it as JSON.

The migrations make them; a test holds that both say the same. What the configuration calls fatal, a group that nobody defined, the database
refuses, whoever writes. Members and tokens go with the user or app connector that they belong to: one of the same name that comes later
inherits nothing. Environments, with their addresses and credentials, stay in the configuration.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ColumnElement,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    false,
    true,
    type_coerce,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

metadata = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pk",
        "fk": "%(table_name)s_%(column_0_name)s_fk",
        "ck": "%(table_name)s_%(constraint_name)s_ck",
        "ix": "%(table_name)s_%(column_0_name)s_ix",
    }
)


class WithinReach(FunctionElement[datetime]):
    """A moment, or the nearest that Python knows: PostgreSQL goes on where its years end, and one row must not spoil an answer."""

    type = DateTime(timezone=True)
    inherit_cache = True


@compiles(WithinReach)
def _within_reach(element: WithinReach, compiler: SQLCompiler, **more: Any) -> str:
    moment = compiler.process(element.clauses, **more)
    if compiler.dialect.name != "postgresql":
        return moment
    first, last = "TIMESTAMPTZ '0001-01-02 00:00:00+00'", "TIMESTAMPTZ '9999-12-30 00:00:00+00'"
    return f"CASE WHEN {moment} < {first} THEN {first} WHEN {moment} > {last} THEN {last} ELSE {moment} END"


class Moment(TypeDecorator[datetime]):
    """A moment, in UTC on both sides; SQLite has no zones, so there it is UTC without saying so."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def column_expression(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        return type_coerce(WithinReach(column), self)

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None or dialect.name != "sqlite":
            return value
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def flag_of(value: Any) -> bool:
    """Yes or no. SQLite keeps any text in such a column, and Python takes `false` for true.

    :raises ValueError: it is neither.
    """
    if not isinstance(value, int) or value not in (0, 1):
        raise ValueError
    return bool(value)


class Flag(TypeDecorator[bool]):
    """Yes or no, and nothing else."""

    impl = Boolean
    cache_ok = True

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], bool]:
        return flag_of


def _name(column: str = "name") -> Column[str]:
    return Column(column, Text, primary_key=True)


def _refers_to(table: str, *, cascade: bool = False) -> ForeignKey:
    return ForeignKey(f"{table}.name", onupdate="CASCADE", ondelete="CASCADE" if cascade else None)


def _part_of(column: str, table: str) -> Column[str]:
    return Column(column, Text, _refers_to(table, cascade=True), primary_key=True)


def _said(column: str, kind: Any = Text, *more: Any, index: bool | None = None, default: Any = None) -> Column[Any]:
    """A column that always has a value; the default is for those who write SQL by hand."""
    return Column(column, kind, *more, nullable=False, index=index, server_default=default)


groups = Table(
    "policy_groups",
    metadata,
    _name(),
    _said("all_users", Flag, default=false()),
    # The built-in group is there from the beginning.
    CheckConstraint("name <> 'everyone' OR all_users", name="everyone"),
)

users = Table(
    "policy_users",
    metadata,
    _name(),
    _said("email", default=""),
    _said("applications", JSON, default="[]"),  # a list of texts
    _said("blocked", Flag, default=false()),
    _said("system", Flag, default=false()),
    _said("attributes", JSON, default="{}"),  # texts, or lists of them, by name
)


class Folded(FunctionElement[str]):
    """A text with A to Z in lower case: what `sidecar.identity.email.folded` makes of it, said so that both databases agree."""

    type = Text()
    inherit_cache = True


@compiles(Folded)
def _folded(element: Folded, compiler: SQLCompiler, **more: Any) -> str:
    collation = ' COLLATE "C"' if compiler.dialect.name == "postgresql" else ""
    return f"lower({compiler.process(element.clauses, **more)}{collation})"


Index("policy_users_email_ix", Folded(users.c.email))

members = Table(
    "policy_members",
    metadata,
    _part_of("group_name", "policy_groups"),
    Column("user_name", Text, _refers_to("policy_users", cascade=True), primary_key=True, index=True),
)

app_connectors = Table(
    "policy_app_connectors",
    metadata,
    _name(),
    _said("description", default=""),
    _said("environment"),
    _said("group_name", Text, _refers_to("policy_groups"), index=True),
    _said("blocked", Flag, default=true()),
    Column("valid_from", Moment),
    Column("valid_until", Moment),
    _said("enforcement", default="enforce"),
    _said("row_guard", default="off"),
    Column("otp_api_key_sha256", LargeBinary(32)),
    Column("otp_environment_key_sha256", LargeBinary(32)),
    Column("otp_language", Text),
    Column("client_certificate", JSON(none_as_null=True)),  # lists of texts by kind of name; any will do, where it is null
    CheckConstraint("enforcement IN ('enforce', 'shadow')", name="enforcement"),
    CheckConstraint("row_guard IN ('off', 'sample', 'enforce')", name="row_guard"),
    CheckConstraint("otp_language IN ('nl', 'en')", name="otp_language"),
    CheckConstraint("length(otp_api_key_sha256) = 32 AND length(otp_environment_key_sha256) = 32", name="otp_keys"),
    CheckConstraint("(otp_api_key_sha256 IS NULL) = (otp_environment_key_sha256 IS NULL)", name="both_otp_keys"),
)

get_connectors = Table(
    "policy_get_connectors",
    metadata,
    _part_of("app_connector", "policy_app_connectors"),
    _name(),
    _said("unfiltered", Flag, default=false()),
)

update_connectors = Table(
    "policy_update_connectors",
    metadata,
    _part_of("app_connector", "policy_app_connectors"),
    _name(),
    _said("may_insert", Flag, default=false()),
    _said("may_update", Flag, default=false()),
    _said("may_delete", Flag, default=false()),
)

special_connectors = Table(
    "policy_special_connectors",
    metadata,
    _part_of("app_connector", "policy_app_connectors"),
    _name("kind"),
    Column("rule", Text),  # nothing is said about who may fetch, where it is null
    Column("get_connector", Text),
    Column("field", Text),
    Column("file_field", Text),
    CheckConstraint("kind IN ('subject', 'file', 'image', 'report', 'data', 'version')", name="kind"),
    CheckConstraint("rule IN ('unchecked', 'rows', 'reports')", name="rule"),
    CheckConstraint("(coalesce(rule, '') = 'rows') = (get_connector IS NOT NULL AND field IS NOT NULL)", name="rows"),
)

reports = Table(
    "policy_reports",
    metadata,
    _part_of("app_connector", "policy_app_connectors"),
    _name("report"),
    _said("unchecked", Flag, default=false()),
)

addresses = Table(
    "policy_addresses",
    metadata,
    _part_of("app_connector", "policy_app_connectors"),
    _name("network"),
    Column("denied", Flag, primary_key=True),
)

filter_types = Table("policy_filter_types", metadata, _name())

filter_connectors = Table(
    "policy_filter_connectors",
    metadata,
    _part_of("filter_type", "policy_filter_types"),
    _name("get_connector"),
    _said("fields", JSON),  # ids of fields by logical name
)

filter_reports = Table(
    "policy_filter_reports",
    metadata,
    _part_of("filter_type", "policy_filter_types"),
    _name("report"),
    _said("fields", JSON),  # codes of fields by logical name
)

filters = Table(
    "policy_filters",
    metadata,
    _part_of("filter_type", "policy_filter_types"),
    Column("group_name", Text, _refers_to("policy_groups"), primary_key=True, index=True),
    _said("expression"),
)

tokens = Table(
    "policy_tokens",
    metadata,
    Column("digest", LargeBinary(32), primary_key=True),  # SHA-256 of the 64 hexadecimal characters
    _said("app_connector", Text, _refers_to("policy_app_connectors", cascade=True), index=True),
    _said("user_name", Text, _refers_to("policy_users", cascade=True), index=True),
    _said("description", default=""),
    Column("expires", Moment),
    CheckConstraint("length(digest) = 32", name="digest"),
)

revisions = Table(
    "policy_revisions",
    metadata,
    _name("part"),  # rights, users or tokens
    _said("number", BigInteger),  # grows with every change to that part, whoever makes it
)

audit = Table(
    "policy_audit",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    _said("moment", Moment, index=True),
    _said("who"),
    _said("what"),  # the operation, such as user.block
    _said("subject"),  # the name of what was changed
    Column("before", JSON(none_as_null=True)),
    Column("after", JSON(none_as_null=True)),
)

PARTS = {
    "rights": (
        groups,
        app_connectors,
        get_connectors,
        update_connectors,
        special_connectors,
        reports,
        addresses,
        filter_types,
        filter_connectors,
        filter_reports,
        filters,
    ),
    "users": (users, members),
    "tokens": (tokens,),
}
"""What is read whole, and what is looked up: each part has a revision of its own."""
