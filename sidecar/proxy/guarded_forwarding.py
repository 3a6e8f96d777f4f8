"""An answer that was fetched otherwise than by `ask`, passed on once the row guard shows it."""

from time import perf_counter

from sidecar.proxy.forwarding import Forwarding
from sidecar.proxy.guarded_answer import GuardedBackend
from sidecar.proxy.upstream import Answer


class GuardedForwarding(Forwarding):
    """Begun by `relay_guarded`; its backend is the guarded one."""

    __slots__ = ()

    def relay_guarded(self, answer: Answer, backend: GuardedBackend) -> None:
        """As `relay`, but nothing is shown before the guard shows it."""
        try:
            taken = backend.take_over(answer, self._look)
            if taken is None:  # an answer without a byte of body
                self.relay(answer)
                return
            self._kept = False
            self._asked_at = perf_counter() - answer.upstream_seconds
            guarded, held = taken
            self._connection = guarded
            guarded.look(held)
        except Exception as error:
            self._fault(error)
