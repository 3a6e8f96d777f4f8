"""Where a request's way begins: what came before is looked up, what is new is sorted by dialect, and each goes to its service."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from aiohttp.http import HttpVersion11

from sidecar.dialects.rest.read import BASE, read
from sidecar.identity.client_address import client_address
from sidecar.identity.client_certificate import client_certificate
from sidecar.issuers.possession import Possession
from sidecar.policy.model import Caller, Enforcement, Network
from sidecar.proxy.admission import Admission, Revision, SnapshotSource
from sidecar.proxy.asking import Asking
from sidecar.proxy.backend_credentials import BackendCredentials
from sidecar.proxy.client_connection import ClientConnection
from sidecar.proxy.client_request import ClientRequest
from sidecar.proxy.directory_callers import DirectoryCallers
from sidecar.proxy.endings import Endings
from sidecar.proxy.issued_callers import IssuedCallers
from sidecar.proxy.jwt_callers import JwtCallers
from sidecar.proxy.known_calls import KnownCall, KnownCalls
from sidecar.proxy.known_headers import KnownBlocks, KnownHeaders
from sidecar.proxy.limits import GatewayLimits
from sidecar.proxy.otp_desk import OtpDesk
from sidecar.proxy.otp_service import OtpService
from sidecar.proxy.own_answers import OwnAnswer, answer_preflight
from sidecar.proxy.ownership import Ownership
from sidecar.proxy.prepared import Prepared
from sidecar.proxy.rest_service import RestService
from sidecar.proxy.route import route_to
from sidecar.proxy.row_guard import AnswerGuard
from sidecar.proxy.shadow_service import ShadowService
from sidecar.proxy.soap_path import soap_path
from sidecar.proxy.soap_service import SoapService
from sidecar.proxy.upstream import Pool
from sidecar.record.decision_log import DecisionLog
from sidecar.record.exchange import Exchange, Outcome
from sidecar.record.metrics import Metrics
from sidecar.store.snapshot import Passthrough, Snapshot


class Gateway:
    """Serves requests, each under one snapshot: the one in force when all of the request is there."""

    def __init__(
        self,
        source: SnapshotSource,
        pool: Pool,
        credentials: BackendCredentials,
        limits: GatewayLimits,
        trusted_proxies: Sequence[Network],
        decision_log: DecisionLog,
        metrics: Metrics,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        *,
        certificates_passed: bool = False,
        issued: IssuedCallers | None = None,
        directory: DirectoryCallers | None = None,
        jwt: JwtCallers | None = None,
        possession: Possession | None = None,
        otp_desk: OtpDesk | None = None,
    ) -> None:
        """
        :param certificates_passed: trusted proxies pass certificates of clients on.
        :param issued: knows those whose tokens are not the policy's.
        :param directory: knows those whose tokens are, where these are not in the snapshot.
        :param jwt: knows those whom an identity provider names.
        :param possession: looks at proofs of the keys to which JWTs are bound. Without it none is believed.
        :param otp_desk: takes requests for one-time passwords; needed where the snapshot has enrolments.
        """
        self._source = source
        self._limits = limits
        self._trusted_proxies = trusted_proxies
        self._certificates_passed = certificates_passed
        self._possession = possession
        self._known = KnownBlocks()
        self._known_calls = KnownCalls()
        self._endings = endings = Endings(decision_log, metrics)
        self._admission = admission = Admission(source, issued, clock, directory, jwt)
        asking = Asking(pool, credentials, endings, metrics, limits.client)
        ownership = Ownership(credentials, metrics)
        guard = AnswerGuard(limits.answer)
        self._rest = RestService(endings, admission, asking, ownership, guard, limits)
        self._shadow = ShadowService(endings, admission, asking, guard, limits, self._rest.enforce)
        self._soap = SoapService(endings, admission, asking, ownership, guard, limits)
        self._otp = None if otp_desk is None else OtpService(endings, admission, asking, otp_desk, limits)
        self.refuse_unparsed = endings.refuse_unparsed

    @property
    def patience(self) -> float:
        """Seconds that a client may stand still."""
        return self._limits.client

    def serve(self, request: ClientRequest, client: ClientConnection) -> None:
        """Begin to answer one request; whatever happens, it gets one answer or a visible end, and its record."""
        self._endings.in_care(request, client, Exchange(method=request.method[:20]), self._serve)

    def serve_again(self, line: bytes, digest: bytes, client: ClientConnection) -> bool:
        """Serve a request that came before from the same origin, if it is remembered: its first line, and the SHA-256 of the others.

        Who calls, what, and that he may was found out then, under the snapshot that is still in force. All else is done as for any request.
        """
        snapshot = self._source.snapshot
        known = None if snapshot is None else self._known_calls.find(snapshot, line, digest, client.origin)
        if snapshot is None or known is None or (known.revision is not None and not self._admission.holds(known.revision)):
            return False
        client.take(known.request)
        exchange = _known_exchange(known.caller, snapshot)
        self._endings.in_care(known.request, client, exchange, self._rest.serve, snapshot, known.caller, known.prepared, known.revision)
        return True

    def serve_known(self, line: bytes, target: str, digest: bytes, client: ClientConnection) -> bool:
        """Serve a GET for this target whose header lines, of this SHA-256, came before from the same origin, if they are remembered.

        Only who sends them was found out then, under the snapshot that is still in force. All else is done as for any request.
        """
        snapshot = self._source.snapshot
        # Services are described to anybody, so it does not matter whether he is known.
        known = None if snapshot is None or target[-5:].lower() == "?wsdl" else self._known.find(snapshot, digest, client.origin)
        if snapshot is None or known is None or (known.revision is not None and not self._admission.holds(known.revision)):
            return False
        request = ClientRequest("GET", target, HttpVersion11, known.headers, keeps_alive=known.keeps_alive)
        client.take(request)
        exchange = _known_exchange(known.caller, snapshot)
        self._endings.in_care(request, client, exchange, self._serve_known_headers, snapshot, known.caller, line, digest, known.revision)
        return True

    def _serve(self, request: ClientRequest, client: ClientConnection, exchange: Exchange) -> None:
        headers = request.headers
        exchange.client = client_address(client.peer, headers.forwarded_for, self._trusted_proxies)
        headers.check_size(self._limits.head)
        request.check_framing()
        headers.check()
        if self._certificates_passed or client.certificate is not None:
            exchange.certificate = client_certificate(
                client.certificate, headers.get(b"client-cert"), client.peer, self._trusted_proxies, believed=self._certificates_passed
            )
        authorization = headers.get(b"authorization")
        if self._possession is not None and authorization is not None and authorization[:4].lower() == b"dpop":
            exchange.proof = self._possession.proof_with(headers.get(b"dpop"), request.method, request.target)
        if request.method == "OPTIONS":
            self._endings.answer(request, client, exchange, self._preflight(request, exchange))
            return
        snapshot = self._admission.policy_for(exchange)
        soap = soap_path(request.method, request.target, snapshot.environments.values())
        if snapshot.enrolments is not None and request.method == "POST" and self._otp is not None:
            service = self._otp.service(snapshot, soap, request, client, exchange)
            if service is not None:
                self._endings.attend(request, client, exchange, service)
                return
        if soap is not None:
            self._soap.serve(soap, request, client, exchange)
            return
        caller, revision = self._admission.known(snapshot, authorization, exchange)
        if caller is None:
            self._endings.attend(request, client, exchange, self._serve_looked_up(request, client, exchange))
            return
        if request.header_digest and _may_be_remembered(snapshot, caller):
            self._remember(snapshot, caller, request, client.origin, revision)
        self._serve_call(request, client, exchange, snapshot, caller, revision)

    def _serve_known_headers(
        self,
        request: ClientRequest,
        client: ClientConnection,
        exchange: Exchange,
        snapshot: Snapshot,
        caller: Caller,
        line: bytes,
        digest: bytes,
        revision: Revision | None,
    ) -> None:
        prepared = self._serve_call(request, client, exchange, snapshot, caller, revision)
        if prepared is not None and self._known_calls.came_before(line, digest):
            self._known_calls.remember(snapshot, line, digest, client.origin, KnownCall(caller, request, prepared, revision))

    def _remember(self, snapshot: Snapshot, caller: Caller, request: ClientRequest, origin: str, revision: Revision | None) -> None:
        if self._known.came_before(request.header_digest):
            known = KnownHeaders(caller, request.headers.without_token(), request.keeps_alive, revision)
            self._known.remember(snapshot, request.header_digest, origin, known)

    def _serve_call(
        self,
        request: ClientRequest,
        client: ClientConnection,
        exchange: Exchange,
        snapshot: Snapshot,
        caller: Caller,
        revision: Revision | None = None,
    ) -> Prepared | None:
        """What was prepared for the call; None in shadow, where nothing is."""
        if caller.app_connector.enforcement is Enforcement.SHADOW:
            self._shadow.serve(snapshot, caller, request, client, exchange)
            return None
        return self._rest.serve(request, client, exchange, snapshot, caller, None, revision)

    async def _serve_looked_up(self, request: ClientRequest, client: ClientConnection, exchange: Exchange) -> None:
        """For a token of which only a database can say whom it proves."""
        snapshot, caller = await self._admission.identify(request.headers.get(b"authorization"), exchange)
        self._serve_call(request, client, exchange, snapshot, caller)

    def _preflight(self, request: ClientRequest, exchange: Exchange) -> OwnAnswer:
        environments = self._admission.policy_for(exchange).environments.values()
        bases = {base for each in environments for base in route_to(each.rest, each.ca_file).bases}
        exchange.call = type(read(request.method, request.target, bases or {BASE})).__name__
        exchange.outcome = Outcome.ALLOW
        return answer_preflight(exchange.reference)


def _may_be_remembered(snapshot: Snapshot, caller: Caller) -> bool:
    """Not where the backend needs the token, or where each request needs a proof of its own."""
    return not (caller.bound_key or isinstance(snapshot.environments[caller.app_connector.environment].credential, Passthrough))


def _known_exchange(caller: Caller, snapshot: Snapshot) -> Exchange:
    """Of a request whose caller was found out before."""
    return Exchange(method="GET", client=caller.address, certificate=caller.certificate, policy_version=snapshot.policy.version)
