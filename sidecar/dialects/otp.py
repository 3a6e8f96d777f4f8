"""What apps ask of a token authority (wire reference 4.3), whatever the dialect: a code, a token for a code, the end of a token.

Nothing in these is proven, and all of it is secret: it turns up in no log.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Keys:
    """Who an app says that it is, and for whom it asks. REST calls the environment key `apiToken`."""

    user_id: str = field(repr=False)
    api_key: str = field(repr=False)
    environment_key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class GenerateOtp:
    """Mail a code to the user. `description` names his device; REST has none."""

    keys: Keys
    description: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class GetTokenFromOtp:
    """Give a token for the code."""

    keys: Keys
    otp: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class DeleteToken:
    """Take a token back. Its 64 characters are the proof that it is the caller's to give up."""

    data: str = field(repr=False)


OtpCall = GenerateOtp | GetTokenFromOtp | DeleteToken
