"""The tables of the token authority. Nothing in them is a secret by itself, or gives one away without the installation's own.

Moments are whole seconds since 1970, which every database compares alike.
"""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, Table, Text, UniqueConstraint

metadata = MetaData()

codes = Table(
    "otp_codes",
    metadata,
    Column("slot", LargeBinary(32), primary_key=True),  # environment, app connector, user and description; keyed digest
    Column("owner", LargeBinary(32), nullable=False, index=True),  # the same without description
    Column("code", LargeBinary(32), nullable=False),  # keyed digest
    Column("description", Text, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("expires", BigInteger, nullable=False),
)

limits = Table(
    "otp_limits",
    metadata,
    Column("slot", LargeBinary(32), primary_key=True),  # who or what is counted; keyed digest
    Column("hour", BigInteger, nullable=False),  # hours since 1970
    Column("count", BigInteger, nullable=False),
)

tokens = Table(
    "otp_tokens",
    metadata,
    Column("digest", LargeBinary(32), primary_key=True),  # SHA-256 of the 64 hexadecimal characters
    Column("environment", Text, nullable=False),
    Column("app_connector", Text, nullable=False),
    Column("user_name", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("issued", BigInteger, nullable=False),
    Column("expires", BigInteger, nullable=False),
    UniqueConstraint("environment", "app_connector", "user_name", "description", name="otp_tokens_device"),
)
Index("otp_tokens_user", tokens.c.user_name)

revision = Table(
    "otp_revision",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),  # always 1
    Column("number", BigInteger, nullable=False),  # grows whenever a token may have been taken away
)
