"""Answers that the sidecar gives itself: JSON, and the preflight of browsers."""

from dataclasses import dataclass
from http import HTTPStatus

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


def answer_preflight(reference: str) -> OwnAnswer:
    """What browsers ask before they call (CORS); the backend's own answer, less the headers that never pass (wire reference 6.3)."""
    return OwnAnswer(
        204,
        (
            (REFERENCE_HEADER, reference),
            *_ANY_ORIGIN,
            ("Access-Control-Allow-Methods", "GET, POST, PUT, DELETE, OPTIONS"),
            ("Access-Control-Allow-Headers", "Content-Type, Accept, Authorization, Accept-Language, IntegrationId, SendFileAsBinary"),
            ("Access-Control-Max-Age", "1728000"),
        ),
    )
