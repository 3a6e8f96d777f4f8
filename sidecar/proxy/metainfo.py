"""The backend's metainfo, reduced to what the caller may use. The one answer that is read instead of passed on."""

from sidecar.dialects.rest.answers import UnknownShapeError, reduce_metainfo
from sidecar.errors import Reason, Refusal
from sidecar.policy.model import Caller
from sidecar.proxy.own_answers import OwnAnswer, answer_json
from sidecar.proxy.upstream import Answer


async def answer_metainfo(answer: Answer, caller: Caller, limit: int, reference: str) -> OwnAnswer:
    """The reduced list.

    :param answer: of the backend, with a status that is no error.
    :param limit: bytes of it that are read at most.
    :raises Refusal: BACKEND_ANSWER_UNREADABLE when it can't be read, for then it can't be reduced.
    """
    if answer.status != 200:
        answer.abort()
        raise Refusal(Reason.BACKEND_ANSWER_UNREADABLE, f"status {answer.status}")
    body = await answer.read(limit)
    coded = answer.head.is_coded
    if body is None or coded:
        raise Refusal(Reason.BACKEND_ANSWER_UNREADABLE, "compressed" if coded else f"over {limit} bytes")
    app_connector = caller.app_connector
    expires = caller.token_expires
    info = {
        "envid": app_connector.environment,
        "appName": app_connector.description or app_connector.name,
        "group": app_connector.group,
        "tokenExpiry": "0" if expires is None else expires.isoformat(),
    }
    try:
        reduced = reduce_metainfo(
            body,
            [connector.name for connector in app_connector.get_connectors.values() if connector.guarded],
            [connector.name for connector in app_connector.update_connectors.values()],
            info,
        )
    except UnknownShapeError as problem:
        raise Refusal(Reason.BACKEND_ANSWER_UNREADABLE, str(problem)) from None
    return answer_json(reduced, reference)
