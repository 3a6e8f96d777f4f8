"""Every way in which a request can be refused: one reason id each, grouped by kind.

A refusal is raised (or returned inside a decision) anywhere on the request's way and becomes an HTTP answer at the edge only,
in `sidecar/proxy/refusal.py`. Reason ids are stable: they stand in the decision log, in metrics and in `docs/reference/reasons.md`.
"""

from enum import Enum, StrEnum


class Kind(Enum):
    """What sort of refusal it is; the edge turns a kind into a status."""

    CALL = "the call is not one that the sidecar understands"
    PATH = "nothing is served at this path"
    VERB = "this verb is not served at this path"
    IDENTITY = "who asks is not proven"
    RIGHTS = "who asks may not do this"
    FILE = "what is asked for is not there, or not for who asks"
    TARGET_SIZE = "the query string is longer than the backend reads"
    HEAD_SIZE = "the head of the request is too large"
    BODY_SIZE = "the body is larger than the sidecar holds"
    MEDIA = "the body is of a kind that cannot be checked"
    FLOOD = "too much was asked from one address"
    SLOW_CLIENT = "the client did not send its body in time"
    UNREADY = "the sidecar is not able to serve now"
    BACKEND = "the backend gave no usable answer"
    BACKEND_SLOW = "the backend did not answer in time"
    INTERNAL = "a fault of the sidecar's own"


class Reason(StrEnum):
    """Stable, machine-readable reason ids. The comment behind each is its line in the reference."""

    def __new__(cls, value: str, kind: Kind, meaning: str) -> "Reason":
        member = str.__new__(cls, value)
        member._value_ = value
        member.kind = kind
        member.meaning = meaning
        member.is_about_a_jwt = value.startswith(("jwt_", "dpop_"))
        return member

    kind: Kind
    meaning: str
    is_about_a_jwt: bool
    """Whether an identity provider's token, or what proves that it is the sender's, is at fault: such refusals name claims, and never what
    they hold."""

    # what is asked
    MALFORMED_HTTP = "malformed_http", Kind.CALL, "The request is not well-formed HTTP/1.1, or its framing is ambiguous."
    HEAD_TOO_LARGE = "head_too_large", Kind.HEAD_SIZE, "Request line or header fields are over `limits.head`."
    UPGRADE_REFUSED = "upgrade_refused", Kind.CALL, "The client asked to switch protocols (h2c, WebSocket, …)."
    REPEATED_HEADER = "repeated_header", Kind.CALL, "A header that decides something occurs more than once."
    METHOD_OVERRIDE = "method_override", Kind.CALL, "A header asks to treat the request as another verb."
    UNEXPECTED_BODY = "unexpected_body", Kind.CALL, "A call that has no body came with one."
    TARGET_MALFORMED = (
        "target_malformed",
        Kind.CALL,
        "The request target holds an escape, character or segment that has no single reading.",
    )
    UNKNOWN_PATH = "unknown_path", Kind.PATH, "No operation of the connector protocol has this path."
    VERB_NOT_SERVED = "verb_not_served", Kind.VERB, "The path exists, but not with this verb."
    UNKNOWN_PARAMETER = (
        "unknown_parameter",
        Kind.CALL,
        "A query parameter, or an argument of a SOAP message, that this operation does not have.",
    )
    REPEATED_PARAMETER = "repeated_parameter", Kind.CALL, "A query parameter, or an argument of a SOAP message, occurs more than once."
    PARAMETER_MALFORMED = "parameter_malformed", Kind.CALL, "The value of a query parameter or argument is not what the operation takes."
    FILTER_MALFORMED = (
        "filter_malformed",
        Kind.CALL,
        "The filter cannot be read: unequal lists, unknown operator, JSON of another shape, …",
    )
    FILTER_AMBIGUOUS = "filter_ambiguous", Kind.CALL, "The filter mixes `,` and `;` in a way that has two readings."
    FILTER_NOT_SUPPORTED = (
        "filter_not_supported",
        Kind.CALL,
        "The filter uses operator 15 or a bracket tag, which the backend would interpret.",
    )
    FILTER_TOO_LARGE = "filter_too_large", Kind.CALL, "Client filter times policy multiplies out to more than 400 OR groups."
    QUERY_TOO_LONG = "query_too_long", Kind.TARGET_SIZE, "The query string, as asked or as narrowed, is over 2,049 characters."
    BODY_MALFORMED = (
        "body_malformed",
        Kind.CALL,
        "The body is not JSON or a SOAP message that has one reading only (duplicate keys, comments, other encodings).",
    )
    BODY_TOO_LARGE = "body_too_large", Kind.BODY_SIZE, "The body is over `limits.body`."
    BODY_TYPE = "body_type", Kind.MEDIA, "Content-Type or Content-Encoding of the body cannot be checked."
    BODY_INCOMPLETE = "body_incomplete", Kind.SLOW_CLIENT, "The client stopped sending its body."

    TOO_MUCH_FROM_STRANGERS = (
        "too_much_from_strangers",
        Kind.FLOOD,
        "Many large SOAP messages without a token in the header are being read at the same time.",
    )
    TOO_MANY_REQUESTS = "too_many_requests", Kind.FLOOD, "More one-time passwords were asked for from this address than an hour allows."

    FORM_NOT_JUDGED = (
        "form_not_judged",
        Kind.CALL,
        "Options ask for rows as separated text or with a schema, which the row guard can't read (`row_guard: enforce`).",
    )

    # who asks
    TOKEN_MISSING = "token_missing", Kind.IDENTITY, "No Authorization header."
    TOKEN_MALFORMED = "token_malformed", Kind.IDENTITY, "The Authorization header holds no user token in a known form."
    TOKEN_AMBIGUOUS = "token_ambiguous", Kind.IDENTITY, "Header and SOAP message carry different user tokens."
    TOKEN_UNKNOWN = "token_unknown", Kind.IDENTITY, "No such user token: never issued, revoked, or of another installation."
    TOKEN_EXPIRED = "token_expired", Kind.IDENTITY, "The user token's `expires` has passed."
    JWT_MALFORMED = "jwt_malformed", Kind.IDENTITY, "What stands behind `Bearer` is no signed JWT in the one form that is accepted."
    JWT_ISSUER_UNKNOWN = "jwt_issuer_unknown", Kind.IDENTITY, "None of `issuers` has this `iss`, or there are none."
    JWT_NOT_ACCEPTED = (
        "jwt_not_accepted",
        Kind.IDENTITY,
        "The JWT's header asks for what is not accepted: another algorithm or type, a key of its own, encryption, `crit`.",
    )
    JWT_KEY_UNKNOWN = "jwt_key_unknown", Kind.IDENTITY, "The issuer has no key, or not just one, with this `kid` and for this algorithm."
    JWT_SIGNATURE = "jwt_signature", Kind.IDENTITY, "The JWT was not signed with the issuer's key, or changed since."
    JWT_EXPIRED = "jwt_expired", Kind.IDENTITY, "The JWT's `exp` has passed, or it is older than the issuer's `max_age`."
    JWT_AUDIENCE = "jwt_audience", Kind.IDENTITY, "The JWT is not for this API, or not for it alone (`aud`)."
    JWT_CLAIMS = "jwt_claims", Kind.IDENTITY, "A claim is missing, malformed or not accepted, or the JWT is no access token."
    JWT_BOUND = "jwt_bound", Kind.IDENTITY, "The JWT is bound to something (`cnf`) for which the issuer's entry takes no proof."
    JWT_AS_BEARER = (
        "jwt_as_bearer",
        Kind.IDENTITY,
        "The JWT is bound to a key of its sender, and came behind `Bearer`, without proof of it.",
    )
    JWT_UNBOUND = "jwt_unbound", Kind.IDENTITY, "The JWT is bound to nothing, but the issuer's tokens must be."
    JWT_CERTIFICATE = "jwt_certificate", Kind.IDENTITY, "The JWT is bound to a client certificate (`x5t#S256`), and that was not shown."
    DPOP_PROOF = "dpop_proof", Kind.IDENTITY, "There is no DPoP proof, or not one of this key for this token and request."
    DPOP_REPLAYED = "dpop_replayed", Kind.IDENTITY, "The DPoP proof was used before."
    JWT_CLIENT_UNKNOWN = "jwt_client_unknown", Kind.IDENTITY, "The JWT's client opens no app connector, or not one that takes JWTs."
    JWT_TOO_MANY_FORGED = "jwt_too_many_forged", Kind.FLOOD, "Too many JWTs with a wrong signature came from this address lately."
    CLIENT_CERTIFICATE_UNREADABLE = (
        "client_certificate_unreadable",
        Kind.IDENTITY,
        "A trusted proxy's `Client-Cert` header holds no certificate as RFC 9440 has it.",
    )

    # whether he may
    USER_UNKNOWN = "user_unknown", Kind.RIGHTS, "The token belongs to a user who is not (or no longer) defined."
    USER_BLOCKED = "user_blocked", Kind.RIGHTS, "The user is blocked."
    USER_NOT_MEMBER = "user_not_member", Kind.RIGHTS, "The user is not a member of the app connector's user group."
    USER_WITHOUT_EMAIL = "user_without_email", Kind.RIGHTS, "The user is a person without an e-mail address."
    USER_WITHOUT_APPLICATION = "user_without_application", Kind.RIGHTS, "No application is ticked for the user."
    APP_CONNECTOR_BLOCKED = "app_connector_blocked", Kind.RIGHTS, "The app connector is blocked."
    APP_CONNECTOR_NOT_YET_VALID = "app_connector_not_yet_valid", Kind.RIGHTS, "Before the app connector's `valid_from`."
    APP_CONNECTOR_EXPIRED = "app_connector_expired", Kind.RIGHTS, "After the app connector's `valid_until`."
    ADDRESS_NOT_ALLOWED = "address_not_allowed", Kind.RIGHTS, "The client's address is denied, or not among the allowed ones."
    CLIENT_CERTIFICATE_MISSING = (
        "client_certificate_missing",
        Kind.RIGHTS,
        "The app connector asks for a client certificate, and none came, neither over TLS nor from a trusted proxy.",
    )
    CLIENT_CERTIFICATE_NOT_ALLOWED = (
        "client_certificate_not_allowed",
        Kind.RIGHTS,
        "The client's certificate is not among those with which the app connector may be used.",
    )
    CLIENT_CERTIFICATE_EXPIRED = (
        "client_certificate_expired",
        Kind.RIGHTS,
        "The client's certificate does not count yet, or no longer; a connection may outlive it.",
    )
    CONNECTOR_NOT_LISTED = (
        "connector_not_listed",
        Kind.RIGHTS,
        "The app connector does not list this connector (or it does not exist).",
    )
    CONNECTOR_UNGUARDED = (
        "connector_unguarded",
        Kind.RIGHTS,
        "The GetConnector is listed, but no filter type guards it and it is not named as unfiltered.",
    )
    SPECIAL_CONNECTOR_UNGUARDED = (
        "special_connector_unguarded",
        Kind.RIGHTS,
        "The special connector or report is listed, but nothing says who may fetch what of it.",
    )
    REPORT_WITHOUT_ROWS = (
        "report_without_rows",
        Kind.RIGHTS,
        "The user's filters, together with what was asked for, leave no row of the report.",
    )
    FILE_NOT_OWNED = (
        "file_not_owned",
        Kind.FILE,
        "No row that the user may see has this id: the file, image or dossier item is not his, or not there.",
    )
    ACTION_NOT_ALLOWED = "action_not_allowed", Kind.RIGHTS, "The UpdateConnector is listed, but not for this action."

    KEYS_UNKNOWN = "keys_unknown", Kind.RIGHTS, "No app connector lists these keys, and several environments forward one-time passwords."

    # what the sidecar or the backend could not do
    NO_POLICY = "no_policy", Kind.UNREADY, "No policy is loaded."
    POLICY_UNAVAILABLE = (
        "policy_unavailable",
        Kind.UNREADY,
        "The database of policy gives no answer, and who asks is not remembered from before.",
    )
    POLICY_STALE = (
        "policy_stale",
        Kind.UNREADY,
        "The database of policy has not been heard for `policy.max_staleness`, so that the last good policy counts no longer.",
    )
    AUTHORITY_UNAVAILABLE = "authority_unavailable", Kind.UNREADY, "The database of one-time passwords and issued tokens gives no answer."
    JWT_KEYS_UNAVAILABLE = "jwt_keys_unavailable", Kind.UNREADY, "The issuer's keys could not be fetched, and none are left that count."
    POLICY_CHANGED = (
        "policy_changed",
        Kind.UNREADY,
        "The policy changed between the question whose file it is and the fetching of it; the next try is decided by the new one.",
    )
    DRAINING = "draining", Kind.UNREADY, "The sidecar is stopping."
    BACKEND_UNREACHABLE = "backend_unreachable", Kind.BACKEND, "No connection to the backend (name, port, TLS)."
    BACKEND_BROKEN = "backend_broken", Kind.BACKEND, "The backend's answer is not well-formed, or ended in the middle."
    BACKEND_ANSWER_UNREADABLE = (
        "backend_answer_unreadable",
        Kind.BACKEND,
        "An answer that must be filtered (metainfo) is not JSON of the known shape, or too large.",
    )
    ROWS_NOT_ALLOWED = "rows_not_allowed", Kind.BACKEND, "The row guard found rows in the answer that policy does not admit: withheld."
    ROWS_NOT_JUDGEABLE = (
        "rows_not_judgeable",
        Kind.BACKEND,
        "The row guard can't tell of some rows of the answer whether policy admits them: withheld.",
    )
    ROWS_UNREADABLE = "rows_unreadable", Kind.BACKEND, "The row guard can't read the answer's rows: withheld."
    BACKEND_CREDENTIAL = (
        "backend_credential",
        Kind.BACKEND,
        "The sidecar has no access token for the backend, or the backend refuses it (OAuth).",
    )
    BACKEND_CONNECT_TIMEOUT = "backend_connect_timeout", Kind.BACKEND_SLOW, "No connection within `timeouts.connect`."
    BACKEND_HEAD_TIMEOUT = "backend_head_timeout", Kind.BACKEND_SLOW, "No answer within `timeouts.head`."
    BACKEND_IDLE_TIMEOUT = "backend_idle_timeout", Kind.BACKEND_SLOW, "The backend stood still for `timeouts.idle`, answering or reading."
    INTERNAL_ERROR = "internal_error", Kind.INTERNAL, "A fault of the sidecar's own; the log has the trace."


class Refusal(Exception):  # noqa: N818  a refusal is an outcome, not a fault
    """A request is not served. `detail` names place and remedy for whoever made the call; it never holds a secret or a right.

    :param retry_after: seconds after which it may be served.
    """

    def __init__(self, reason: Reason, detail: str = "", *, retry_after: int | None = None) -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail
        self.retry_after = retry_after

    def __str__(self) -> str:
        return f"{self.reason.value}: {self.detail}" if self.detail else self.reason.value
