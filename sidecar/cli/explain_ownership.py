"""What `sidecar explain` tells of files, images and dossier items: whose it must be, and what the backend is asked about that first."""

from typing import Any

from sidecar.errors import Reason, Refusal
from sidecar.policy.decision import Claim
from sidecar.proxy.ownership_question import targets_of
from sidecar.proxy.route import route_to
from sidecar.store.snapshot import Environment


def whose_it_is(claim: Claim, environment: Environment) -> dict[str, Any]:
    """The claim, and the questions that confirm it.

    :raises Refusal: FILE_NOT_OWNED where no row can.
    """
    base_path = route_to(environment.rest, environment.ca_file).base_path
    questions = [f"GET {base_path}{target}" for target in targets_of(claim, environment.mixed)]
    if not questions:
        raise Refusal(Reason.FILE_NOT_OWNED)
    return {
        "ownership": {"get_connector": claim.get_connector, "ids": dict(claim.ids), "questions": questions},
        "note": "only if a row with these ids comes back, and then with the ids as it has them; otherwise refused as what is not there",
    }
