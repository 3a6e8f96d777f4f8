"""Whose file it is: asked of the backend before a file, image or dossier item is fetched, in whichever dialect, and remembered briefly.

Whoever asks for what is not his and whoever asks for what is not there get the same refusal, from here, and the backend is not asked for
either: it never gets to say which of the two it is.
"""

import asyncio
import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from sidecar.dialects.call import Call
from sidecar.errors import Reason, Refusal
from sidecar.guard.answer import LONGEST_ROW
from sidecar.policy.decision import Claim
from sidecar.policy.model import Caller
from sidecar.policy.ownership import Ids, key_of, with_ids
from sidecar.proxy.backend_credentials import BackendCredentials
from sidecar.proxy.ownership_question import ids_told, targets_of
from sidecar.proxy.preparation import own_headers
from sidecar.proxy.route import route_to
from sidecar.proxy.upstream import Answer, header_lines, request_line
from sidecar.record.metrics import Metrics
from sidecar.store.snapshot import Environment, Passthrough, Snapshot

OWNED_SECONDS = 30.0
"""For how long a row that came back counts: as long may somebody fetch a file whose row was taken from him in the backend."""
NOT_OWNED_SECONDS = 5.0
_MOST_REMEMBERED = 8192
_LONGEST_ANSWER = LONGEST_ROW + 1024

_Key = tuple[str, str, bytes, str, tuple[str, ...], Ids, bytes]
"""App connector (and with it the environment), user with what claims say of him, GetConnector, fields, ids, and the client's own credential
where that is passed on."""


@dataclass(slots=True)
class _Question:
    """A question under way, and how many wait for its answer."""

    task: "asyncio.Task[Ids | None]"
    waiting: int = 0


@dataclass(slots=True)
class _Memory:
    """What is known under one snapshot, as of one state of users, and what is being asked. A question that comes back later than that
    answers nobody else."""

    snapshot: Snapshot
    as_of: int
    answers: dict[_Key, tuple[float, Ids | None]] = field(default_factory=dict)  # until when, and the ids, None for "not his"
    questions: dict[_Key, _Question] = field(default_factory=dict)


class Ownership:
    """Confirms claims. Belongs to the event loop in which it is used."""

    def __init__(self, credentials: BackendCredentials, metrics: Metrics, clock: Callable[[], float] = time.monotonic) -> None:
        self._credentials = credentials
        self._metrics = metrics
        self._clock = clock
        self._memory: _Memory | None = None

    async def confirmed(self, snapshot: Snapshot, caller: Caller, call: Call, claim: Claim, authorization: bytes | None) -> Call:
        """The call with the ids as the backend spells them, once it has said that they stand in a row that the caller may see.

        :param claim: of the decision about this call, under this snapshot.
        :param authorization: the client's own header, for environments that pass it on.
        :raises Refusal: FILE_NOT_OWNED; why the question can't be put; or why the backend gave no usable answer.
        """
        try:
            ids, source = await self._ids(snapshot, caller, claim, authorization)
        except Refusal:
            self._metrics.ownership["failed", "backend"] += 1
            raise
        self._metrics.ownership["not_owned" if ids is None else "owned", source] += 1
        if ids is None:
            raise Refusal(Reason.FILE_NOT_OWNED)
        return with_ids(call, ids)

    async def _ids(self, snapshot: Snapshot, caller: Caller, claim: Claim, authorization: bytes | None) -> tuple[Ids | None, str]:
        memory = self._memory
        if memory is None or memory.snapshot is not snapshot or memory.as_of != caller.as_of:
            memory = self._memory = _Memory(snapshot, caller.as_of)
        environment = snapshot.environments[caller.app_connector.environment]
        passed_on = (authorization or b"") if isinstance(environment.credential, Passthrough) else b""
        fields = tuple([name for name, _ in claim.ids])
        digest = hashlib.sha256(passed_on).digest()
        key = (caller.app_connector.name, caller.user.name, caller.claimed, claim.get_connector, fields, key_of(claim), digest)
        known = memory.answers.get(key)
        if known is not None and self._clock() < known[0]:
            return known[1], "memory"
        question = memory.questions.get(key)
        if question is None:
            question = memory.questions[key] = _Question(asyncio.create_task(self._ask(environment, claim, passed_on)))
            question.task.add_done_callback(partial(self._answered, memory, key))
        question.waiting += 1
        try:
            # A client that goes away must not take the question from others who wait for it.
            return await asyncio.shield(question.task), "backend"
        finally:
            question.waiting -= 1
            if not question.waiting and not question.task.done():
                del memory.questions[key]  # nobody may join it any more
                question.task.cancel()

    def _answered(self, memory: _Memory, key: _Key, task: "asyncio.Task[Ids | None]") -> None:
        question = memory.questions.get(key)
        if question is not None and question.task is task:
            del memory.questions[key]
        if task.cancelled() or task.exception() is not None:
            return
        ids = task.result()
        answers = memory.answers
        answers.pop(key, None)  # so that it stands last: the oldest make room
        if len(answers) >= _MOST_REMEMBERED:
            del answers[next(iter(answers))]
        answers[key] = (self._clock() + (NOT_OWNED_SECONDS if ids is None else OWNED_SECONDS), ids)

    async def _ask(self, environment: Environment, claim: Claim, authorization: bytes) -> Ids | None:
        for target in targets_of(claim, environment.mixed):
            answer = await self._send(environment, target, authorization)
            try:
                ids = ids_told(await _body(answer), claim)
            finally:
                answer.abort()  # what was not read to its end, if its client went away
            if ids is not None:
                return ids
        return None

    async def _send(self, environment: Environment, target: str, authorization: bytes) -> Answer:
        route = route_to(environment.rest, environment.ca_file)
        headers = [(b"Accept", b"application/json"), (b"Accept-Encoding", b"identity")]
        if isinstance(environment.credential, Passthrough):
            headers.append((b"Authorization", authorization))
        ours = request_line("GET", f"{route.base_path}{target}") + own_headers(environment, route) + header_lines(headers)
        return await self._credentials.send(environment, route.origin, lambda line: b"%b%b\r\n" % (ours, line))


async def _body(answer: Answer) -> bytes:
    """The whole of it, in plain coding.

    :raises Refusal: BACKEND_ANSWER_UNREADABLE for anything else than rows.
    """
    coded = answer.head.is_coded
    if answer.status != 200 or coded:
        what = "a compressed answer" if answer.status == 200 else f"status {answer.status}"
        raise Refusal(Reason.BACKEND_ANSWER_UNREADABLE, f"asked whose file it is, the backend gave {what}")
    body = await answer.read(_LONGEST_ANSWER)
    if body is None:
        raise Refusal(Reason.BACKEND_ANSWER_UNREADABLE, f"asked whose file it is, the backend gave over {_LONGEST_ANSWER} bytes")
    return body
