"""What `sidecar explain` tells of SOAP messages: the same as of requests over REST, with the message that the backend would get."""

from typing import Any

import click

from sidecar.dialects.call import GetRows, RunReport
from sidecar.dialects.soap.call import SoapCall
from sidecar.dialects.soap.read import read
from sidecar.dialects.soap.write import write
from sidecar.filters.describe import describe
from sidecar.policy.decision import Allow
from sidecar.policy.special import narrow_report
from sidecar.proxy.soap_path import route_of, soap_path
from sidecar.proxy.soap_preparation import narrow_message, with_narrowed_report
from sidecar.store.snapshot import Environment

_EITHER_VERSION = "application/xml"


def read_message(environment: Environment, method: str, target: str, body: bytes | None) -> SoapCall | None:
    """The message of a request for SOAP; None for any other request.

    :param body: None where none was given.
    :raises Refusal: where it can't be read.
    """
    path = soap_path(method, target, [environment])
    if path is None or method != "POST":
        return None
    if body is None:
        raise click.UsageError("give the message as well: --body message.xml")
    return read(path.file, body, _EITHER_VERSION, None)


def forwarded_message(message: SoapCall, decision: Allow, environment: Environment) -> dict[str, Any]:
    """What the backend would get; without the credential."""
    narrowed = narrow_message(message, decision)
    report: dict[str, Any] = {}
    if isinstance(message.call, RunReport):
        report |= {"asked": describe(message.call.filter), "narrowed": describe(narrow_report(message.call, decision).filter)}
        message = with_narrowed_report(message, decision)
    if narrowed is not None and isinstance(message.call, GetRows):
        report |= {"asked": describe(message.call.filter), "narrowed": describe(narrowed)}
        if narrowed.is_nothing:
            return report | {"forwarded": None, "note": "no row is left: answered with an empty result by the sidecar itself"}
    return report | {
        "forwarded": _request(message, environment),
        "message": write(message, decision.connector, narrowed).decode("ascii"),
    }


def described_unnarrowed(message: SoapCall, environment: Environment) -> str:
    """What the backend gets in shadow, in words."""
    return f"{_request(message, environment)}, {message.operation.name} as it is asked"


def _request(message: SoapCall, environment: Environment) -> str:
    route = route_of(environment)
    return f"POST {'' if route is None else route.base_path}/{message.operation.service}"
