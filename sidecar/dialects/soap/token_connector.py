"""`TokenConnector.asmx`: one-time passwords as SOAP spells them, read, answered and written anew (wire reference 3.2, 4.3).

Apart from the other services, because nobody has a token yet who calls it.
"""

from typing import NamedTuple

from sidecar.dialects.otp import DeleteToken, GenerateOtp, GetTokenFromOtp, Keys, OtpCall
from sidecar.dialects.soap.body_token import read_body_token
from sidecar.dialects.soap.envelope import Arguments, write_envelope, write_operation
from sidecar.dialects.soap.read import read_message
from sidecar.dialects.soap.services import DELETE_TOKEN, GENERATE_OTP, TOKEN_CONNECTOR, Operation
from sidecar.dialects.soap.version import Version
from sidecar.errors import Reason, Refusal
from sidecar.filters.filterxml import escape_xml

LONGEST_MESSAGE = 8192
"""Bytes that are read of somebody of whom nothing is known."""


class TokenMessage(NamedTuple):
    """A message, read."""

    version: Version
    operation: Operation
    call: OtpCall


def is_token_connector(file: str) -> bool:
    """Whether this is the service, in any letter case.

    :param file: the last segment of the path, decoded.
    """
    return file.isascii() and file.lower() == TOKEN_CONNECTOR.lower()


def read_token_message(body: bytes, content_type: str | None, soap_action: str | None) -> TokenMessage:
    """What is asked.

    :param body: the whole of it, of at most `LONGEST_MESSAGE` bytes.
    :raises Refusal: for everything that is not one of the three operations; it never repeats what was sent.
    """
    version, operation, arguments = read_message(TOKEN_CONNECTOR, body, content_type, soap_action)
    if operation is DELETE_TOKEN:
        data = read_body_token(arguments.get("token", ""))
        if data is None:
            raise Refusal(Reason.PARAMETER_MALFORMED, "token is the whole token that is to be deleted")
        return TokenMessage(version, operation, DeleteToken(data))
    keys = Keys(*(_given(arguments, name) for name in ("userId", "apiKey", "environmentKey")))
    if operation is GENERATE_OTP:
        return TokenMessage(version, operation, GenerateOtp(keys, arguments.get("description", "")))
    return TokenMessage(version, operation, GetTokenFromOtp(keys, _given(arguments, "otp")))


def write_token_message(message: TokenMessage) -> bytes:
    """The same for a backend."""
    arguments = [(name, escape_xml(value)) for name, value in _arguments(message.call)]
    return write_envelope(message.version, write_operation(message.operation.name, arguments))


def write_token_answer(message: TokenMessage, data: str | None) -> bytes:
    """The answer; with a token where one is given.

    :param data: its 64 characters.
    """
    name = message.operation.name
    token = "" if data is None else escape_xml(_xml(data))
    return write_envelope(message.version, write_operation(f"{name}Response", [(f"{name}Result", token)] if token else []))


def _arguments(call: OtpCall) -> list[tuple[str, str]]:
    match call:
        case DeleteToken(data):
            return [("token", _xml(data))]
        case GenerateOtp(keys, description):
            last = ("description", description)
        case GetTokenFromOtp(keys, otp):
            last = ("otp", otp)
    return [("userId", keys.user_id), ("apiKey", keys.api_key), ("environmentKey", keys.environment_key), last]


def _given(arguments: Arguments, name: str) -> str:
    if name not in arguments:
        raise Refusal(Reason.PARAMETER_MALFORMED, f"{name} is needed")
    return arguments[name]


def _xml(data: str) -> str:
    return f"<token><version>1</version><data>{data}</data></token>"
