"""Every published class of attack on JWTs, over a socket: refused for its reason, unknown to the backend, nothing written down."""

from collections.abc import Iterator

import pytest

from sidecar.issuers import forgeries
from tests.end_to_end.harness.identity import bearer, with_issuers
from tests.end_to_end.harness.oracle import expected_rows, rows_target
from tests.end_to_end.harness.soap import envelope, fault_of
from tests.end_to_end.harness.stage import Stage, staged
from tests.jwt.attacks import ATTACKS, Attack
from tests.jwt.mint import STRANGERS, claims, token

TARGET = rows_target(skip=-1, take=-1)
SURELY_TAKEN = 8_000
ONE_OF_EACH = list({attack.kind: attack for attack in ATTACKS if attack.make().isascii() and len(attack.make()) < SURELY_TAKEN}.values())


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(forgeries, "MOST", 10_000)  # all of them come from one address here
        with staged(tmp_path_factory.mktemp("stage"), with_issuers(tmp_path_factory.mktemp("keys"))) as running:
            yield running


def pieces(text: str) -> list[str]:
    return [part[:40] for part in text.split(".") if len(part) >= 40]


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: f"{attack.kind}: {attack.name}")
def test_no_attack_reaches_the_backend(stage: Stage, attack: Attack) -> None:
    text = attack.make()
    answer = stage.send(bearer(text, TARGET))
    assert stage.backend.take() == []
    if answer.status in (400, 431):  # longer than the HTTP parser takes
        assert len(text) > SURELY_TAKEN
        return
    assert (answer.status, answer.header("WWW-Authenticate")) == (401, 'Bearer error="invalid_token"')
    line = stage.decision(answer.reference)
    assert (line["reason"], line["decision"]) == (attack.reason, "deny")
    assert "user" not in line
    written = "".join(stage.lines) + answer.body.decode()
    assert [piece for piece in pieces(text) if piece in written] == []


@pytest.mark.parametrize("attack", ONE_OF_EACH, ids=lambda attack: attack.kind)
def test_no_attack_works_over_soap(stage: Stage, attack: Attack) -> None:
    message = envelope("GetData", {"connectorId": "Profit_Hours", "skip": "-1", "take": "-1"})
    answer = stage.soap("AppConnectorGet.asmx", message, None, f"Authorization: Bearer {attack.make()}")
    assert "authorised" not in fault_of(answer).text
    assert (answer.status, stage.decision(answer.reference)["reason"]) == (500, attack.reason)
    assert stage.backend.take() == []


def test_the_token_that_they_were_made_of_works(stage: Stage) -> None:
    assert stage.send(bearer(token(), TARGET)).rows == expected_rows(TARGET, "j.devries")


def test_forgeries_from_one_address_are_bounded_and_who_is_known_is_served(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    known = token()
    assert stage.send(bearer(known, TARGET)).status == 200
    monkeypatch.setattr(forgeries, "MOST", 1)
    statuses = [stage.send(bearer(token(claims(jti=str(number)), STRANGERS), TARGET)).status for number in range(5)]
    assert statuses[-1] == 429
    assert set(statuses) <= {401, 429}
    answer = stage.send(bearer(token(claims(jti="sound, and not known yet")), TARGET))
    assert (answer.status, stage.decision(answer.reference)["reason"]) == (429, "jwt_too_many_forged")
    assert 0 < int(answer.header("Retry-After")) <= 10
    assert stage.send(bearer(known, TARGET)).status == 200
