"""`sidecar admin key`: what is shown opens what the configuration is given, and the configuration holds no key."""

import hashlib
import json
import re

import pytest
import yaml
from click.testing import CliRunner, Result

from sidecar.cli import main
from sidecar.settings.admin import Admin, AdminKey


def run(*words: str) -> Result:
    return CliRunner().invoke(main, ("admin", "key", *words))


@pytest.mark.parametrize("name", ["console", "j. de Vries", "naïve: {#}", "yes", '"quoted"'])
@pytest.mark.parametrize("read_only", [False, True])
def test_a_key_is_shown_with_the_entry_that_knows_its_hash(name: str, read_only: bool) -> None:
    result = run(name, *(("--read-only",) if read_only else ()))
    assert result.exit_code == 0
    [key] = re.findall(r"^Key: +([0-9A-F]{64})$", result.output, re.MULTILINE)
    assert f"Authorization: Bearer {key}\n" in result.output
    entry = yaml.safe_load(result.output.partition("\nadmin:\n")[2].join(("admin:\n", "")))
    assert Admin.model_validate(entry["admin"]).keys == {
        name: AdminKey(sha256=hashlib.sha256(key.encode()).hexdigest(), read_only=read_only)
    }


def test_machines_get_the_same() -> None:
    made = json.loads(run("console", "--json").output)
    assert Admin.model_validate(made["admin"]).keys["console"].sha256 == hashlib.sha256(made["key"].encode()).hexdigest()


def test_two_keys_are_never_the_same() -> None:
    assert run("console").output != run("console").output


@pytest.mark.parametrize("name", ["", " ", " console", "a\nb"])
def test_a_name_that_the_configuration_refuses_is_refused_here(name: str) -> None:
    result = run(name)
    assert (result.exit_code, "Key:" in result.output) == (2, False)
