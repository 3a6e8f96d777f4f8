"""The Kubernetes manifests with policy in a database: who gets which URL, and that the migration is what the real command does."""

import re
from pathlib import Path
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]
import pytest
import yaml
from click.testing import CliRunner
from kubernetes_validate.utils import latest_version  # type: ignore[import-untyped]

from sidecar import __version__
from sidecar.cli import main
from sidecar.settings.policy_source import SECTIONS
from tests.deploy.test_kubernetes import KUBERNETES, OLDEST, Manifest, build, config, documents, pod, sidecar

FOLDER = KUBERNETES / "policy-database"
BUILT = build(FOLDER)
SECRETS = {each["metadata"]["name"]: each["stringData"] for each in documents(FOLDER / "secrets.example.yaml")}


def mounted(spec: Manifest) -> dict[str, Any]:
    """The files in the pod's folder, with what is in those of which that is known."""
    known = {"connector-sidecar": BUILT["ConfigMap"]["data"], "connector-sidecar-backend": {"profit-token": "0" * 64}} | SECRETS
    (volume,) = spec["volumes"]
    names = [source["name"] for each in volume["projected"]["sources"] for source in each.values()]
    return {file: text for name in names for file, text in known[name].items()}


@pytest.mark.parametrize("version", [OLDEST, latest_version()])
def test_every_object_is_valid_for_the_kubernetes_api(version: str) -> None:
    for each in [*BUILT.values(), *documents(FOLDER / "secrets.example.yaml")]:
        kubernetes_validate.validate(each, version, strict=True)


def test_policy_is_nowhere_but_in_the_database() -> None:
    assert not config(BUILT).keys() & {*SECTIONS}
    assert mounted(pod(BUILT)).keys() == {"config.yaml", "policy-database", "profit-token"}
    assert config(BUILT)["policy"]["database"] == {"file": "policy-database"}


def test_the_pods_that_serve_never_see_the_owner_s_url() -> None:
    served, migrated = mounted(pod(BUILT)), mounted(BUILT["Job"]["spec"]["template"]["spec"])
    assert "policy_sidecar" in served["policy-database"]
    assert "policy_owner" in migrated["policy-database"]
    assert "owner" not in str(pod(BUILT)["volumes"])


def test_the_migration_s_pod_has_no_more_rights_than_the_gateway_s_and_gets_no_calls() -> None:
    template = BUILT["Job"]["spec"]["template"]
    (container,) = template["spec"]["containers"]
    assert container["securityContext"] == sidecar(BUILT)["securityContext"]
    assert template["spec"]["securityContext"] == pod(BUILT)["securityContext"]
    assert template["spec"]["automountServiceAccountToken"] is False
    assert container["image"] == f"connector-sidecar:{__version__}"
    assert not BUILT["Service"]["spec"]["selector"].items() <= template["metadata"]["labels"].items()


def test_the_network_policy_has_the_ways_of_the_base_and_one_to_the_database() -> None:
    *others, last = BUILT["NetworkPolicy"]["spec"]["egress"]
    assert others == build(KUBERNETES / "base")["NetworkPolicy"]["spec"]["egress"]
    host = last["to"][0]["ipBlock"]["cidr"].removesuffix("/32")
    assert last["ports"] == [{"protocol": "TCP", "port": 5432}]
    assert all(f"@{host}/" in each["policy-database"] for each in SECRETS.values())


def test_the_job_s_command_migrates_with_what_is_mounted_and_nothing_else(tmp_path: Path, empty: str) -> None:
    spec = BUILT["Job"]["spec"]["template"]["spec"]
    for name, text in mounted(spec).items():
        (tmp_path / name).write_text(empty if name == "policy-database" else text)
    words = [word.replace("/etc/sidecar", str(tmp_path)) for word in spec["containers"][0]["args"]]
    for expected in ("none -> ", "already"):
        result = CliRunner().invoke(main, words)
        assert (result.exit_code, expected in result.output) == (0, True), result.output


def test_the_folder_holds_nothing_that_its_kustomization_leaves_out_but_the_placeholders() -> None:
    text = (FOLDER / "kustomization.yaml").read_text("utf-8")
    used = set(re.findall(r"[\w.-]+\.yaml", yaml.safe_dump(yaml.safe_load(text))))
    assert {file.name for file in FOLDER.iterdir()} - used == {"kustomization.yaml", "secrets.example.yaml"}
