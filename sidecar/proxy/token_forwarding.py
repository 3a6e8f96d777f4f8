"""A call on its way with an access token: if the backend refuses that, once more with a new one, before anything went to the client."""

from sidecar.errors import Refusal
from sidecar.proxy.backend_credentials import MakeHead, refused_again
from sidecar.proxy.backend_token import BackendToken
from sidecar.proxy.forwarding import Forwarding
from sidecar.proxy.upstream import AnswerHead, Origin, Piece


class TokenForwarding(Forwarding):
    """Begun by `ask_with`."""

    __slots__ = ("_line", "_make_head", "_token", "_was_refused")

    def ask_with(self, token: BackendToken, line: bytes, make_head: MakeHead, origin: Origin) -> None:
        """As `ask`, with this line of the token."""
        self._token = token
        self._line = line
        self._make_head = make_head
        self._was_refused = False
        self.ask(origin, make_head(line))

    def _begin(self, head: AnswerHead, chunk: Piece, seconds: float, *, has_body: bool) -> None:
        if head.status != 401:
            super()._begin(head, chunk, seconds, has_body=has_body)
            return
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.unwatch()
            if connection.done:
                self._pool.settle(connection)
            else:
                connection.abort()
        if self._was_refused:
            self._end()
            self._keeper.refuse(self._request, self._client, self._exchange, refused_again())
        else:
            self._was_refused = True
            self._client.attend(self._ask_again())

    async def _ask_again(self) -> None:
        try:
            line = await self._token.renewed(self._line, self._patience)
            self._kept = True
            self.ask(self._origin, self._make_head(line))
        except Refusal as refusal:
            self._end()
            self._keeper.refuse(self._request, self._client, self._exchange, refusal)
        except Exception as error:
            self._fault(error)
