"""Answers that the sidecar gives itself when it allows: JSON, and the preflight of browsers."""

from aiohttp.web_response import Response

from sidecar.proxy.refusal import REFERENCE_HEADER


def answer_json(body: bytes, reference: str) -> Response:
    """A 200 with JSON, marked as nobody else's."""
    headers = {REFERENCE_HEADER: reference, "Cache-Control": "no-store, no-cache", "Access-Control-Allow-Origin": "*"}
    return Response(body=body, headers=headers, content_type="application/json", charset="utf-8")


def answer_preflight(reference: str) -> Response:
    """What browsers ask before they call (CORS); the backend's own answer, less the headers that never pass (wire reference 6.3)."""
    return Response(
        status=204,
        headers={
            REFERENCE_HEADER: reference,
            "Access-Control-Allow-Origin": "*",
            "Access-Control-Allow-Methods": "GET, POST, PUT, DELETE, OPTIONS",
            "Access-Control-Allow-Headers": "Content-Type, Accept, Authorization, Accept-Language, IntegrationId, SendFileAsBinary",
            "Access-Control-Max-Age": "1728000",
        },
    )
