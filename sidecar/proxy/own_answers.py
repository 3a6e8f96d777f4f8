"""Answers that the sidecar gives itself: JSON, XML, and the preflight of browsers."""

from dataclasses import dataclass
from http import HTTPStatus

from sidecar.dialects.soap.version import Version, content_type_of

REFERENCE_HEADER = "X-Sidecar-Reference"
"""Leads from an answer to its line in the decision log."""

Headers = tuple[tuple[str, str], ...]

_JSON: Headers = (("Content-Type", "application/json; charset=utf-8"),)
_ANY_ORIGIN: Headers = (("Access-Control-Allow-Origin", "*"),)


@dataclass(frozen=True, slots=True)
class OwnAnswer:
    """A whole answer. Its headers are ASCII; those of the framing and of the connection come when it is sent."""

    status: int
    headers: Headers
    body: bytes = b""

    @property
    def phrase(self) -> bytes:
        """What stands behind the status."""
        return HTTPStatus(self.status).phrase.encode("ascii")


def answer_json(body: bytes, reference: str, status: int = 200, cache: str = "no-store, no-cache", further: Headers = ()) -> OwnAnswer:
    """An answer with JSON, marked as nobody else's."""
    own = ((REFERENCE_HEADER, reference), ("Cache-Control", cache))
    return OwnAnswer(status, (*_JSON, *own, *_ANY_ORIGIN, *further), body)


def answer_soap(envelope: bytes, version: Version, reference: str, status: int = 200) -> OwnAnswer:
    """An answer with a SOAP envelope, marked as nobody else's."""
    return _xml(envelope, content_type_of(version), reference, status)


def answer_wsdl(wsdl: bytes, reference: str) -> OwnAnswer:
    """An answer with a service's description. For this client alone: it holds the address that he named."""
    return _xml(wsdl, "text/xml; charset=utf-8", reference, 200)


def _xml(body: bytes, content_type: str, reference: str, status: int) -> OwnAnswer:
    own = ((REFERENCE_HEADER, reference), ("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff"))
    return OwnAnswer(status, (("Content-Type", content_type), *own), body)


def answer_preflight(reference: str) -> OwnAnswer:
    """What browsers ask before they call (CORS); the backend's own answer, less the headers that never pass (wire reference 6.3), and with
    that of proofs.
    """
    return OwnAnswer(
        204,
        (
            (REFERENCE_HEADER, reference),
            *_ANY_ORIGIN,
            ("Access-Control-Allow-Methods", "GET, POST, PUT, DELETE, OPTIONS"),
            ("Access-Control-Allow-Headers", "Content-Type, Accept, Authorization, Accept-Language, IntegrationId, SendFileAsBinary, DPoP"),
            ("Access-Control-Max-Age", "1728000"),
        ),
    )
