"""What the JSON body of an update really does: `@Action` overrides the verb, at any depth (wire reference 1.4).

The body is forwarded as it came, so it is read strictly: JSON with one reading only, as RFC 8259 has it and no laxer parser could see
otherwise.
"""

import unicodedata
from typing import Any

from sidecar.dialects.call import Action, Update
from sidecar.dialects.rest.strict_json import read_object
from sidecar.errors import Reason, Refusal

_ACTIONS = {action.value: action for action in Action}


def actions_of(call: Update, body: bytes) -> frozenset[Action]:
    """Every action that the update performs: the verb's own, those that the body names, and what the body implies.

    :raises Refusal: BODY_MALFORMED for a body that is not strict JSON with an object at the top, or has several connectors in it.
    """
    if not body and call.verb is Action.DELETE:
        return call.actions
    document = read_object(body)
    if len(document) > 1:
        # Only one connector was checked. A second root beside it may be nothing to the backend, or another update.
        raise Refusal(Reason.BODY_MALFORMED, "the body must have one root, named as the UpdateConnector's documentation has it")
    actions = call.actions | _named_actions(document)
    if call.verb is Action.INSERT and call.elements and _main_element_has_fields(document):
        # POST on a sub-element inserts that, and updates the main object with the fields it finds there (wire reference 1.2).
        actions |= {Action.UPDATE}
    return actions


def _named_actions(document: dict[str, Any]) -> frozenset[Action]:
    actions: set[Action] = set()
    pending: list[Any] = [document]
    while pending:
        item = pending.pop()
        if isinstance(item, dict):
            for key, value in item.items():
                action = _action(key, value)
                if action is not None:
                    actions.add(action)
            pending.extend(item.values())
        elif isinstance(item, list):
            pending.extend(item)
    return frozenset(actions)


def _action(key: str, value: Any) -> Action | None:
    """The action that this key names. Any letter case counts, full-width forms too, and a bare `Action` where it names one."""
    name = unicodedata.normalize("NFKC", key).strip().casefold()
    if name not in ("@action", "action"):
        return None
    known = _ACTIONS.get(value.strip().casefold()) if isinstance(value, str) else None
    if known is None and name == "@action":
        raise Refusal(Reason.BODY_MALFORMED, "@Action must be insert, update or delete")
    return known


def _main_element_has_fields(document: dict[str, Any]) -> bool:
    for root in document.values():
        element = _get(root, "element")
        for each in element if isinstance(element, list) else [element]:
            if _get(each, "fields"):
                return True
    return False


def _get(item: Any, name: str) -> Any:
    if not isinstance(item, dict):
        return None
    return next((value for key, value in item.items() if key.casefold() == name), None)
