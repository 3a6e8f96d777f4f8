"""The certificates that ports show, kept up to date: their files are looked at like those of the policy, and exchanged together.

Whatever is wrong with the files, the pair that is shown stays. What was agreed on with those who are connected is not touched, unless an
authority is taken out: then whoever has shown a certificate that it might have vouched for has to connect anew.
"""

import asyncio
import ssl
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from weakref import WeakKeyDictionary

import structlog

from sidecar.settings.model import Settings
from sidecar.settings.problem import path_text
from sidecar.settings.tls import Tls
from sidecar.store.listener_tls import ListenerTls, UnusableTlsError, files_of, listeners, read_tls
from sidecar.store.reload import POLL_SECONDS
from sidecar.store.watched_files import Signature, signature_of

_NOBODY: frozenset[bytes] = frozenset()


class RenewableContext(ssl.SSLContext):
    """Has each handshake done by the context that is current when it begins. Works with every event loop, since all begin it so.

    :ivar on_authorities_gone: is called when the certificates of some who are connected are vouched for no more.
    """

    current: ssl.SSLContext
    on_authorities_gone: Callable[[], None]
    _authorities: WeakKeyDictionary[ssl.SSLContext, frozenset[bytes]]

    @classmethod
    def of(cls, tls: ListenerTls) -> "RenewableContext":
        """One that shows this first."""
        context = cls(ssl.PROTOCOL_TLS_SERVER)
        context.current = tls.context
        context.on_authorities_gone = lambda: None
        context._authorities = WeakKeyDictionary({tls.context: tls.authorities})
        return context

    def renew(self, tls: ListenerTls) -> None:
        """Show this from now on."""
        gone = self._authorities[self.current] - tls.authorities
        self._authorities[tls.context] = tls.authorities
        self.current = tls.context
        if gone:
            self.on_authorities_gone()

    def vouches_for(self, agreed: ssl.SSLContext) -> bool:
        """Whether all who could vouch for a certificate in a handshake that was done by this context still do."""
        return self._authorities.get(agreed, _NOBODY) <= self._authorities[self.current]

    def wrap_bio(self, *arguments: Any, **more: Any) -> ssl.SSLObject:
        """A new TLS connection."""
        return self.current.wrap_bio(*arguments, **more)


class ShownTls:
    """One port's.

    :ivar tls: what is shown now.
    :ivar problem: what is wrong with the files, where they are not what is shown; "" if all is well.
    """

    def __init__(self, name: str, part: Tls) -> None:
        """:raises UnusableTlsError: there is nothing to show."""
        self.name = name
        self.part = part
        self.problem = ""
        self.tls = read_tls(part)
        self.context = RenewableContext.of(self.tls)
        self._logger = structlog.get_logger("sidecar")

    def take(self, found: ListenerTls | UnusableTlsError) -> None:
        """What came of reading the files anew."""
        if isinstance(found, UnusableTlsError):
            self.problem = str(found)
            self._logger.error("tls not changed; the certificate before is still shown", listener=self.name, problem=self.problem)
            return
        self.problem = ""
        if found.content != self.tls.content:
            self.tls = found
            self._logger.info("tls changed", listener=self.name, certificate=found.sha256, expires=_day(found.not_after))
            self.context.renew(found)


class TlsWatch:
    """All ports'. Belongs to one event loop; only the reading of files happens in a thread."""

    def __init__(self, settings: Settings, poll: float = POLL_SECONDS, *, only: str = "") -> None:
        """
        :param only: of the ports that speak TLS, this one: `tls` or `admin.tls`.
        :raises UnusableTlsError: there is nothing to show for one of them.
        """
        self._poll = poll
        # Status before content: a change that falls in between is seen at the next look.
        parts = {path_text(path): part for path, part in listeners(settings) if only in ("", path_text(path))}
        self._read = signature_of(file for part in parts.values() for file in files_of(part))
        self.shown: Mapping[str, ShownTls] = {name: ShownTls(name, part) for name, part in parts.items()}
        self._task: asyncio.Task[None] | None = None

    def context(self, name: str) -> RenewableContext | None:
        """For a listening socket; None where the port speaks plain HTTP."""
        shown = self.shown.get(name)
        return None if shown is None else shown.context

    def start(self) -> None:
        """Watch from now on."""
        if self.shown:
            self._task = asyncio.create_task(self._watch(), name="tls watch")

    async def stop(self) -> None:
        """Watch no longer."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    def report(self) -> dict[str, Any]:
        """For `/readyz`, by port. A bad pair is told, not punished: the one before is still shown."""
        return {name: _report(each) for name, each in self.shown.items()}

    async def _watch(self) -> None:
        previous = self._read
        while True:
            await asyncio.sleep(self._poll)
            current = await asyncio.to_thread(signature_of, self._read)
            # What still changes is still being written; two looks must agree.
            if current != self._read and current == previous:
                await self._exchange(current)
            previous = current

    async def _exchange(self, current: Signature) -> None:
        for shown in self.shown.values():
            if any(current[file] != self._read[file] for file in files_of(shown.part)):
                shown.take(await asyncio.to_thread(_read, shown.part))
        self._read = current


def _read(part: Tls) -> ListenerTls | UnusableTlsError:
    try:
        return read_tls(part)
    except UnusableTlsError as problem:
        return problem
    except Exception as error:  # a fault of ours must not end the watching
        return UnusableTlsError("certificate", f"a fault of the sidecar itself while reading: {type(error).__name__}")


def _report(shown: ShownTls) -> dict[str, Any]:
    report = {"certificate": shown.tls.sha256, "expires": _day(shown.tls.not_after), "current": not shown.problem}
    return {**report, "problem": shown.problem} if shown.problem else report


def _day(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
