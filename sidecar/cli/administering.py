"""Operations on a policy in a database for commands: what is asked, who does it, and what becomes of what is not done."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from pydantic import BaseModel

from sidecar.administration.catalogue import OPERATIONS
from sidecar.administration.not_done import InvalidError, NotDoneError
from sidecar.administration.operation import Operation, Request
from sidecar.administration.perform import Administration, perform
from sidecar.administration.requests import read_request
from sidecar.cli.configuration import myself, refuse
from sidecar.cli.policy_database import over_migrated, with_environments


def request_for(operation: Operation, content: Mapping[str, Any]) -> Request:
    """The request; else it is wrong usage."""
    try:
        return read_request(operation, content)
    except InvalidError as error:
        raise click.UsageError(str(error)) from None


def done(config: Sequence[Path], name: str, content: Mapping[str, Any], who: str = "") -> BaseModel:
    """What an operation gives; else tell why it was not done and end.

    :param who: for the audit; the user of this machine unless said.
    """
    operation = OPERATIONS[name]
    request = request_for(operation, content)
    url, files = with_environments(config)
    try:
        return over_migrated(
            url, lambda database: perform(Administration(database, files), operation, request, who or myself(), datetime.now(UTC))
        )
    except NotDoneError as error:
        refuse(str(error))
