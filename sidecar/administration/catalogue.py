"""All operations, by name."""

from collections.abc import Mapping

from sidecar.administration import app_connectors, client_certificates, filter_types, groups, history, listings, tokens, users
from sidecar.administration.operation import Operation

_MODULES = (users, groups, app_connectors, listings, client_certificates, filter_types, tokens, history)

OPERATIONS: Mapping[str, Operation] = {operation.name: operation for module in _MODULES for operation in module.OPERATIONS}
