"""All operations, by name."""

from collections.abc import Mapping

from sidecar.administration import groups, tokens, users
from sidecar.administration.operation import Operation

OPERATIONS: Mapping[str, Operation] = {
    operation.name: operation for operation in (*users.OPERATIONS, *groups.OPERATIONS, *tokens.OPERATIONS)
}
