"""The stand-in backend: the connector protocol over REST and SOAP, with filters of its own.

It shares no code with the sidecar's reading and writing of filters, on purpose: only so do the rows that it sends prove something.
"""

from sidecar.demo.backend.application import FAULTS, OAUTH, ONE_TIME_PASSWORDS, RECEIVED, SOAP, Faults, Received, backend, new_token

__all__ = ["FAULTS", "OAUTH", "ONE_TIME_PASSWORDS", "RECEIVED", "SOAP", "Faults", "Received", "backend", "new_token"]
