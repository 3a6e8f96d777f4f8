"""Answers that the sidecar gives itself: JSON, and the preflight of browsers."""

from aiohttp.web_response import Response

REFERENCE_HEADER = "X-Sidecar-Reference"
"""Leads from an answer to its line in the decision log."""


class OwnAnswer(Response):
    """A response that does not tell which server software made it."""

    async def _prepare_headers(self) -> None:
        await super()._prepare_headers()
        self.headers.popall("Server", None)


def answer_json(body: bytes, reference: str) -> OwnAnswer:
    """A 200 with JSON, marked as nobody else's."""
    headers = {REFERENCE_HEADER: reference, "Cache-Control": "no-store, no-cache", "Access-Control-Allow-Origin": "*"}
    return OwnAnswer(body=body, headers=headers, content_type="application/json", charset="utf-8")


def answer_preflight(reference: str) -> OwnAnswer:
    """What browsers ask before they call (CORS); the backend's own answer, less the headers that never pass (wire reference 6.3)."""
    return OwnAnswer(
        status=204,
        headers={
            REFERENCE_HEADER: reference,
            "Access-Control-Allow-Origin": "*",
            "Access-Control-Allow-Methods": "GET, POST, PUT, DELETE, OPTIONS",
            "Access-Control-Allow-Headers": "Content-Type, Accept, Authorization, Accept-Language, IntegrationId, SendFileAsBinary",
            "Access-Control-Max-Age": "1728000",
        },
    )
