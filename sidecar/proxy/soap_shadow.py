"""A SOAP message of an app connector in shadow: written anew from what was read, as for any other, but without narrowing; and what
enforcement would have made of it. What can't be read is refused in shadow too: who asks may stand in it."""

from dataclasses import replace
from datetime import datetime

from sidecar.dialects.call import GetRows
from sidecar.dialects.soap.call import SoapCall
from sidecar.errors import Reason, Refusal
from sidecar.policy.decision import Allow
from sidecar.policy.model import Caller
from sidecar.policy.shadow import unmet_in_shadow
from sidecar.proxy.preparation import Decisions
from sidecar.proxy.shadow import would_check
from sidecar.proxy.soap_path import SoapPath, route_below
from sidecar.proxy.soap_preparation import PreparedMessage, prepare_message, write_message
from sidecar.record.shadowed import Shadowed, Would
from sidecar.store.snapshot import Snapshot


def shadow_message(
    snapshot: Snapshot, caller: Caller, message: SoapCall, path: SoapPath, authorization: bytes | None, now: datetime
) -> tuple[PreparedMessage, Shadowed]:
    """What is to be asked, and what would have been.

    :param authorization: what the client sent as header.
    :raises Refusal: for what can't be put to the backend at all, and for conditions that are in force in shadow too.
    """
    in_force, unmet = unmet_in_shadow(caller, now)
    if in_force is not None:
        raise Refusal(in_force)
    environment = snapshot.environments[caller.app_connector.environment]
    route = route_below(path, environment)
    if route is None:
        raise Refusal(Reason.UNKNOWN_PATH)
    call = message.call
    decisions = Decisions()
    decision, predicate = decisions.decide(snapshot.policy, caller, call)
    allowed = decision if isinstance(decision, Allow) else Allow()
    prepared = PreparedMessage(snapshot, caller, environment, route, replace(allowed, claim=None), predicate, None, b"", b"")
    try:
        outcome = _would(prepare_message(snapshot, caller, message, path, authorization, decisions))
    except Refusal as refusal:
        outcome = Shadowed(Would.REFUSE, refusal.reason)
    if unmet is not None:
        outcome = Shadowed(Would.REFUSE, unmet)
    rows = call.filter if isinstance(call, GetRows) else None
    if rows is not None and rows.is_nothing:  # by the app's own words
        return replace(prepared, narrowed=rows), outcome
    connector = allowed.connector or getattr(call, "connector", "")
    head, body = write_message(environment, route, message, connector, rows, authorization)
    return replace(prepared, narrowed=rows, head=head, body=body), outcome


def _would(enforced: PreparedMessage) -> Shadowed:
    claim, rows = enforced.allowed.claim, enforced.allowed.rows
    if claim is not None:
        return would_check(claim, enforced.environment)
    if not enforced.body:
        return Shadowed(Would.EMPTY)
    return Shadowed(Would.PASS if rows is None or rows.predicate.is_everything else Would.NARROW)
