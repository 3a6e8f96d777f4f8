"""Identity providers in the configuration under test, and requests that bring their tokens."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.end_to_end.harness.configuration import Configuration
from tests.jwt import mint

KEYS, PARTNERS, SECRET = "company.json", "partner.json", "shared.secret"

COMPANY: dict[str, Any] = {
    "issuer": mint.COMPANY,
    "audiences": ["connectors"],
    "algorithms": ["RS256", "PS256", "ES256", "ES384", "EdDSA"],
    "key_file": KEYS,
    "user": {"claim": "preferred_username"},
    "app_connector": {
        "claim": "azp",
        "clients": {"hours-mobile": "hours", "locked-app": "locked", "elsewhere-app": "elsewhere", "passed-on": "own_token"},
    },
    "attributes": {"department": "department", "departments": "departments"},
}


def with_issuers(folder: Path, further: Callable[[Configuration], object] = lambda _: None) -> Callable[[Configuration], None]:
    """Three issuers whose keys stand in files of this folder.

    :param further: changes that come afterwards.
    """
    (folder / KEYS).write_bytes(mint.COMPANY_KEYS)
    (folder / PARTNERS).write_bytes(mint.PARTNER_KEYS)
    (folder / SECRET).write_bytes(mint.SECRET)

    def change(content: Configuration) -> None:
        company = {**copy.deepcopy(COMPANY), "key_file": str(folder / KEYS)}
        clients = {"app_connector": {"claim": "azp", "clients": {"hours-mobile": "hours"}}, "attributes": {}}
        content["issuers"] = {
            "company": company,
            "partner": {
                **company,
                **clients,
                "issuer": mint.PARTNER,
                "algorithms": ["RS256"],
                "key_file": str(folder / PARTNERS),
                "user": {"claim": "email", "by": "email"},
            },
            "shared": {
                **{name: value for name, value in company.items() if name != "key_file"},
                **clients,
                "issuer": mint.SHARED,
                "algorithms": ["HS256"],
                "secret": {"file": str(folder / SECRET)},
            },
        }
        further(content)

    return change


def bearer(text: str, target: str, verb: str = "GET", scheme: str = "Bearer") -> bytes:
    """A request with this token, whatever characters it has."""
    head = f"{verb} {target} HTTP/1.1\r\nHost: sidecar\r\nAuthorization: {scheme} ".encode()
    return head + text.encode() + b"\r\n\r\n"
