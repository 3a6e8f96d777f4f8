"""Whether whoever sends a JWT is the one to whom it was given: by the key or the certificate to which it is bound, if it is.

Looked at for each request, whatever is remembered of the token. Each proof counts once in this process; other workers and replicas, which
have not seen it, would take it once more within a minute, for the same token, verb and path.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sidecar.errors import Reason, Refusal
from sidecar.identity.compact_jwt import Scheme
from sidecar.identity.confirmation import Confirmation, check_certificate
from sidecar.identity.dpop_proof import Request, check_proof, normalised
from sidecar.issuers.proofs_seen import ProofsSeen
from sidecar.policy.model import ClientCertificate


@dataclass(frozen=True, slots=True)
class Sent:
    """How a token came, and what with.

    :ivar scheme: of the Authorization header.
    :ivar proof: the value of the DPoP header.
    :ivar certificate: that the client has shown.
    :ivar target: of the request, as sent.
    """

    scheme: Scheme
    token: bytes = field(repr=False)
    proof: bytes | None = field(repr=False)
    certificate: ClientCertificate | None
    method: str
    target: str = field(repr=False)


class Possession:
    """Belongs to one event loop."""

    def __init__(self, public_urls: Sequence[str], clock: Callable[[], float], ticks: Callable[[], float]) -> None:
        """
        :param public_urls: scheme, host and port under which clients know the sidecar. What they say in `Host` is nothing: whoever has a
            proof that was meant for another server would say that server's name.
        :param clock: seconds since 1970.
        :param ticks: seconds that only go forward.
        """
        self._public_urls = tuple(public_urls)
        self._clock = clock
        self._ticks = ticks
        self._seen = ProofsSeen()

    def check(self, confirmation: Confirmation, sent: Sent) -> None:
        """Raise unless the sender has proven what the token asks for.

        :raises Refusal: JWT_BOUND, JWT_CERTIFICATE, DPOP_PROOF or DPOP_REPLAYED.
        """
        if confirmation.certificate is not None:
            check_certificate(confirmation.certificate, sent.certificate)
        if confirmation.key is None:
            if sent.scheme is Scheme.DPOP:
                raise Refusal(Reason.DPOP_PROOF, "the token is bound to no key; it goes behind `Bearer`")
            return
        if sent.scheme is not Scheme.DPOP:
            raise Refusal(Reason.JWT_BOUND, "the token is bound to a key; it goes behind `DPoP`, with a proof")
        if sent.proof is None:
            raise Refusal(Reason.DPOP_PROOF, "there is no DPoP header")
        path = sent.target.partition("?")[0]
        found = (normalised(url + path) for url in self._public_urls) if path.startswith("/") else ()
        request = Request(sent.method, frozenset(url for url in found if url is not None))
        self._seen.take(check_proof(sent.proof, sent.token, confirmation.key, request, self._clock()), self._ticks())
