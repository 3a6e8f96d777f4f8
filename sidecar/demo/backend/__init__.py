"""The stand-in backend: the REST side of the connector protocol, with filters of its own.

It shares no code with the sidecar's reading and writing of filters, on purpose: only so do the rows that it sends prove something.
"""

from sidecar.demo.backend.application import RECEIVED, Received, backend, new_token

__all__ = ["RECEIVED", "Received", "backend", "new_token"]
