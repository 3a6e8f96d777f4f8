"""Who signs in with an identity provider while policy stands in a database: the same tests on both databases."""

from collections.abc import Iterator
from functools import partial

import pytest

from tests.end_to_end.harness.oracle import expected_rows
from tests.end_to_end.harness.signing_in import bearer, believing, phone
from tests.end_to_end.harness.stage import OwnStage, Stage, staged, wait_for
from tests.end_to_end.harness.wire import request
from tests.end_to_end.test_same_answers_from_a_database import _empty, kind, own_stage  # noqa: F401
from tests.end_to_end.test_signing_in import (  # noqa: F401
    TARGETS,
    _keys_are_fetched_often,
    lasting_provider,
    provider,
    test_a_user_may_be_named_by_his_address,
    test_all_that_a_classic_token_is_good_for,
    test_an_app_in_its_own_name_is_a_system_user,
    test_claims_that_are_listed_give_attributes_that_the_policy_does_not,
    test_other_tokens_of_the_same_provider_prove_nothing,
    test_outsiders_stay_outside_whichever_way_they_come,
    test_the_provider_changes_its_keys_while_requests_run,
    test_who_signs_in_gets_the_rows_that_his_classic_token_gets,
)
from tests.identity_provider.provider import IdentityProvider


@pytest.fixture(scope="module")
def lasting_stage(
    kind: str,  # noqa: F811  the fixture
    lasting_provider: IdentityProvider,  # noqa: F811
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("stage")
    with staged(folder, partial(believing, issuer=lasting_provider.issuer), database=_empty(kind, folder, request)) as stage:
        yield stage


@pytest.mark.parametrize(
    ("statement", "status"),
    [
        ("UPDATE policy_users SET blocked = true WHERE name = 'j.devries'", 403),
        ("DELETE FROM policy_users WHERE name = 'j.devries'", 403),
        ("DELETE FROM policy_members WHERE group_name = 'staff' AND user_name = 'j.devries'", 403),
        ("UPDATE policy_app_connectors SET blocked = true WHERE name = 'hours'", 403),
        ("DELETE FROM policy_app_connectors WHERE name = 'hours'", 401),
        ("UPDATE policy_users SET name = 'somebody else' WHERE name = 'j.devries'", 403),
    ],
)
def test_what_happens_by_hand_counts_for_tokens_that_are_known(
    own_stage: OwnStage,  # noqa: F811
    provider: IdentityProvider,  # noqa: F811
    statement: str,
    status: int,
) -> None:
    stage = own_stage(partial(believing, issuer=provider.issuer))
    ours = request("GET", TARGETS[1], bearer(phone(provider).sign_in("j.devries").access))
    with stage.wire() as wire:
        for _ in range(4):
            assert wire.ask(ours).rows == expected_rows(TARGETS[1], "j.devries")
        stage.by_hand(statement)
        wait_for(lambda: wire.ask(ours).status == status)


def test_other_attributes_give_other_rows_to_the_same_token(own_stage: OwnStage, provider: IdentityProvider) -> None:  # noqa: F811
    stage = own_stage(partial(believing, issuer=provider.issuer))
    ours = request("GET", TARGETS[1], bearer(phone(provider).sign_in("j.devries").access))
    with stage.wire() as wire:
        for _ in range(4):
            assert wire.ask(ours).rows == expected_rows(TARGETS[1], "j.devries")
        stage.by_hand("""UPDATE policy_users SET attributes = '{"departments": ["ICT"]}' WHERE name = 'j.devries'""".replace(":", r"\:"))
        wait_for(lambda: wire.ask(ours).rows == expected_rows(TARGETS[1], "p.bakker"))
