"""`sidecar otp`, and issued tokens at the command line: what is made is what the configuration takes, what is revoked is gone."""

import asyncio
import hashlib
import json
import os
import stat
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from sidecar.cli import main
from sidecar.database.database import Database
from sidecar.otp.issued_token import IssuedToken
from sidecar.otp.tables import make_tables
from sidecar.otp.token_rows import store_token, tokens_of
from sidecar.settings.policy_source import SECTIONS
from sidecar.store.file import load
from tests.settings.sample import ENVIRON, NOW, bent

TOKENS = [
    IssuedToken(hashlib.sha256(device.encode()).digest(), "O12345AA", "hours", user, device, NOW, datetime(2999, 1, 1, tzinfo=UTC))
    for user, device in (("j.devries", "phone"), ("j.devries", "tablet"), ("m.jansen", "phone of m"))
]


def run(*words: str, env: dict[str, str] | None = None) -> Result:
    return CliRunner().invoke(main, words, env=env or {})


def content() -> dict[str, Any]:
    whole = bent("one_time_passwords", {"database": "sqlite:///otp.db", "secret": {"file": "nowhere"}})
    whole["one_time_passwords"]["smtp"] = {"host": "mail.example.com", "sender": "profit@example.com"}
    return whole


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration whose authority has given some tokens. Neither its secret nor the backend's is at hand."""
    file = tmp_path / "config.yaml"
    file.write_text(yaml.safe_dump(content()))

    async def give() -> None:
        database = Database(f"sqlite:///{tmp_path / 'otp.db'}")
        await make_tables(database)
        async with database.writing() as connection:
            for token in TOKENS:
                await store_token(connection, token)
        await database.close()

    asyncio.run(give())
    return file


def left(config: Path) -> list[str]:
    async def look() -> list[str]:
        database = Database(f"sqlite:///{config.parent / 'otp.db'}")
        async with database.looking() as connection:
            found = [token.description for token in await tokens_of(connection)]
        await database.close()
        return found

    return asyncio.run(look())


def test_keys_are_made_with_the_hashes_that_the_configuration_takes(tmp_path: Path) -> None:
    made = json.loads(run("otp", "keys", "--json").stdout)
    for key, digest in (("api_key", "api_key_sha256"), ("environment_key", "environment_key_sha256")):
        assert len(made[key]) == 32
        assert made["otp_keys"][digest] == hashlib.sha256(made[key].encode()).hexdigest()
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(bent("app_connectors/hours/otp_keys", made["otp_keys"])))
    assert load([tmp_path / "config.yaml"], ENVIRON, NOW).snapshot is not None
    assert json.loads(run("otp", "keys", "--json").stdout)["api_key"] != made["api_key"]


def test_keys_are_shown_to_people_as_they_go_into_the_file() -> None:
    shown = run("otp", "keys").stdout
    part = yaml.safe_load(shown.partition("configuration:\n")[2])
    assert {len(value) for value in part["otp_keys"].values()} == {64}


def test_a_secret_is_made_for_its_owner_alone_and_never_over_another(tmp_path: Path) -> None:
    file = tmp_path / "otp.secret"
    assert run("otp", "secret", str(file)).exit_code == 0
    text = file.read_text()
    assert len(text.strip()) == 64
    assert os.name == "nt" or stat.S_IMODE(file.stat().st_mode) == 0o600
    again = run("otp", "secret", str(file))
    assert (again.exit_code, file.read_text()) == (1, text)
    assert text.strip() not in again.output
    assert run("otp", "secret", str(tmp_path / "nowhere/otp.secret")).exit_code == 3


def test_issued_tokens_are_listed_beside_the_others(config: Path) -> None:
    listed = json.loads(run("token", "list", "-c", str(config), "--json").stdout)
    assert [(each["user"], each["description"], each["issued"] is not None) for each in listed] == [
        ("j.devries", "iPhone", False),
        ("j.devries", "phone", True),
        ("j.devries", "tablet", True),
        ("m.jansen", "phone of m", True),
    ]
    table = run("token", "list", "-c", str(config), "--user", "m.jansen").stdout
    assert table.splitlines()[1].split()[-2:] == ["2999-01-01", "(issued)"]


def test_an_issued_token_is_revoked_by_its_id_or_by_its_device(config: Path) -> None:
    assert run("token", "revoke", "-c", str(config), TOKENS[0].id).exit_code == 0
    by_device = ("--app", "hours", "--user", "m.jansen", "--description", "phone of m")
    result = run("token", "revoke", "-c", str(config), *by_device)
    assert result.output == f"revoked {TOKENS[2].id}: m.jansen, hours, phone of m (issued)\n"
    assert left(config) == ["tablet"]
    assert run("token", "revoke", "-c", str(config), TOKENS[0].id).exit_code == 1


def test_with_policy_in_a_database_its_audit_tells_of_it(config: Path) -> None:
    kept = {section: part for section, part in content().items() if section not in SECTIONS}
    config.write_text(yaml.safe_dump(kept | {"policy": {"database": "sqlite:///policy.db"}}))
    assert run("db", "init", "-c", str(config)).exit_code == 0
    result = run("token", "revoke", "-c", str(config), TOKENS[0].id, "--as", "ticket 17")
    assert (result.exit_code, left(config)) == (0, ["tablet", "phone of m"])
    [told] = json.loads(run("audit", "list", "-c", str(config), "--json").stdout)["items"]
    assert (told["who"], told["what"], told["subject"], told["after"]) == ("ticket 17", "token.revoke", TOKENS[0].id, None)
    assert (told["before"]["user"], told["before"]["description"]) == ("j.devries", "phone")


def test_where_the_authority_never_started_there_is_nothing_to_list(config: Path) -> None:
    (config.parent / "otp.db").unlink()
    result = run("token", "list", "-c", str(config), "--json")
    assert (result.exit_code, len(json.loads(result.stdout))) == (0, 1)
    assert not (config.parent / "otp.db").exists()


@pytest.mark.parametrize(
    ("database", "message"),
    [
        ("${OTP_DATABASE}", "OTP_DATABASE is not set"),
        ("postgresql://u:geheim@127.0.0.1:1/otp", "gives no answer"),
        ("mysql://x", "begins neither"),
    ],
)
def test_where_nobody_can_say_that_is_told(config: Path, database: str, message: str) -> None:
    whole = content()
    whole["one_time_passwords"]["database"] = database
    config.write_text(yaml.safe_dump(whole))
    result = run("token", "list", "-c", str(config))
    assert result.exit_code == 3
    assert "iPhone" in result.stdout
    assert message in result.stderr
    assert "issued tokens are left out" in result.stderr
    assert "geheim" not in result.output
