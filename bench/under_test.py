"""The sidecar as a user starts it: a configuration file of a chosen size, `sidecar run`, decision log and metrics on."""

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bench import work
from bench.peers.peer import Command, Kind, Peer, Place
from bench.peers.python import PYTHON
from bench.processes import ROOT

_ENVIRONMENT = "O12345AA"


@dataclass(frozen=True, slots=True)
class Scale:
    """How much policy there is. `departments` is how many each user may see, so how many OR groups the policy's filter has;
    `groups` is in how many groups each user is that have a filter. With a row guard all users have the department of the answers' rows, or
    none of these would pass."""

    users: int = 100
    tokens_each: int = 3
    departments: int = 1
    groups: int = 1
    row_guard: str = "off"


def configuration(scale: Scale, place: Place) -> dict[str, Any]:
    """A whole configuration in the form of `config.example.yaml`."""
    return {**server(place), **policy(scale)}


def server(place: Place) -> dict[str, Any]:
    """What stands in files wherever policy is."""
    return {
        "listen": f"127.0.0.1:{place.port}",
        "admin": {"listen": f"127.0.0.1:{place.spare_port}"},
        "environments": {
            _ENVIRONMENT: {
                "rest": f"{'https' if place.authority else 'http'}://127.0.0.1:{place.backend_port}{work.BASE}",
                **({"ca_file": str(place.authority)} if place.authority else {}),
                "credential": {"afas_token": work.BACKEND_TOKEN},
            }
        },
    }


def policy(scale: Scale) -> dict[str, Any]:
    """The sections that a database may hold instead."""
    names = [work.user_name(number) for number in range(scale.users)]
    groups = ["staff", *(f"group{number}" for number in range(1, scale.groups))]
    return {
        "groups": dict.fromkeys(groups, names),
        "users": {name: _user(number, scale) for number, name in enumerate(names)},
        "app_connectors": {
            "hours": {
                "description": "Book hours",
                "environment": _ENVIRONMENT,
                "group": "staff",
                "blocked": False,
                "row_guard": scale.row_guard,
                "get_connectors": list(work.ANSWER_BYTES),
                "update_connectors": {"PtRealization": ["insert", "update"]},
                "tokens": [
                    {"user": token.user, "description": token.device, "sha256": token.digest}
                    for number in range(scale.users)
                    for token in work.tokens_of(number, scale.tokens_each)
                ],
            }
        },
        "filter_types": {
            "department": {
                "fields": {connector: {"department": work.DEPARTMENT_FIELD} for connector in work.ANSWER_BYTES},
                "filters": {"staff": "department in @user.departments", **{group: f"department = 'X{group}'" for group in groups[1:]}},
            }
        },
    }


def _user(number: int, scale: Scale) -> dict[str, Any]:
    own = work.department_of(number) if scale.row_guard == "off" else work.ANSWERED_DEPARTMENT
    seen = [own, *(f"E{each:02}" for each in range(1, scale.departments))]
    return {"email": f"{work.user_name(number)}@example.com", "applications": ["pocket"], "attributes": {"departments": seen}}


def sidecar(
    name: str = "sidecar", scale: Scale = Scale(), options: Sequence[str] = (), *, launch: Sequence[str] = ("sidecar",), tls: bool = False
) -> Peer:
    """The sidecar under this much policy.

    :param options: further options of `sidecar run`.
    :param launch: the module that is run, with arguments of its own before those of the sidecar.
    :param tls: whether the backend is spoken to over TLS.
    """

    def commands(place: Place) -> list[Command]:
        # JSON is YAML; written by hand the same file would only be longer.
        file = place.folder / "config.yaml"
        file.write_text(json.dumps(configuration(scale, place), indent=1))
        return [[PYTHON, "-m", *launch, "run", "-c", file, "--log-format", "json", *options]]

    return Peer(name, Kind.SIDECAR, commands, (PYTHON, ROOT / "sidecar" / "__main__.py"), tls=tls)


def knows_option(option: str) -> bool:
    """Whether this version of `sidecar run` has the option."""
    if not PYTHON.exists():
        return False
    command: Command = [PYTHON, "-m", "sidecar", "run", "--help"]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603  made by this program
    return option in told.stdout
