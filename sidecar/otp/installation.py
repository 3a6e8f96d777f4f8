"""What the token authority is made with, read from the configuration and the files that it names: the same for all replicas."""

from dataclasses import dataclass, field

from sidecar.otp.rules import Rules
from sidecar.otp.smtp import SmtpServer


@dataclass(frozen=True, slots=True)
class Installation:
    """`database` is a URL with its driver; `secret` is that of the digests. Both hold from one start to the next."""

    database: str = field(repr=False)
    secret: bytes = field(repr=False)
    smtp: SmtpServer
    rules: Rules
