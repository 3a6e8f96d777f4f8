"""The how-to pages about identity providers: their configuration loads, and it admits the tokens that they show."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from sidecar.errors import Refusal
from sidecar.identity.issuer import Issuer
from sidecar.identity.jwt_claims import check_claims
from sidecar.identity.jwt_meaning import Meaning, meaning_of
from sidecar.settings.problem import Severity
from sidecar.store.file import load
from sidecar.store.snapshot import Snapshot
from tests.docs.markdown import DOCS, ROOT, blocks

PAGES = [
    DOCS / "how-to" / name for name in ("jwt-keycloak.md", "jwt-entra-id.md", "jwt-okta-and-others.md", "from-classic-tokens-to-jwt.md")
]
NOW = datetime(2026, 1, 1, 10, 1, tzinfo=UTC)
ISSUERS = [
    pytest.param(block, id=f"{page.stem} {number}")
    for page in PAGES
    for number, block in enumerate((each for each in blocks(page, "yaml") if "issuers:" in each), start=1)
]
TOKENS = [
    pytest.param(page, json.loads(block), id=f"{page.stem} {number}")
    for page in PAGES
    for number, block in enumerate(blocks(page, "json"), start=1)
]


def loaded(block: str, folder: Path) -> Snapshot:
    """The policy of the README, with what a page adds to it, and an app connector for programs."""
    [readme] = [each for each in blocks(ROOT / "README.md", "yaml") if "filter_types:" in each]
    content: dict[str, Any] = yaml.safe_load(readme)
    added: dict[str, Any] = yaml.safe_load(block)
    del content["include"]
    content["environments"]["O12345AA"]["credential"] = {"afas_token": "0" * 64}
    content["app_connectors"]["sync"] = content["app_connectors"]["hours"]
    content["users"] |= added.pop("users", {})
    (folder / "config.yaml").write_text(yaml.safe_dump(content | added), "utf-8")
    result = load([folder / "config.yaml"], {}, NOW)
    assert [str(problem) for problem in result.problems if problem.severity is Severity.ERROR] == []
    assert result.snapshot is not None
    return result.snapshot


@pytest.mark.parametrize("block", ISSUERS)
def test_a_policy_with_these_issuers_loads(block: str, tmp_path: Path) -> None:
    assert len(loaded(block, tmp_path).issuers) == 1


def proves(claims: Mapping[str, Any], issuer: Issuer) -> Meaning | None:
    """What these claims prove, if the issuer's entry admits them."""
    try:
        check_claims(claims, issuer, NOW.timestamp())
        return meaning_of(claims, issuer)
    except Refusal:
        return None


@pytest.mark.parametrize(("page", "claims"), TOKENS)
def test_a_token_that_is_shown_is_of_a_user_and_an_app_connector(page: Path, claims: dict[str, Any], tmp_path: Path) -> None:
    proven = []
    for block in blocks(page, "yaml"):
        snapshot = loaded(block, tmp_path)
        meaning = proves(claims, snapshot.issuers[claims["iss"]]) if claims["iss"] in snapshot.issuers else None
        if meaning is not None and meaning.app_connector in snapshot.policy.app_connectors:
            addresses = {user.email for user in snapshot.policy.users.values()}
            proven.append(meaning.user in snapshot.policy.users or meaning.email in addresses)
    assert any(proven)


def test_pages_show_tokens() -> None:
    assert len(TOKENS) >= 7
