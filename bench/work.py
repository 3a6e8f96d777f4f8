"""The work that everyone is measured on: the callers and their tokens, the calls they make, and what must reach the backend.

A caller's token is looked up by its SHA-256, the question is narrowed to the caller's department, the credential is swapped for the
backend's own, and the answer streams back. All of it is invented, and the same in every run.
"""

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

BASE = "/ProfitRestServices"
HOURS = "Profit_Hours"
EMPLOYEES = "Profit_Employees"
EXPORT = "Profit_Export"
DEPARTMENT_FIELD = "Afdeling"
ANSWERED_DEPARTMENT = "D07"
"""What stands in that field in all rows of the backend."""
BACKEND_TOKEN = hashlib.sha256(b"bench: the backend's own token").hexdigest()
UNKNOWN_TOKEN = hashlib.sha256(b"bench: a token that nobody was given").hexdigest()
_DEPARTMENTS = 20
_DEVICES = ("phone", "laptop", "tablet")

ANSWER_BYTES = {
    HOURS: 2 * 1024,
    EMPLOYEES: 200 * 1024,
    "Profit_1KB": 1024,
    "Profit_16KB": 16 * 1024,
    "Profit_1MB": 1024**2,
    "Profit_16MB": 16 * 1024**2,
    "Profit_200MB": 200 * 1024**2,
    EXPORT: 1024**3,
}
"""GetConnectors of the backend, with the bytes of what each answers."""

QUESTION = "filterfieldids=Datum%2CUren&filtervalues=2026-01-01T00%3A00%3A00%2C4&operatortypes=2%2C4&orderbyfieldids=-Datum&take=100"
"""What a client asks: a plain filter, encoded as client libraries do it; `skip` follows."""

NEW_VALUES = (
    f"{BASE}/connectors/{HOURS}?filterfieldids=Datum%2CUren&filtervalues=2026-01-01T00%3A00%3A00%2C",
    "&operatortypes=2%2C4&orderbyfieldids=-Datum&take=100&skip=0",
)
"""The same question with another value in its filter each time: the target before that value, and after it."""

NEW_QUESTIONS = (
    f"{BASE}/connectors/{HOURS}?filterfieldids=Datum%2CUren",
    "&filtervalues=2026-01-01T00%3A00%3A00%2C4&operatortypes=2%2C4&orderbyfieldids=-Datum&take=100&skip=0",
)
"""A question about another field each time, so that nothing is known of it: the target before the number in its name, and after."""

ASKED = frozenset({("Datum", "2", "2026-01-01T00:00:00"), ("Uren", "4", "4")})
"""The conditions of that filter: field, operator, value."""


@dataclass(frozen=True, slots=True)
class Token:
    """The 64 characters, whose it is and on which device."""

    data: str
    user: str
    device: str

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.data.encode()).hexdigest()

    @property
    def authorization(self) -> str:
        return authorization_of(self.data)


def authorization_of(data: str) -> str:
    """The Authorization value with these 64 characters."""
    xml = f"<token><version>1</version><data>{data}</data></token>"
    return "AfasToken " + base64.b64encode(xml.encode()).decode()


def user_name(number: int) -> str:
    """The name of a user."""
    return f"user{number:06}"


def department_of(number: int) -> str:
    """The one department whose rows the user may see."""
    return f"D{number % _DEPARTMENTS:02}"


def tokens_of(number: int, each: int = len(_DEVICES)) -> Iterator[Token]:
    """A user's tokens, one for each device."""
    for position in range(each):
        device = _DEVICES[position] if position < len(_DEVICES) else f"device {position + 1}"
        data = hashlib.sha256(f"bench: token {position} of user {number}".encode()).hexdigest()
        yield Token(data, user_name(number), device)


def rights(users: int) -> dict[str, object]:
    """What the peers know: tokens by digest, the field that carries the department, the backend's credential."""
    tokens = {
        token.digest: {"user": token.user, "department": department_of(number)} for number in range(users) for token in tokens_of(number)
    }
    return {
        "tokens": tokens,
        "fields": dict.fromkeys(ANSWER_BYTES, DEPARTMENT_FIELD),
        "backend_credential": authorization_of(BACKEND_TOKEN),
    }


def target_of(connector: str, question: str = QUESTION) -> str:
    """The request target without `skip`; its value may be appended as it stands."""
    return f"{BASE}/connectors/{connector}?{question}&skip="
