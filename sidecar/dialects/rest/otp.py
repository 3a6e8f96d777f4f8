"""One-time passwords over REST (wire reference 4.3): `otprequest` and `otpvalidation`, and what is answered.

Letter case of the keys does not count, as the vendor's own examples differ in it; each key may be there once.
"""

import json
from collections.abc import Iterable
from enum import Enum

from sidecar.dialects.otp import GenerateOtp, GetTokenFromOtp, Keys, OtpCall
from sidecar.dialects.rest.read import below_base
from sidecar.dialects.rest.strict_json import read_object
from sidecar.dialects.rest.target import read_parameters, split_target
from sidecar.errors import Reason, Refusal

LONGEST_BODY = 4096
"""Bytes that are read of somebody of whom nothing is known."""


class Step(Enum):
    """One of the two paths, and the keys of its body as the vendor spells them."""

    REQUEST = ("otprequest", ("apiKey", "apiToken", "userId"))
    VALIDATION = ("otpvalidation", ("apiKey", "apiToken", "userId", "otp"))

    def __init__(self, path: str, keys: tuple[str, ...]) -> None:
        self.path = path
        self.keys = keys


_STEPS = {step.path: step for step in Step}


def step_at(target: str, bases: Iterable[tuple[str, ...]]) -> Step | None:
    """Which step a target is about, None for any other target.

    :param bases: as for `read`.
    :raises Refusal: TARGET_MALFORMED, UNKNOWN_PATH or UNKNOWN_PARAMETER for one that only ends like a step.
    """
    step = _STEPS.get(target.partition("?")[0].rpartition("/")[2].lower())
    if step is None:
        return None
    segments, query = split_target(target)
    if len(below_base(segments, bases)) != 1:
        return None
    read_parameters(query, frozenset())
    return step


def read_step(step: Step, body: bytes) -> OtpCall:
    """What is asked.

    :raises Refusal: BODY_MALFORMED for anything but an object with exactly the step's keys, each a text; it never repeats what was sent.
    """
    document = read_object(body)
    values = {key.lower() if key.isascii() else key: value for key, value in document.items()}
    if len(values) != len(document) or values.keys() != {key.lower() for key in step.keys}:
        raise Refusal(Reason.BODY_MALFORMED, f"the body is an object with {', '.join(step.keys)}, each once")
    if not all(isinstance(value, str) for value in values.values()):
        raise Refusal(Reason.BODY_MALFORMED, f"{', '.join(step.keys)} are texts")
    keys = Keys(values["userid"], values["apikey"], values["apitoken"])
    return GenerateOtp(keys) if step is Step.REQUEST else GetTokenFromOtp(keys, values["otp"])


def write_step(call: OtpCall) -> tuple[str, bytes]:
    """The path below the base and the body by which a backend is asked the same; made anew.

    :raises TypeError: for what REST has no path for.
    """
    values: tuple[str, ...]
    match call:
        case GenerateOtp(keys):
            step, values = Step.REQUEST, (keys.api_key, keys.environment_key, keys.user_id)
        case GetTokenFromOtp(keys, otp):
            step, values = Step.VALIDATION, (keys.api_key, keys.environment_key, keys.user_id, otp)
        case _:
            raise TypeError("a call that REST has no path for")
    return f"/{step.path}", json.dumps(dict(zip(step.keys, values, strict=True)), separators=(",", ":")).encode("ascii")


def write_token(data: str) -> bytes:
    """The body that gives a token away."""
    token = f"<token><version>1</version><data>{data}</data></token>"
    return json.dumps({"token": token}, separators=(",", ":")).encode("ascii")
