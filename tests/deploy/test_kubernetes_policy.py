"""The policy inside the Kubernetes manifests, laid out as the kubelet mounts it and read by the real loader."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from sidecar.store.file import load

KUBERNETES = Path(__file__).parents[2] / "deploy/kubernetes"
NOW = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.mark.parametrize("folder", ["base", "sidecar-example"])
def test_the_mounted_policy_loads_without_a_problem(folder: str, tmp_path: Path) -> None:
    files = {"config.yaml": (KUBERNETES / folder / "config.yaml").read_text("utf-8")}
    for secret in yaml.safe_load_all((KUBERNETES / "base/secrets.example.yaml").read_text("utf-8")):
        files |= secret["stringData"]
    for name, text in files.items():
        (tmp_path / name).write_text(text, "utf-8")

    loaded = load([tmp_path / "config.yaml"], {}, NOW)

    assert loaded.problems == ()
    assert loaded.snapshot is not None
    assert {file.name for file in loaded.files} == set(files), "all are watched, so that a change of any of them is taken over"
