"""`sidecar explain --bearer` says what a JWT proves, or for which reason it proves nothing, and never repeats it."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from sidecar.cli import main
from tests.cli.test_explain import CONFIG, HOURS
from tests.jwt import mint
from tests.jwt.mint import claims, token
from tests.store.policy_in_database import in_database

ISSUERS = """
issuers:
  company:
    issuer: {issuer}
    audiences: [connectors]
    key_file: keys.json
    user: {{claim: preferred_username}}
    app_connector: {{claim: azp, clients: {{hours-mobile: hours}}}}
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "keys.json").write_bytes(mint.COMPANY_KEYS)
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG + ISSUERS.format(issuer=mint.COMPANY))
    return path


def explain(config: Path, text: str, *arguments: str) -> tuple[int, str]:
    command = ["explain", "-c", str(config), "--bearer", "-", "--address", "192.0.2.7", *arguments, HOURS]
    result = CliRunner().invoke(main, command, input=text)
    assert len(text) < 40 or text[-40:] not in result.output
    return result.exit_code, result.output


@pytest.mark.parametrize("before", ["", "Bearer ", "Authorization: Bearer ", "\n "])
def test_a_jwt_says_who_asks(config: Path, before: str) -> None:
    code, text = explain(config, before + token())
    assert code == 0, text
    assert "ALLOWED" in text
    assert "issuer         company, whose JWT is valid" in text
    assert "user           j.devries, in the groups consultancy, everyone" in text


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: token(claims(aud="payroll")), "jwt_audience"),
        (lambda: token(None, mint.STRANGERS), "jwt_signature"),
        (lambda: token(claims(preferred_username="nobody")), "user_unknown"),
        (lambda: "nonsense", "jwt_malformed"),
    ],
)
def test_a_jwt_that_proves_nothing_is_refused_for_its_reason(config: Path, make: Callable[[], str], reason: str) -> None:
    text = make()  # now: it holds for some minutes
    code, told = explain(config, text, "--json")
    report = json.loads(told)
    assert (code, report["allowed"], report["reason"]) == (1, False, reason)
    code, told = explain(config, text)
    assert code == 1
    assert f"reason         {reason}: " in told


def test_whom_a_token_names_is_told_where_there_is_no_such_user(config: Path) -> None:
    told = explain(config, token(claims(preferred_username="j.devris")))[1]
    assert "the token is of `j.devris`, and no user has this name" in told


def test_who_is_meant_by_an_e_mail_address_is_found_in_a_database_too(config: Path) -> None:
    content = yaml.safe_load(CONFIG + ISSUERS.format(issuer=mint.COMPANY))
    content["issuers"]["company"]["user"] = {"claim": "email", "by": "email"}
    url = f"sqlite:///{config.parent}/policy.db"
    asyncio.run(in_database(config.parent, url, content))
    told = explain(config, token(claims(email="J@Example.com", email_verified=True)))[1]
    assert "user           j.devries, in the groups consultancy, everyone" in told
    told = explain(config, token(claims(email="nobody@example.com", email_verified=True)))[1]
    assert "reason         user_unknown: " in told
    assert "the token is of `nobody@example.com`" in told


def test_without_issuers_no_jwt_proves_anything(config: Path) -> None:
    config.write_text(CONFIG)
    assert "the configuration has no `issuers`" in explain(config, token())[1]


@pytest.mark.parametrize("arguments", [["--app", "hours"], ["--user", "j.devries"], []])
def test_who_asks_is_said_in_one_way(config: Path, arguments: list[str]) -> None:
    both = ["--bearer", "-"] if arguments else []
    result = CliRunner().invoke(main, ["explain", "-c", str(config), *both, *arguments, HOURS])
    assert result.exit_code == 2
    assert "give --app and --user, or --bearer alone" in result.output
