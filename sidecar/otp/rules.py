"""How long codes and tokens live and how often one may ask: plain numbers, the same on every replica."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Rules:
    """Limits are counted by the clock's hour, so twice as many may pass around the turn of one.

    What a guesser can hope for follows from them: `mails_per_hour` times `most_tries` guesses an hour at 10^8 codes, whatever he tries.
    """

    code_lifetime: timedelta = timedelta(minutes=15)
    most_tries: int = 5
    token_lifetime: timedelta = timedelta(days=365)
    per_user: int = 5  # mails an hour
    per_address: int = 60  # requests an hour, and as many redemptions
    mails_per_hour: int = 300  # to all users together
