"""How much a request may bring, and how long its sender may take."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class GatewayLimits:
    """Bytes that are taken or held at most, and seconds that a client may stand still."""

    head: int
    body: int
    answer: int
    client: float
