"""One-time passwords of the backend's own (wire reference 4.3). Codes are not mailed, but kept where tests can read them."""

import hmac
import secrets
import sqlite3
from collections import deque
from dataclasses import dataclass, field
from typing import NamedTuple

from sidecar.demo.backend.access import Access, token_data

_KEPT = 100


class Mail(NamedTuple):
    """What would have been mailed; `device` is the description, which only SOAP has."""

    email: str
    code: str
    device: str = ""


@dataclass(slots=True)
class OneTimePasswords:
    """`mails` holds the latest hundred; each code is good once."""

    access: Access
    api_key: str = field(default_factory=lambda: secrets.token_hex(16).upper())
    environment_key: str = field(default_factory=lambda: secrets.token_hex(16).upper())
    mails: deque[Mail] = field(default_factory=lambda: deque(maxlen=_KEPT))
    _open: dict[str, str] = field(default_factory=dict, repr=False)

    def request(self, database: sqlite3.Connection, user: str, api_key: str, environment_key: str, device: str = "") -> None:
        """A code for the user, if there is such a user and the keys are right. Nobody learns whether that was so.

        :param user: an e-mail address, or the part in front of its at-sign, perhaps behind `12345.`.
        """
        email = _email(database, user)
        if email is None or not self._keys_fit(api_key, environment_key):
            return
        code = f"{secrets.randbelow(10**8):08}"
        self._open[email] = code
        self.mails.append(Mail(email, code, device))

    def redeem(self, database: sqlite3.Connection, user: str, api_key: str, environment_key: str, code: str) -> str | None:
        """A new token as XML for the latest code; None for any other."""
        email = _email(database, user)
        if email is None or not self._keys_fit(api_key, environment_key) or not code.isascii():
            return None
        if not hmac.compare_digest(self._open.get(email, ""), code) or not code:
            return None
        del self._open[email]
        data = secrets.token_hex(32).upper()
        self.access.tokens.add(data)
        return f"<token><version>1</version><data>{data}</data></token>\r\n"

    def delete(self, xml: str) -> None:
        """Take a token back, whether there is such a one or not."""
        data = token_data(xml)
        if data is not None:
            self.access.tokens.discard(data)

    def _keys_fit(self, api_key: str, environment_key: str) -> bool:
        return hmac.compare_digest(f"{self.api_key}/{self.environment_key}".encode(), f"{api_key}/{environment_key}".upper().encode())


def _email(database: sqlite3.Connection, user: str) -> str | None:
    name = user.removeprefix("12345.")
    found = database.execute('SELECT Email FROM "Profit_Employees" WHERE Email IN (?, ?)', [name, f"{name}@example.com"]).fetchone()
    return None if found is None else str(found[0])
