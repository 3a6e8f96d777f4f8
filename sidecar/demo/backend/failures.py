"""How the stand-in backend says no: the backend's own error body (wire reference 6.3)."""

import secrets
from http import HTTPStatus

from aiohttp import web

GENERAL = -2147180996
BAD_PAGE = -2147180999
NO_SUCH_VALUE = -2147220469


class Failure(Exception):  # noqa: N818  named for what the backend says, not for a fault of its own
    """The call is not carried out. Functional errors of every sort are a 500 in this protocol."""

    def __init__(self, message: str, number: int = GENERAL, status: HTTPStatus = HTTPStatus.INTERNAL_SERVER_ERROR) -> None:
        super().__init__(message)
        self.message = message
        self.number = number
        self.status = status

    def answer(self) -> web.Response:
        """The answer with this failure."""
        body = {"externalMessage": self.message, "errorNumber": self.number, "profitLogReference": secrets.token_hex(16).upper()}
        return web.json_response(body, status=self.status)


def nothing_here() -> Failure:
    """For unknown paths, and for query strings that are too long, which get the same answer."""
    return Failure("The requested URL was not found.", status=HTTPStatus.NOT_FOUND)


def not_supported(connector: str) -> Failure:
    """For connectors that do not exist."""
    return Failure(f"Connector '{connector}' is not supported for this app or the user is not authorised.")
