"""GenerateOTP, GetTokenFromOTP and DeleteToken (wire reference 4.3), without their spelling on the wire.

Whoever can't be mailed, for whatever reason, gets the same answer after the same statements, on the rows of a stand-in, which
nobody can redeem. Why is told to the log only.
"""

import re
import secrets
from collections.abc import Callable
from datetime import datetime
from hmac import compare_digest

from sqlalchemy.ext.asyncio import AsyncConnection

from sidecar.database.database import Database
from sidecar.errors import Reason, Refusal
from sidecar.identity.user_token import digest_of
from sidecar.otp.codes import LiveCode, keep_code, spend_try, take_code
from sidecar.otp.digests import Digests
from sidecar.otp.enrolment import Claim, Enrolments, Recipient, recipient_of
from sidecar.otp.happening import Happening, Observe, Operation, Outcome
from sidecar.otp.issued_token import IssuedToken
from sidecar.otp.issued_tokens import IssuedTokens
from sidecar.otp.limits import ADDRESS_PLACES, count, neighbourhood, seconds_to_next_hour
from sidecar.otp.message import Letter
from sidecar.otp.result import ACCEPTED, NOT_ISSUED, Accepted, Issued, NotIssued, Throttled
from sidecar.otp.rules import Rules
from sidecar.otp.token_rows import remove_token, store_token, tokens_of

LONGEST_DESCRIPTION = 100
_DIGITS = 8
_CODE = re.compile(r"[0-9]{8}")


class Authority:
    """Gives out codes and tokens and takes tokens back. Keeps nothing itself: several on one database are one authority."""

    def __init__(
        self,
        enrolments: Callable[[], Enrolments],
        database: Database,
        issued: IssuedTokens,
        post: Callable[[Letter], bool],
        digests: Digests,
        rules: Rules,
        observe: Observe,
        clock: Callable[[], datetime],
    ) -> None:
        """:param enrolments: those in force now; asked once for each operation.
        :param post: takes a letter without waiting; False if it can't. The outbox's `put`.
        """
        self._enrolments = enrolments
        self._database = database
        self._issued = issued
        self._post = post
        self._digests = digests
        self._rules = rules
        self._observe = observe
        self._clock = clock

    async def request(self, claim: Claim, description: str = "") -> Accepted | Throttled:
        """Mail a code to the user, if he is one who may have it and not too many were asked for.

        :param description: names the device; his next code for the same one replaces this.
        :raises Refusal: BODY_MALFORMED for a description that no token can have, whoever asks.
        :raises Unavailable: whoever asks.
        """
        if len(description) > LONGEST_DESCRIPTION or not description.isprintable():
            raise Refusal(Reason.BODY_MALFORMED, f"a description has at most {LONGEST_DESCRIPTION} characters, none of them invisible")
        moment = self._clock()
        now = int(moment.timestamp())
        found = recipient_of(self._enrolments(), claim, moment)
        recipient = found if isinstance(found, Recipient) else None
        code = f"{secrets.randbelow(10**_DIGITS):0{_DIGITS}}"
        async with self._database.writing() as connection:
            if await self._is_flood(connection, Operation.REQUEST, claim.address, now):
                outcome: Outcome | Reason = Outcome.ADDRESS_LIMIT
            else:
                outcome = await self._keep(connection, claim, found, code, description.strip(), now)
        if outcome is Outcome.QUEUED and recipient is not None and not self._post(self._letter(recipient, code, moment)):
            outcome = Outcome.OUTBOX_FULL
        self._tell(Operation.REQUEST, outcome, claim, recipient)
        return Throttled(seconds_to_next_hour(now)) if outcome is Outcome.ADDRESS_LIMIT else ACCEPTED

    async def redeem(self, claim: Claim, code: str) -> Issued | NotIssued | Throttled:
        """Give a token for a code, once.

        :raises Unavailable: whoever asks. The code may have lost a try; it has not been used up without a token being kept.
        """
        moment = self._clock()
        now = int(moment.timestamp())
        found = recipient_of(self._enrolments(), claim, moment)
        recipient = found if isinstance(found, Recipient) else None
        owner = self._owner(self._digests.decoy(claim.user_id), recipient)
        email = recipient.user.email if recipient else ""
        async with self._database.writing() as connection:
            flood = await self._is_flood(connection, Operation.REDEEM, claim.address, now)
            live = [] if flood else await spend_try(connection, owner, self._rules.most_tries, now)
        if flood:
            self._tell(Operation.REDEEM, Outcome.ADDRESS_LIMIT, claim, recipient)
            return Throttled(seconds_to_next_hour(now))
        digest = self._digests.code(owner, email, code)
        matching = [each for each in live if compare_digest(each.code, digest)]
        issued = None
        if recipient is not None and matching and _CODE.fullmatch(code):
            issued = await self._issue(recipient, matching[0], moment)
        why_not = Outcome.WRONG_CODE if isinstance(found, Recipient) else found
        self._tell(Operation.REDEEM, Outcome.ISSUED if issued else why_not, claim, recipient)
        return issued or NOT_ISSUED

    async def revoke(self, digest: bytes, address: str) -> None:
        """Take back the token with this digest; whoever has a token may give it up. Nobody learns whether it was one.

        :raises Unavailable: the token may still work.
        """
        token = await self._issued.find(digest)  # a look, so that made-up tokens don't keep the database writing
        if token is None:
            self._observe(Happening(Operation.REVOKE, Outcome.NOT_THERE, address=address))
        else:
            await self.withdraw(token, address)

    async def withdraw(self, token: IssuedToken, address: str = "") -> None:
        """Take back a token that is known, such as that of a lost phone.

        :raises Unavailable: the token may still work.
        """
        async with self._database.writing() as connection:
            revision = await remove_token(connection, token.digest)
        if revision is not None:
            self._issued.revised(revision)
        outcome = Outcome.NOT_THERE if revision is None else Outcome.REVOKED
        self._observe(Happening(Operation.REVOKE, outcome, token.app_connector, token.user, address, token.description))

    async def tokens_of(self, user: str) -> list[IssuedToken]:
        """What a user has, one for each device.

        :raises Unavailable: nobody can say now.
        """
        async with self._database.looking() as connection:
            return await tokens_of(connection, user)

    async def _is_flood(self, connection: AsyncConnection, operation: Operation, address: str, now: int) -> bool:
        place = self._digests.spread(neighbourhood(address), ADDRESS_PLACES)
        return await count(self._database, connection, self._digests.counted(f"{operation} from", place), now) > self._rules.per_address

    async def _keep(
        self, connection: AsyncConnection, claim: Claim, found: Recipient | Outcome | Reason, code: str, description: str, now: int
    ) -> Outcome | Reason:
        """Count, and keep the code where it can be redeemed, or else where it can't. The statements are the same for everyone."""
        recipient = found if isinstance(found, Recipient) else None
        stand_in = self._digests.decoy(claim.user_id)  # made for everyone: it takes time
        whose = ("mails to", recipient.user.name) if recipient else ("mails to nobody", stand_in)
        asked = await count(self._database, connection, self._digests.counted(*whose), now)
        fits = recipient is not None and asked <= self._rules.per_user
        # One row for all, also for those who aren't counted: a row of their own would be quicker to lock, and so tell.
        mails = await count(self._database, connection, self._digests.counted("mails", ""), now, step=int(fits))
        outcome = found if not isinstance(found, Recipient) else Outcome.QUEUED
        if recipient is not None and mails > self._rules.mails_per_hour:
            outcome, fits = Outcome.MAIL_LIMIT, False
        elif recipient is not None and not fits:
            outcome = Outcome.USER_LIMIT
        owner, email = self._owner(stand_in, recipient if fits else None), recipient.user.email if recipient else ""
        # A stand-in has one place, whatever the device: rows must not grow with what is made up.
        slot = self._digests.slot(owner, description if fits else "")
        live = LiveCode(slot, self._digests.code(owner, email, code), description)
        await keep_code(self._database, connection, owner, live, now, now + int(self._rules.code_lifetime.total_seconds()))
        return outcome

    def _owner(self, stand_in: str, recipient: Recipient | None) -> bytes:
        if recipient is None:
            return self._digests.owner("", "", stand_in)
        return self._digests.owner(recipient.app_connector.environment, recipient.app_connector.name, recipient.user.name)

    async def _issue(self, recipient: Recipient, live: LiveCode, moment: datetime) -> Issued | None:
        """Exchange the code for a token, both or neither. A device without a name doesn't take the place of another one without."""
        data = secrets.token_hex(32).upper()
        token = IssuedToken(
            digest=digest_of(data),
            environment=recipient.app_connector.environment,
            app_connector=recipient.app_connector.name,
            user=recipient.user.name,
            description=live.description or f"{moment:%Y-%m-%d %H:%M} {secrets.token_hex(3)}",
            issued=moment,
            expires=moment + self._rules.token_lifetime,
        )
        async with self._database.writing() as connection:
            if not await take_code(connection, live, int(moment.timestamp())):
                return None
            revision = await store_token(connection, token)
        self._issued.revised(revision)
        return Issued(data)

    def _letter(self, recipient: Recipient, code: str, moment: datetime) -> Letter:
        lifetime = self._rules.code_lifetime
        return Letter(
            user=recipient.user.name,
            app_connector=recipient.app_connector.name,
            email=recipient.user.email,
            language=recipient.language,
            description=recipient.app_connector.description,
            code=code,
            minutes=int(lifetime.total_seconds() // 60),
            expires=moment + lifetime,
        )

    def _tell(self, operation: Operation, outcome: Outcome | Reason, claim: Claim, recipient: Recipient | None) -> None:
        app_connector, user = (recipient.app_connector.name, recipient.user.name) if recipient else ("", "")
        self._observe(Happening(operation, outcome, app_connector, user, claim.address))
