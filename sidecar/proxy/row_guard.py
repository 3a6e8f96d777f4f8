"""Which answers with rows are judged, by what, and who hears of what was found. The judging itself is `sidecar.guard`."""

from collections.abc import Callable
from functools import partial

import structlog

from sidecar.filters.predicate import Predicate
from sidecar.guard.answer import RowReader
from sidecar.guard.json_rows import JsonRows
from sidecar.guard.judge import Judge
from sidecar.guard.row_check import RowCheck
from sidecar.policy.model import Caller, RowGuard
from sidecar.proxy.guarded_answer import GuardedAnswer, GuardedBackend
from sidecar.proxy.upstream import Backend, Watcher
from sidecar.record.checked import Checked
from sidecar.record.exchange import Exchange
from sidecar.store.snapshot import Snapshot

_ONE_IN = 10
_MOST_COUNTED = 16_384
_MOST_JUDGES = 64
"""A judge remembers verdicts, some hundred kilobytes of them."""


class Judges:
    """Judges for predicates that came before. A verdict depends on nothing else, so users with the same rows share theirs."""

    def __init__(self) -> None:
        self._judges: dict[tuple[Predicate, bool], Judge] = {}

    def judge(self, predicate: Predicate, *, absent_is_empty: bool) -> Judge:
        """One for these rows."""
        key = predicate, absent_is_empty
        known = self._judges.get(key)
        if known is None:
            if len(self._judges) >= _MOST_JUDGES:
                del self._judges[next(iter(self._judges))]
            known = self._judges[key] = Judge(predicate, absent_is_empty=absent_is_empty)
        return known


class Sample:
    """Of each user's answers from each GetConnector the first under a policy, and one in ten of those that follow.

    So that a filter that is ignored shows at once, whosever it is, and little is spent on the rest.
    """

    def __init__(self) -> None:
        self._snapshot: Snapshot | None = None
        self._asked: dict[tuple[str, str, str], int] = {}

    def takes(self, snapshot: Snapshot, caller: Caller, connector: str) -> bool:
        """Whether this answer is one of them."""
        if snapshot is not self._snapshot or len(self._asked) >= _MOST_COUNTED:
            self._snapshot, self._asked = snapshot, {}
        key = caller.app_connector.name, caller.user.name, connector
        count = self._asked.get(key, 0)
        self._asked[key] = count + 1
        return count % _ONE_IN == 0


class AnswerGuard:
    """Puts a guard on answers where their app connector says so."""

    def __init__(self, most_held: int) -> None:
        """:param most_held: bytes of one answer that are held until all of it is judged."""
        self._most_held = most_held
        self._judges = Judges()
        self._sample = Sample()
        self._logger = structlog.get_logger("sidecar")

    def before(
        self,
        pool: Backend,
        snapshot: Snapshot,
        caller: Caller,
        connector: str,
        predicate: Predicate,
        exchange: Exchange,
        *,
        reader: Callable[[], RowReader] = JsonRows,
        absent_is_empty: bool = False,
        never_withholds: bool = False,
    ) -> GuardedBackend | None:
        """The backend with a guard before it, or None where this answer is not judged.

        :param predicate: the rows that the user may see.
        :param reader: of rows in the answer's dialect.
        :param absent_is_empty: as for `Judge`.
        """
        mode = caller.app_connector.row_guard
        if predicate.is_everything or mode is RowGuard.OFF:
            return None
        if mode is RowGuard.SAMPLE and not self._sample.takes(snapshot, caller, connector):
            return None
        judge = self._judges.judge(predicate, absent_is_empty=absent_is_empty)
        most_held = self._most_held if mode is RowGuard.ENFORCE and not never_withholds else None

        def guarded(watcher: Watcher) -> GuardedAnswer:
            return GuardedAnswer(RowCheck(judge, reader()), most_held, partial(self._note, exchange), watcher)

        return GuardedBackend(pool, guarded)

    def _note(self, exchange: Exchange, found: Checked, withheld: bool) -> None:
        exchange.checked = found
        if found.result != "good":
            self._logger.error(
                "the backend's rows are not those that were asked for" if found.violating else "the backend's rows can't be judged",
                reference=exchange.reference,
                app_connector=exchange.app_connector,
                connector=exchange.connector,
                user=exchange.user,
                withheld=withheld,
                **found.fields(),
            )
