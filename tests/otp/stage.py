"""An authority on a database of its own, with a clock that is set by hand and a letter box that can be looked into."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sidecar.database.database import Database
from sidecar.otp.authority import Authority
from sidecar.otp.digests import Digests
from sidecar.otp.enrolment import Claim, Enrolment, Enrolments, enrolments_of, key_digest
from sidecar.otp.happening import Happening
from sidecar.otp.issued_tokens import IssuedTokens
from sidecar.otp.message import Language, Letter
from sidecar.otp.rules import Rules
from sidecar.otp.tables import make_tables
from sidecar.policy.model import EVERYONE, AppConnector, Policy, User

NOW = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
SECRET = b"s" * 32
RULES = Rules()
API_KEY, ENVIRONMENT_KEY = "A" * 32, "E" * 32
USER = User("j.devries", email="j.devries@example.com", applications=frozenset({"pocket"}), groups=frozenset({EVERYONE, "consultancy"}))
USERS = {
    user.name: user
    for user in (
        USER,
        replace(USER, name="p.bakker", email="p.bakker@example.com"),
        replace(USER, name="blocked", email="blocked@example.com", blocked=True),
        replace(USER, name="outsider", email="outsider@example.com", groups=frozenset({EVERYONE})),
        replace(USER, name="idle", email="idle@example.com", applications=frozenset()),
        replace(USER, name="nowhere", email=""),
        replace(USER, name="machine", email="", system=True),
        replace(USER, name="list", email="one@example.com,two@example.com"),
        replace(USER, name="first", email="shared@example.com"),
        replace(USER, name="second", email="Shared@example.com"),
    )
}
HOURS = AppConnector("hours", "O12345AA", "consultancy", description="Uren boeken", blocked=False)
POLICY = Policy("1", USERS, {HOURS.name: HOURS}, {}, {})
ENROLMENT = Enrolment("hours", key_digest(API_KEY), key_digest(ENVIRONMENT_KEY), Language.DUTCH)
ENROLMENTS = enrolments_of(POLICY, [ENROLMENT])
CLAIM = Claim("j.devries", API_KEY, ENVIRONMENT_KEY, "192.0.2.1")


@dataclass(slots=True)
class Replica:
    """One process's share: several on one database are one authority."""

    authority: Authority
    database: Database
    issued: IssuedTokens
    happenings: list[Happening]


@dataclass(slots=True)
class Stage:
    """What several replicas have in common."""

    url: str
    now: datetime = NOW
    enrolments: Enrolments = ENROLMENTS
    letters: list[Letter] = field(default_factory=list)

    def wait(self, **time: float) -> None:
        self.now += timedelta(**time)

    def post(self, letter: Letter) -> bool:
        self.letters.append(letter)
        return True

    @asynccontextmanager
    async def replica(self, rules: Rules = RULES, *, poll: float = 0.05, deaf: float = 10.0) -> AsyncIterator[Replica]:
        database = Database(self.url)
        await make_tables(database)
        issued = IssuedTokens(database, poll=poll, deaf=deaf)
        await issued.start()
        happenings: list[Happening] = []
        authority = Authority(
            lambda: self.enrolments,
            database,
            issued,
            lambda letter: self.post(letter),
            Digests(SECRET),
            rules,
            happenings.append,
            lambda: self.now,
        )
        try:
            yield Replica(authority, database, issued, happenings)
        finally:
            await issued.stop()
            await database.close()


def sqlite_in(folder: Path) -> str:
    return f"sqlite+aiosqlite:///{(folder / 'otp.db').as_posix()}"
