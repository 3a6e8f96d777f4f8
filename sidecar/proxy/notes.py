"""What an exchange notes of a request on its way, for log and metrics."""

from sidecar.dialects.call import Call
from sidecar.policy.decision import Allow
from sidecar.policy.model import Caller
from sidecar.record.exchange import Exchange, Outcome
from sidecar.record.shadowed import Shadowed


def note_caller(exchange: Exchange, caller: Caller) -> None:
    """Who asks."""
    exchange.environment = caller.app_connector.environment
    exchange.app_connector = caller.app_connector.name
    exchange.user = caller.user.name
    exchange.device = caller.device
    exchange.issuer = caller.issuer
    if caller.bound_key or caller.bound_to:
        exchange.bound_to = ", ".join(what for what, bound in (("key", caller.bound_key), ("certificate", caller.bound_to)) if bound)


def note_call(exchange: Exchange, call: Call) -> None:
    """What is asked."""
    exchange.call = type(call).__name__
    connector = getattr(call, "connector", None)
    if connector is not None:
        exchange.asked_for(connector)


def note_allowed(exchange: Exchange, allowed: Allow, predicate: str) -> None:
    """That he may, and which rows."""
    exchange.outcome = Outcome.ALLOW
    exchange.connector = allowed.connector
    exchange.predicate = predicate


def note_shadowed(exchange: Exchange, outcome: Shadowed, predicate: str, connector: str) -> None:
    """That it is forwarded whatever policy says, and what that is.

    :param connector: its canonical name; "" where it is not listed.
    """
    exchange.outcome = Outcome.SHADOW
    exchange.shadowed = outcome
    exchange.predicate = predicate
    exchange.connector = connector or exchange.connector
