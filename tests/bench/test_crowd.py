"""The crowd of the measurements is a policy in which nothing is wrong, and its tokens are those of the callers."""

from bench import work
from bench.crowd import gather
from sidecar.cli.db_check import check_database
from sidecar.policy_database.lookup import TokenOfUser, find_tokens
from sidecar.settings.model import Settings
from tests.databases import opened
from tests.settings.sample import NOW

ENVIRONMENTS = {"O12345AA": {"rest": "https://backend.example/rest", "credential": {"passthrough": True}}}


async def test_the_crowd_is_a_good_policy_with_the_callers_tokens(empty: str) -> None:
    await gather(empty, 25)
    async with opened(empty) as database:
        checked = await check_database(database, Settings.model_validate({"environments": ENVIRONMENTS}), "policy", NOW)
        assert checked.problems == ()
        assert "users: 25, tokens: 75" in checked.told
        digests = {bytes.fromhex(token.digest): token.user for token in work.tokens_of(24)}
        found = (await find_tokens(database, list(digests)))[1]
        assert {digest: each.token.user for digest, each in found.items() if isinstance(each, TokenOfUser)} == digests
