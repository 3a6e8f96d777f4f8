"""The mail that carries a code, in Dutch and English.

It holds nothing that came with the request: who asks is unproven, and the description of the device, which is his to choose, could say
anything in our name.
"""

from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, make_msgid
from enum import StrEnum


class Language(StrEnum):
    """In which the mail is written."""

    DUTCH = "nl"
    ENGLISH = "en"


@dataclass(frozen=True, slots=True)
class Letter:
    """A code on its way to a user."""

    user: str
    app_connector: str
    email: str
    language: Language
    description: str  # of the app connector
    code: str = field(repr=False)
    minutes: int
    expires: datetime  # aware


@dataclass(frozen=True, slots=True)
class Wording:
    """Templates for `str.format`: `description`, and in the body `code` and `minutes` as well."""

    subject: str
    body: str


WORDINGS = {
    Language.DUTCH: Wording(
        subject="Eenmalige code voor {description}",
        body="""\
Er is een code gevraagd om {description} toegang te geven tot uw gegevens.

Uw eenmalige code is: {code}

De code is {minutes} minuten geldig en werkt één keer. Vul hem alleen in de app
zelf in en geef hem aan niemand door. Alleen de laatst gevraagde code werkt.

Hebt u niets gevraagd? Dan hoeft u niets te doen: zonder de code krijgt niemand
toegang.
""",
    ),
    Language.ENGLISH: Wording(
        subject="One-time code for {description}",
        body="""\
Someone asked for a code that lets {description} have access to your data.

Your one-time code is: {code}

The code works once, within {minutes} minutes. Enter it in the app itself only,
and give it to nobody. Only the code that was asked for last works.

Did you not ask for it? Then there is nothing to do: without the code nobody
gets access.
""",
    ),
}


def compose(letter: Letter, sender: str, now: datetime) -> EmailMessage:
    """The message, with the app connector's description in the subject (wire reference 4.3).

    :param sender: the From address, which also names the domain of the Message-ID, so that our host's name stays at home.
    """
    wording = WORDINGS[letter.language]
    description = " ".join(letter.description.split()) or letter.app_connector
    message = EmailMessage(policy=SMTP)
    message["From"] = sender
    message["To"] = letter.email
    message["Subject"] = wording.subject.format(description=description)
    message["Date"] = format_datetime(now)
    message["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2])
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday greetings in return
    message.set_content(wording.body.format(description=description, code=letter.code, minutes=letter.minutes), cte="quoted-printable")
    message["Content-Language"] = letter.language.value
    return message
